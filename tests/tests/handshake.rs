//! The greeting, HELLO and the password.

use std::io::Read as _;
use std::net::TcpStream;

use serde_json::json;
use workmill_tests::{Client, Reply, Server, log_in, password_proof, read_challenge};

/// More bytes than this without a line end, before HELLO, are too many.
const LINE_BYTES_BEFORE_HELLO_MAX: usize = 64 * 1024;

const PASSWORD: &str = "correct horse";

#[test]
fn greeting_without_a_password_is_these_bytes_in_one_write() {
    let server = Server::start();
    let mut socket = TcpStream::connect(server.addr()).unwrap();
    let mut bytes = [0; 64];
    let read = socket.read(&mut bytes).unwrap();
    assert_eq!(&bytes[..read], b"+HI {\"v\":2}\r\n");
}

#[test]
fn greeting_with_a_password_has_its_keys_in_order_and_no_space() {
    let server = Server::builder().password(PASSWORD).start();
    let mut salts = Vec::new();
    for _ in 0..20 {
        let client = Client::connect(server.addr());
        let (salt, iterations) = read_challenge(client.greeting());
        assert_eq!(
            client.greeting(),
            format!("+HI {{\"v\":2,\"i\":{iterations},\"s\":\"{salt}\"}}\r\n")
        );
        assert!(
            (4000..=8095).contains(&iterations),
            "{iterations} iterations"
        );
        assert!(
            salt.bytes()
                .all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte)),
            "salt {salt}"
        );
        salts.push(salt);
    }
    salts.sort();
    salts.dedup();
    assert_eq!(salts.len(), 20, "every connection has its own salt");
}

#[test]
fn password_is_accepted_with_as_many_hashes_as_the_greeting_asks_for() {
    let server = Server::builder().password(PASSWORD).start();
    let (mut client, reply) = log_in(server.addr(), PASSWORD);
    assert_eq!(reply, Reply::ok());
    client.info();
}

#[test]
fn client_of_version_one_hashes_once() {
    let server = Server::builder().password(PASSWORD).start();
    for version in [None, Some(0), Some(1)] {
        let mut client = Client::connect(server.addr());
        let (salt, _) = read_challenge(client.greeting());
        let mut hello = json!({"pwdhash": password_proof(PASSWORD, &salt, 1)});
        if let Some(version) = version {
            hello["v"] = json!(version);
        }
        assert_eq!(client.hello(&hello), Reply::ok(), "version {version:?}");
    }
}

#[test]
fn wrong_proofs_are_refused_and_the_connection_closed() {
    let server = Server::builder().password(PASSWORD).start();
    let refuse = |proof: &dyn Fn(&str, u64) -> serde_json::Value| {
        let mut client = Client::connect(server.addr());
        let (salt, iterations) = read_challenge(client.greeting());
        let hello = json!({"v": 2, "pwdhash": proof(&salt, iterations)});
        assert_eq!(
            client.hello(&hello),
            Reply::Error("ERR Invalid password".to_owned()),
            "{hello}"
        );
        assert_eq!(client.read_reply(), Reply::Closed, "{hello}");
    };
    refuse(&|salt, iterations| json!(password_proof("wrong", salt, iterations)));
    refuse(&|salt, iterations| json!(password_proof(PASSWORD, salt, iterations).to_uppercase()));
    refuse(&|salt, _| json!(password_proof(PASSWORD, salt, 1)));
    refuse(&|salt, iterations| json!(password_proof(PASSWORD, salt, iterations + 1)));
    refuse(&|salt, iterations| json!(password_proof(PASSWORD, &format!("{salt}0"), iterations)));
    refuse(&|_, _| json!(""));
    refuse(&|_, _| json!(null));
    refuse(&|_, _| json!(PASSWORD));
}

#[test]
fn hello_without_a_proof_is_refused_when_there_is_a_password() {
    let server = Server::builder().password(PASSWORD).start();
    let mut client = Client::connect(server.addr());
    assert_eq!(
        client.hello(&json!({"v": 2})).error(),
        "ERR Invalid password"
    );
    assert!(client.is_closed_silently());
}

#[test]
fn proof_is_ignored_when_there_is_no_password() {
    let server = Server::start();
    let mut client = Client::connect(server.addr());
    assert_eq!(
        client.hello(&json!({"v": 2, "pwdhash": "whatever"})),
        Reply::ok()
    );
}

