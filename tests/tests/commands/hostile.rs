//! Arguments that are huge, nested, binary, or random.

use std::cell::RefCell;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use workmill_tests::{Client, Reply, Server};

use crate::{ERROR_BYTES_MAX, VERBS, assert_refusal, assert_refusals};

#[test]
fn huge_arguments_get_short_errors() {
    let huge = "a".repeat(1 << 20);
    let mut lines: Vec<String> = VERBS.iter().map(|verb| format!("{verb} {huge}")).collect();
    lines.push(format!("ACK {{\"jid\":[\"{huge}\"]}}"));
    lines.push(format!("FAIL {{\"jid\":\"{huge}\"}}"));
    lines.push(format!("BEAT {{\"wid\":\"{huge}\"}}"));
    lines.push(format!(
        "PUSH {{\"jid\":\"{huge}\",\"jobtype\":\"T\",\"args\":[]}}"
    ));
    lines.push(format!(
        "PUSH {{\"jid\":\"12345678\",\"jobtype\":\"{huge}\",\"args\":[]}}"
    ));
    lines.push(format!(
        "PUSH {{\"jid\":\"12345678\",\"jobtype\":\"T\",\"args\":[],\"queue\":\"{huge}\"}}"
    ));
    lines.push(format!(
        "PUSH {{\"jid\":\"12345678\",\"jobtype\":\"T\",\"args\":[],\"at\":\"{huge}\"}}"
    ));
    lines.push(format!("QUEUE {huge} a"));
    assert_refusals(&lines);
}

