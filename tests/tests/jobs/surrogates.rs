//! Half a character: the escape of one half of a surrogate pair, as programs send it that cut texts in the middle.

use serde_json::{Value, json};
use workmill_tests::{Client, Server};

use crate::push_and_fetch;

/// Texts with halves, as clients write them, and as they come back.
const HALVES: [(&str, &str); 7] = [
    (r"\ud83d", "\u{fffd}"),
    (r"a\uDE00b", "a\u{fffd}b"),
    (r"\udc00\ud83d", "\u{fffd}\u{fffd}"),
    (r"\ud83d\u0041", "\u{fffd}\\u0041"),
    (r"\ud83d\ud83d\ude00", "\u{fffd}\\ud83d\\ude00"),
    (r"\\\ud83d", "\\\\\u{fffd}"),
    (r"\ud83d\\ude00", "\u{fffd}\\\\ude00"),
];

/// What is whole, and what only looks like half a character.
const WHOLE: [&str; 4] = [
    r"\ud83d\uDE00",
    r"\\ud83d",
    r"\\\\ude00",
    r"\ufffd\ud7ff\ue000",
];

fn payload(text: &str) -> String {
    format!(
        r#"{{"jid":"12345678","jobtype":"Test","args":["{text}",{{"{text}":1}}],"custom":{{"{text}":["{text}"]}},"other {text}":"{text}"}}"#
    )
}

fn assert_comes_back(fetched: &str, text: &str) {
    for part in [
        format!(r#""args":["{text}",{{"{text}":1}}]"#),
        format!(r#""custom":{{"{text}":["{text}"]}}"#),
        format!(r#""other {text}":"{text}"}}"#),
    ] {
        assert!(fetched.contains(&part), "{part} is not in {fetched}");
    }
    let job: Value = serde_json::from_str(fetched).expect("what is delivered is JSON");
    assert_eq!(job["jid"], "12345678");
}

#[test]
fn half_a_character_is_delivered_as_a_replacement_character() {
    let server = Server::start();
    let mut client = server.client();
    for (sent, wanted) in HALVES {
        let fetched = push_and_fetch(&mut client, payload(sent).as_bytes());
        assert_comes_back(&fetched, wanted);
        assert_eq!(
            client.cmd(format!("PUSHB [{}]", payload(sent))).json(),
            json!({})
        );
        let fetched = client.cmd("FETCH default").text();
        assert_comes_back(&fetched, wanted);
        client.ack("12345678");
    }
}

#[test]
fn whole_characters_stay_the_escapes_they_were() {
    let server = Server::start();
    let mut client = server.client();
    for text in WHOLE {
        let fetched = push_and_fetch(&mut client, payload(text).as_bytes());
        assert_comes_back(&fetched, text);
    }
}

#[test]
fn a_job_with_half_a_character_can_be_failed_found_and_run_again() {
    let server = Server::start();
    let mut client = server.client();
    client.ok(format!("PUSH {}", payload(r"\ud83d")));
    client.fetch_now("default");
    client.ok(r#"FAIL {"jid":"12345678","errtype":"e\ud83d","message":"m\ude00","backtrace":["b\udc00\ud83d"]}"#);
    client
        .ok(r#"MUTATE {"cmd":"requeue","target":"retries","filter":{"regexp":"*other \ufffd*"}}"#);
    let fetched = client.cmd("FETCH default").text();
    assert_comes_back(&fetched, "\u{fffd}");
    let job: Value = serde_json::from_str(&fetched).unwrap();
    assert_eq!(job["failure"]["errtype"], "e\u{fffd}");
    assert_eq!(job["failure"]["message"], "m\u{fffd}");
    assert_eq!(job["failure"]["backtrace"], json!(["b\u{fffd}\u{fffd}"]));
}

#[test]
fn half_a_character_in_a_jobs_own_fields_is_one_character_everywhere() {
    let server = Server::start();
    let mut client = server.client();
    client.ok(r#"PUSH {"jid":"1234567\ud83d","jobtype":"T\ude00","args":[],"custom":{"track":1},"failure":{"message":"\ud83d"}}"#);
    let job = client.fetch_now("default");
    assert_eq!(
        [&job["jid"], &job["jobtype"]],
        ["1234567\u{fffd}", "T\u{fffd}"]
    );
    assert_eq!(job["failure"]["message"], "\u{fffd}");
    client.ok(r#"TRACK SET {"jid":"1234567\ud83e","desc":"\ud83d done"}"#);
    let track = client.cmd("TRACK GET 1234567\u{fffd}").json();
    assert_eq!(track["desc"], "\u{fffd} done");
    client.ok(r#"ACK {"jid":"1234567\ud83d"}"#);
    assert_eq!(client.task_size("Busy"), 0);
}

#[test]
fn half_a_character_in_a_batch_is_delivered_with_its_callbacks() {
    let server = Server::start();
    let mut client = server.client();
    let callback = payload(r"\ud83d").replace("12345678", "callback");
    let bid = client
        .cmd(format!(
            r#"BATCH NEW {{"description":"d\ude00","success":{callback}}}"#
        ))
        .text();
    let status = client.cmd(format!("BATCH STATUS {bid}")).json();
    assert_eq!(status["description"], "d\u{fffd}");
    client.ok(format!("BATCH COMMIT {bid}"));
    let job: Value = serde_json::from_str(&client.cmd("FETCH default").text()).unwrap();
    assert_eq!(job["args"], json!(["\u{fffd}", {"\u{fffd}": 1}]));
    assert_eq!(job["custom"]["\u{fffd}"], json!(["\u{fffd}"]));
}

#[test]
fn half_a_character_in_other_commands_harms_nobody() {
    let server = Server::start();
    let mut client = Client::connect(server.addr());
    let hello = r#"HELLO {"hostname":"\ud83d","wid":"w\ude00","labels":["\ud83d"],"pid":1,"v":2}"#;
    client.ok(hello);
    client.ok(r#"BEAT {"wid":"w\ude00","current_state":"\ud83d"}"#);
    let info = client.info();
    assert!(info["faktory"].is_object());
    let refused = client
        .cmd(r#"PUSHB [{"jid":"12345678\ud83d","jobtype":"T"}]"#)
        .json();
    assert_eq!(
        refused,
        json!({"12345678\u{fffd}": "jobs must have an args parameter"})
    );
}

#[test]
fn different_halves_are_different_arguments_for_a_lock() {
    let server = Server::start();
    let mut client = server.client();
    let push = |number: usize, text: &str| {
        format!(
            r#"PUSH {{"jid":"jid-{number:06}","jobtype":"Test","args":["{text}"],"custom":{{"unique_for":60}}}}"#
        )
    };
    let texts = [r"\ud83d", r"\ud83e", r"\ude00", r"\ufffd", r"\ude00\ud83d"];
    for (number, text) in texts.iter().enumerate() {
        client.ok(push(number, text));
    }
    for text in [r"\uD83D", "\u{fffd}"] {
        assert_eq!(
            client.refused(push(9, text)),
            "NOTUNIQUE Job not unique",
            "{text}"
        );
    }
}