#[test]
fn first_lines_that_are_no_hello_are_closed_silently() {
    let server = Server::start();
    for line in [
        "",
        "INFO",
        "HELLO",
        "HELLO ",
        "hello {\"v\":2}",
        "HELLO{\"v\":2}",
        "HELLO  {\"v\":2}",
        " HELLO {\"v\":2}",
        "HELLO\t{\"v\":2}",
        "HELLO {\"v\":2} x",
        "HELLO {\"v\":2",
        "HELLO [{\"v\":2}]",
        "HELLO {\"v\":300}",
        "HELLO {\"v\":-1}",
        "HELLO {\"v\":\"2\"}",
        "HELLO {\"v\":2,\"pid\":\"1\"}",
        "HELLO {\"v\":2,\"labels\":[1]}",
        "HELLO {\"v\":2,\"labels\":\"a\"}",
        "HELLO {\"v\":2,\"hostname\":1}",
        "HELLO {\"v\":2,\"wid\":1}",
        "PUSH {\"jid\":\"12345678\",\"jobtype\":\"T\",\"args\":[]}",
        "GET / HTTP/1.1",
    ] {
        let mut client = Client::connect(server.addr());
        assert_eq!(client.cmd(line), Reply::Closed, "{line:?}");
    }
    assert_eq!(
        server.client().queue_size("default"),
        None,
        "nothing of it had an effect"
    );
}

#[test]
fn tolerated_hellos_are_accepted() {
    let server = Server::start();
    for hello in [
        "{}",
        "{\"v\":0}",
        "{\"v\":1}",
        "{\"v\":2}",
        "{\"v\":255}",
        "{\"v\":null,\"wid\":null,\"pwdhash\":null,\"hostname\":null,\"labels\":null,\"pid\":null,\"rss_kb\":null}",
        "{\"v\":2,\"username\":\"somebody\",\"unknown\":{\"deep\":[1]}}",
        "{ \"v\" : 2 , \"labels\" : [ \"a\", \"b\" ] }",
    ] {
        let mut client = Client::connect(server.addr());
        assert_eq!(client.cmd(format!("HELLO {hello}")), Reply::ok(), "{hello}");
        client.info();
    }
}

#[test]
fn hello_may_come_in_pieces() {
    let server = Server::start();
    let mut client = Client::connect(server.addr());
    for byte in b"HELLO {\"v\":2}\r\n" {
        client.send_raw(&[*byte]).unwrap();
    }
    assert_eq!(client.read_reply(), Reply::ok());
}

#[test]
fn silent_connection_is_closed_without_a_word() {
    let server = Server::start();
    let mut client = Client::connect(server.addr());
    assert!(client.is_closed_silently());
}

#[test]
fn connection_that_sends_hello_too_slowly_is_closed_without_a_word() {
    let server = Server::start();
    let mut client = Client::connect(server.addr());
    client.send_raw(b"HELLO {\"v\":").unwrap();
    assert!(client.is_closed_silently());
}

#[test]
fn connection_stays_open_after_the_handshake_deadline() {
    let server = Server::start();
    let mut client = server.client();
    // Another connection's end at its deadline, which is later than this one's would be, is the signal.
    let mut silent = Client::connect(server.addr());
    assert!(silent.is_closed_silently());
    client.info();
}

#[test]
fn line_before_hello_is_bounded() {
    let server = Server::start();
    let mut client = Client::connect(server.addr());
    client
        .send_raw(&vec![b'x'; LINE_BYTES_BEFORE_HELLO_MAX + 1])
        .unwrap();
    assert!(client.read_reply().error().starts_with("ERR "));
    assert_eq!(client.read_reply(), Reply::Closed);
}

#[test]
fn longest_hello_is_accepted() {
    let server = Server::start();
    let mut client = Client::connect(server.addr());
    let mut line = b"HELLO {\"v\":2}".to_vec();
    line.resize(LINE_BYTES_BEFORE_HELLO_MAX - 2, b' ');
    line.extend_from_slice(b"\r\n");
    client.send_raw(&line).unwrap();
    assert_eq!(client.read_reply(), Reply::ok());
}

#[test]
fn identity_too_large_to_be_remembered_is_no_hello() {
    let server = Server::start();
    let mut client = Client::connect(server.addr());
    let hello = json!({"v": 2, "wid": "w".repeat(60_000)});
    assert_eq!(client.hello(&hello), Reply::Closed);
    assert_eq!(server.client().task_size("Workers"), 0);
}

