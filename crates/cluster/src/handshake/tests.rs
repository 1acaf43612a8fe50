use super::*;

const SECRET: &[u8] = b"a secret of some length";
const SESSION: &[u8] = b"one TLS session";

fn greeting() -> Greeting {
    Greeting::new([1; 32], true, 1 << 20)
}

#[test]
fn servers_that_know_the_same_secret_believe_each_other() {
    let greeting = greeting();
    greeting.check().unwrap();
    let introduction = greeting.answer(SECRET, [2; 32], SESSION);
    let Admission::Admitted(proof) = greeting.admit(SECRET, &introduction, SESSION).unwrap() else {
        panic!("it was refused");
    };
    let checked = greeting.check_admission(SECRET, &introduction, &proof, SESSION);
    assert_eq!(checked, Ok(()));
}

#[test]
fn another_secret_session_or_greeting_is_not_believed() {
    let greeting = greeting();
    let introduction = greeting.answer(SECRET, [2; 32], SESSION);
    let refused = Err(HandshakeError::Secret);
    assert_eq!(greeting.admit(b"another", &introduction, SESSION), refused);
    assert_eq!(greeting.admit(SECRET, &introduction, b"another"), refused);
    // Somebody in between has said that there is no TLS.
    let stripped = Greeting {
        tls: false,
        ..greeting.clone()
    };
    let introduction = stripped.answer(SECRET, [2; 32], &[]);
    assert_eq!(greeting.admit(SECRET, &introduction, &[]), refused);
}

#[test]
fn proof_of_one_side_is_none_of_the_other() {
    let greeting = greeting();
    let introduction = greeting.answer(SECRET, [2; 32], SESSION);
    // It sends back what it was sent.
    let checked = greeting.check_admission(SECRET, &introduction, &introduction.proof, SESSION);
    assert_eq!(checked, Err(HandshakeError::Secret));
}

#[test]
fn servers_without_a_common_version_are_told_so() {
    let newer = Greeting {
        versions: (VERSION + 1, VERSION + 2),
        ..greeting()
    };
    let error = newer.check().unwrap_err();
    assert!(error.to_string().contains("at most one apart"), "{error}");
    let stranger = Greeting {
        magic: *b"HTTP/1.1",
        ..greeting()
    };
    assert_eq!(stranger.check(), Err(HandshakeError::Stranger));
}