#[test]
fn errors_never_break_the_line_they_are_on() {
    let server = Server::start();
    let mut client = server.client();
    for line in [
        r#"FAIL {"jid":"a\r\n+OK\u0000\u2028\u0085"}"#,
        r#"BEAT {"wid":"a\r\n+OK"}"#,
        r#"PUSH {"jid":"12345678","jobtype":"T","args":[],"queue":"a\r\n+OK"}"#,
        r#"PUSH {"jid":"12345678","jobtype":"T","args":[],"at":"a\r\n+OK"}"#,
        "QUEUE \u{1}\u{1b}[31m\rx a",
        "EXPLODE\u{0}\u{1b}\r\u{7f}",
        "ACK \r\r{\r",
    ] {
        assert_refusal(&mut client, line.as_bytes());
    }
    let bulk = client
        .cmd(r#"PUSHB [{"jid":"12345678","jobtype":"T","args":[],"queue":"a\r\n+OK"}]"#)
        .text();
    assert!(!bulk.contains(char::is_control), "{bulk:?}");
    client.info();
}

#[test]
fn huge_verbs_get_short_errors() {
    let server = Server::start();
    let mut client = server.client();
    let error = assert_refusal(&mut client, "A".repeat(1 << 20).as_bytes());
    assert!(error.starts_with("ERR unknown command A"));
}

#[test]
fn deeply_nested_arguments_are_refused() {
    let nested = format!("{}{}", "[".repeat(50_000), "]".repeat(50_000));
    let unclosed = "[".repeat(1_000_000);
    let objects = format!("{}1{}", "{\"a\":".repeat(50_000), "}".repeat(50_000));
    let mut lines = Vec::new();
    for verb in [
        "PUSH",
        "PUSHB",
        "ACK",
        "FAIL",
        "BEAT",
        "MUTATE",
        "REQUEUE",
        "BATCH NEW",
        "TRACK SET",
    ] {
        for argument in [&nested, &unclosed, &objects] {
            lines.push(format!("{verb} {argument}"));
        }
    }
    for value in [&nested, &unclosed, &objects] {
        lines.push(format!(
            "PUSH {{\"jid\":\"12345678\",\"jobtype\":\"T\",\"args\":[{value}]}}"
        ));
        lines.push(format!("PUSH {{\"jid\":\"12345678\",\"jobtype\":\"T\",\"args\":[],\"custom\":{{\"a\":{value}}}}}"));
        lines.push(format!(
            "PUSH {{\"jid\":\"12345678\",\"jobtype\":\"T\",\"args\":[],\"unknown\":{value}}}"
        ));
    }
    assert_refusals(&lines);
}

#[test]
fn deep_nesting_within_the_limit_is_kept() {
    let server = Server::start();
    let mut client = server.client();
    let args = format!("[{}{}]", "[".repeat(5_000), "]".repeat(5_000));
    client.ok(format!(
        "PUSH {{\"jid\":\"12345678\",\"jobtype\":\"T\",\"args\":{args}}}"
    ));
    let job = client.cmd("FETCH default").text();
    assert!(
        job.contains(&format!("\"args\":{args}")),
        "args came back changed"
    );
}

#[test]
fn binary_arguments_are_answered() {
    let server = Server::start();
    let mut client = server.client();
    let every_byte: Vec<u8> = (0..=255).filter(|byte| *byte != b'\n').collect();
    for verb in VERBS {
        let line = [verb.as_bytes(), b" ", &every_byte].concat();
        assert_refusal(&mut client, &line);
        for byte in [0, 0x7f, 0x80, 0xc3, 0xff] {
            assert_refusal(&mut client, &[verb.as_bytes(), b" ", &[byte]].concat());
        }
    }
    assert_refusal(&mut client, &every_byte);
    for subcommand in ["PAUSE", "RESUME", "REMOVE", "LATENCY"] {
        let reply = client.cmd([b"QUEUE ", subcommand.as_bytes(), b" ", &every_byte].concat());
        assert!(reply != Reply::Closed, "QUEUE {subcommand}");
    }
    client.info();
}

#[test]
fn fetch_of_queues_with_odd_names_finds_nothing_or_is_refused() {
    let server = Server::start();
    let mut clients: Vec<Client> = (0..4).map(|_| server.client()).collect();
    let long = format!("FETCH {}", "q".repeat(1 << 16));
    let lines: [&[u8]; 4] = [
        b"FETCH a/b",
        b"FETCH \xff\xfe\x00",
        b"FETCH *",
        long.as_bytes(),
    ];
    for (client, line) in clients.iter_mut().zip(lines) {
        client.send(line);
    }
    for (client, line) in clients.iter_mut().zip(lines) {
        let reply = client.read_reply();
        let line = String::from_utf8_lossy(&line[..line.len().min(40)]).into_owned();
        assert!(
            matches!(reply, Reply::Nil | Reply::Error(_)),
            "{line:?}: {reply:?}"
        );
        client.info();
    }
}

#[test]
fn fetch_of_a_great_many_queues_is_bounded() {
    let server = Server::start();
    let mut client = server.client();
    let queues = (0..200_000)
        .map(|number| format!("q{number}"))
        .collect::<Vec<_>>()
        .join(" ");
    let error = client.refused(format!("FETCH {queues}"));
    assert!(error.starts_with("ERR ") && error.len() <= ERROR_BYTES_MAX);
    client.info();
}

#[test]
fn lines_of_random_bytes_never_stop_the_server() {
    let server = Server::start();
    let client = RefCell::new(server.client());
    let verb = prop_oneof![
        proptest::sample::select(vec![
            "PUSH",
            "PUSHB",
            "ACK",
            "FAIL",
            "BEAT",
            "MUTATE",
            "QUEUE PAUSE",
            "QUEUE LATENCY",
            "INFO"
        ]),
        Just("")
    ];
    let fragments = proptest::sample::select(vec![
        "{",
        "}",
        "[",
        "]",
        "\"",
        ":",
        ",",
        "\"jid\"",
        "\"12345678\"",
        "\"args\"",
        "\"jobtype\"",
        "\"T\"",
        "null",
        "1e999",
        "-0",
        "\\u0000",
        "\\ud800",
        " ",
        "\"cmd\":\"discard\"",
        "\"target\":\"dead\"",
        "\"filter\":",
        "\"regexp\":\"[\"",
    ]);
    let argument = prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..200),
        proptest::collection::vec(fragments, 0..40).prop_map(|parts| parts.concat().into_bytes()),
    ];
    let mut runner = TestRunner::new(Config {
        cases: 400,
        failure_persistence: None,
        ..Config::default()
    });
    let result = runner.run(&(verb, argument), |(verb, argument)| {
        let mut line = [verb.as_bytes(), b" ", &argument].concat();
        line.retain(|byte| *byte != b'\n');
        // A line that happens to be END is a lawful goodbye.
        prop_assume!(!line.trim_ascii().starts_with(b"END"));
        let reply = client.borrow_mut().cmd(&line);
        prop_assert!(
            reply != Reply::Closed,
            "no reply to {:?}",
            String::from_utf8_lossy(&line)
        );
        Ok(())
    });
    result.unwrap_or_else(|failure| panic!("{failure}"));
    server.client().info();
}