#[test]
fn large_lines_are_allowed_after_hello() {
    let server = Server::start();
    let mut client = server.client();
    let args = "x".repeat(4 * LINE_BYTES_BEFORE_HELLO_MAX);
    client.push(&json!({"jid": "12345678", "jobtype": "Test", "args": [args]}));
}

#[test]
fn commands_may_follow_hello_in_the_same_write() {
    let server = Server::start();
    let mut client = Client::connect(server.addr());
    let bytes = b"HELLO {\"v\":2}\r\nPUSH {\"jid\":\"12345678\",\"jobtype\":\"T\",\"args\":[]}\r\nFETCH default\r\n";
    client.send_raw(bytes).unwrap();
    assert_eq!(client.read_reply(), Reply::ok());
    assert_eq!(client.read_reply(), Reply::ok());
    assert_eq!(client.read_reply().json()["jid"], "12345678");
}

#[test]
fn commands_are_not_run_before_the_password_is_right() {
    let server = Server::builder().password(PASSWORD).start();
    let mut client = Client::connect(server.addr());
    let bytes = b"HELLO {\"v\":2}\r\nPUSH {\"jid\":\"12345678\",\"jobtype\":\"T\",\"args\":[]}\r\n";
    client.send_raw(bytes).unwrap();
    assert_eq!(client.read_reply().error(), "ERR Invalid password");
    assert_eq!(client.read_reply(), Reply::Closed);
    let (mut client, _) = log_in(server.addr(), PASSWORD);
    assert_eq!(client.queue_size("default"), None);
}

/// Sends bytes instead of a HELLO; returns the line that says why they were turned away.
fn rejection(server: &Server, bytes: &[u8], reason: &str) -> String {
    let mut client = Client::connect(server.addr());
    let peer = client.socket().local_addr().unwrap();
    client.send_raw(bytes).unwrap();
    let line = server.wait_for_log(reason);
    assert!(
        line.contains("WARN") && line.contains(&peer.to_string()),
        "{line}"
    );
    line
}

#[test]
fn whoever_is_turned_away_is_a_line_of_the_log_with_the_reason() {
    let server = Server::builder().password(PASSWORD).start();
    rejection(
        &server,
        b"\x16\x03\x01\x02\x00\x01",
        "begins with a TLS handshake",
    );
    rejection(&server, b"GET /stats HTTP/1.1\r\n", "speaks HTTP");
    rejection(
        &server,
        b"PROXY TCP4 10.0.0.1 10.0.0.2 1 2\r\n",
        "header of the PROXY protocol",
    );
    rejection(&server, b"INFO\r\n", "first line is not HELLO");
    rejection(&server, b"HELLO {\"v\":2\r\n", "HELLO cannot be read");
    rejection(&server, b"HELLO {\"v\":2}\r\n", "sent no password");
    let wrong = b"HELLO {\"v\":2,\"pwdhash\":\"hunter2\"}\r\n";
    rejection(&server, wrong, "password is wrong");
    // In the middle of it.
    rejection(
        &server,
        b"HELLO {\"pwdhash\":\"hunter3",
        "no complete HELLO in time",
    );
    let long = vec![b'x'; LINE_BYTES_BEFORE_HELLO_MAX + 1];
    rejection(&server, &long, "first line is too long");
    let log = server.log_text();
    assert!(!log.contains("hunter"), "{log}");
}

#[test]
fn those_who_are_turned_away_do_not_fill_the_log() {
    let server = Server::start();
    for _ in 0..50 {
        let mut client = Client::connect(server.addr());
        assert_eq!(client.cmd("INFO"), Reply::Closed);
    }
    server.wait_for_log("first line is not HELLO");
    let log = server.log_text();
    let lines = log.lines().filter(|line| line.contains("no HELLO")).count();
    // One in five seconds.
    assert!(lines < 25, "{log}");
}

#[test]
fn whoever_only_connects_is_no_line_of_the_log() {
    let server = Server::start();
    let mut client = Client::connect(server.addr());
    client.shut_down_sending();
    assert_eq!(client.read_reply(), Reply::Closed);
    let log = server.log_text();
    assert!(!log.contains("turned away"), "{log}");
}
