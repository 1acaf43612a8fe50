//! The command line: verbs, missing, wrong, huge, nested and binary arguments.
//!
//! Whatever a client sends, it gets an answer, the answer says what was wrong, and the connection goes on.

use std::cell::RefCell;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::json;
use workmill_tests::{Client, Reply, Server};

/// No error is longer than this, whatever it quotes.
const ERROR_BYTES_MAX: usize = 4096;

/// Every verb that wants an argument, with what makes it wrong below.
const VERBS: [&str; 7] = ["PUSH", "PUSHB", "ACK", "FAIL", "BEAT", "MUTATE", "QUEUE"];

fn assert_refusal(client: &mut Client, line: &[u8]) -> String {
    let error = client.refused(line);
    let line = String::from_utf8_lossy(&line[..line.len().min(200)]).into_owned();
    assert!(error.starts_with("ERR "), "{line:?}: {error}");
    assert!(
        error.len() > "ERR ".len() + 3,
        "{line:?}: {error} says nothing"
    );
    assert!(
        error.len() <= ERROR_BYTES_MAX,
        "{line:?}: an error of {} bytes",
        error.len()
    );
    assert!(!error.contains("internal error"), "{line:?}: {error}");
    assert!(!error.to_lowercase().contains("panic"), "{line:?}: {error}");
    assert!(
        !error.contains(char::is_control),
        "{line:?}: {error:?} is not plain text"
    );
    error
}

fn assert_refusals(lines: &[impl AsRef<[u8]>]) {
    let server = Server::start();
    let mut client = server.client();
    for line in lines {
        let error = assert_refusal(&mut client, line.as_ref());
        assert!(!error.contains("unknown command"), "{error}");
    }
    let info = client.info();
    assert_eq!(
        info["faktory"]["queues"],
        json!({}),
        "a refused command has no effect"
    );
    assert_eq!(
        info["faktory"]["sets"],
        json!({"scheduled": 0, "retries": 0, "working": 0, "dead": 0})
    );
}

/// Demand 11: bare verbs made the server panic.
#[test]
fn commands_without_their_argument_say_what_is_missing() {
    let mut lines = Vec::new();
    for verb in [
        "PUSH", "PUSHB", "ACK", "FAIL", "BEAT", "MUTATE", "QUEUE", "FETCH",
    ] {
        lines.extend([verb.to_owned(), format!("{verb} "), format!("{verb}    ")]);
    }
    for subcommand in ["PAUSE", "RESUME", "REMOVE"] {
        lines.extend([
            format!("QUEUE {subcommand}"),
            format!("QUEUE {subcommand} "),
        ]);
    }
    assert_refusals(&lines);
}

#[test]
fn fetch_without_queue_has_its_own_text() {
    let server = Server::start();
    let mut client = server.client();
    for line in ["FETCH", "FETCH ", "FETCH   "] {
        assert_eq!(
            client.refused(line),
            "ERR must call fetch with at least one queue",
            "{line:?}"
        );
    }
}

#[test]
fn arguments_that_are_no_json_objects_are_refused() {
    let mut lines = Vec::new();
    for verb in ["PUSH", "ACK", "FAIL", "BEAT", "MUTATE"] {
        for argument in [
            "{",
            "}",
            "[]",
            "[{}]",
            "1",
            "\"text\"",
            "null",
            "true",
            "nonsense",
            "{\"jid\"}",
            "{\"jid\":}",
            "{'jid':1}",
        ] {
            lines.push(format!("{verb} {argument}"));
        }
    }
    assert_refusals(&lines);
}

#[test]
fn push_refuses_wrong_members() {
    let whole = json!({"jid": "12345678", "jobtype": "T", "args": []});
    let mut lines = Vec::new();
    for (key, value) in [
        ("jid", json!(12_345_678)),
        ("jid", json!(["12345678"])),
        ("jid", json!("1234567")),
        ("jid", json!("")),
        ("jid", json!(null)),
        ("jobtype", json!(1)),
        ("jobtype", json!("")),
        ("jobtype", json!(null)),
        ("args", json!({})),
        ("args", json!("x")),
        ("args", json!(1)),
        ("args", json!(null)),
        ("queue", json!(1)),
        ("queue", json!("a b")),
        ("queue", json!("a/b")),
        ("queue", json!("ä")),
        ("retry", json!("1")),
        ("retry", json!(1.5)),
        ("custom", json!([])),
        ("custom", json!("x")),
        ("reserve_for", json!("60")),
        ("reserve_for", json!(86_401)),
        ("at", json!(1)),
        ("at", json!("tomorrow")),
        ("created_at", json!(1)),
        ("backtrace", json!("1")),
    ] {
        let mut job = whole.clone();
        job[key] = value;
        lines.push(format!("PUSH {job}"));
    }
    lines.push(format!("PUSH {whole} x"));
    lines.push(format!("PUSH {whole}{whole}"));
    lines.push(
        "PUSH {\"jid\":\"12345678\",\"jobtype\":\"T\",\"args\":[\"raw \u{1} control\"]}".to_owned(),
    );
    assert_refusals(&lines);
}

#[test]
fn pushb_refuses_what_is_no_array_of_objects_whole() {
    assert_refusals(&[
        "PUSHB {}",
        "PUSHB {\"jid\":\"12345678\",\"jobtype\":\"T\",\"args\":[]}",
        "PUSHB [",
        "PUSHB [{]",
        "PUSHB [{\"jid\":\"12345678\",\"jobtype\":\"T\",\"args\":[]}",
        "PUSHB [{\"jid\":\"12345678\",\"jobtype\":\"T\",\"args\":[]},]",
        "PUSHB [{\"jid\":\"12345678\",\"jobtype\":\"T\",\"args\":[]}] x",
        "PUSHB nonsense",
    ]);
}

#[test]
fn ack_fail_and_beat_refuse_wrong_members() {
    let server = Server::start();
    let mut client = server.client();
    for (line, expected) in [
        ("ACK {}", "invalid ACK"),
        ("ACK {\"jid\":1}", "invalid ACK"),
        ("ACK {\"id\":\"12345678\"}", "invalid ACK"),
        ("FAIL {\"jid\":1}", "invalid FAIL"),
        (
            "FAIL {\"jid\":\"12345678\",\"backtrace\":\"x\"}",
            "invalid FAIL",
        ),
        ("FAIL {\"jid\":\"12345678\",\"message\":1}", "invalid FAIL"),
        ("FAIL {}", "missing JID"),
        ("FAIL {\"jid\":\"\"}", "missing JID"),
        (
            "FAIL {\"jid\":\"no-such-job\"}",
            "Job not found no-such-job",
        ),
        ("BEAT {\"wid\":1}", "invalid BEAT"),
        ("BEAT {\"wid\":\"nobody\"}", "unknown worker nobody"),
    ] {
        let error = assert_refusal(&mut client, line.as_bytes());
        assert!(
            error.starts_with(&format!("ERR {expected}")),
            "{line}: {error}"
        );
    }
}

#[test]
fn ack_tolerates_members_that_are_no_strings() {
    let server = Server::start();
    let mut client = server.client();
    client.ok("ACK {\"jid\":\"no-such-job\",\"number\":1,\"list\":[],\"nothing\":null}");
}

#[test]
fn mutate_refuses_what_it_does_not_know() {
    let server = Server::start();
    let mut client = server.client();
    for (line, expected) in [
        (
            "MUTATE {\"cmd\":\"explode\",\"target\":\"dead\"}",
            "unknown mutate operation",
        ),
        (
            "MUTATE {\"cmd\":\"CLEAR\",\"target\":\"dead\"}",
            "unknown mutate operation",
        ),
        ("MUTATE {\"target\":\"dead\"}", "unknown mutate operation"),
        (
            "MUTATE {\"cmd\":\"clear\",\"target\":\"default\"}",
            "invalid target for mutation command",
        ),
        (
            "MUTATE {\"cmd\":\"clear\",\"target\":\"working\"}",
            "invalid target for mutation command",
        ),
        (
            "MUTATE {\"cmd\":\"clear\",\"target\":\"Dead\"}",
            "invalid target for mutation command",
        ),
        (
            "MUTATE {\"cmd\":\"clear\"}",
            "invalid target for mutation command",
        ),
        ("MUTATE {\"cmd\":1,\"target\":\"dead\"}", ""),
        (
            "MUTATE {\"cmd\":\"discard\",\"target\":\"dead\",\"filter\":[]}",
            "",
        ),
        (
            "MUTATE {\"cmd\":\"discard\",\"target\":\"dead\",\"filter\":{\"jids\":\"x\"}}",
            "",
        ),
        (
            "MUTATE {\"cmd\":\"discard\",\"target\":\"dead\",\"filter\":{\"jobtype\":1}}",
            "",
        ),
        (
            "MUTATE {\"cmd\":\"discard\",\"target\":\"dead\",\"filter\":{\"regexp\":1}}",
            "",
        ),
    ] {
        let error = assert_refusal(&mut client, line.as_bytes());
        assert!(
            error.starts_with(&format!("ERR {expected}")),
            "{line}: {error}"
        );
    }
}

#[test]
fn queue_subcommands_are_told_apart_in_any_case() {
    let server = Server::start();
    let mut client = server.client();
    for subcommand in ["PAUSE", "pause", "Resume", "remove"] {
        client.ok(format!("QUEUE {subcommand} a"));
    }
    assert_eq!(
        client.cmd("QUEUE latency a").json()["a"].as_f64(),
        Some(0.0)
    );
    assert_eq!(
        client.refused("QUEUE explode a"),
        "ERR no such QUEUE subcommand: EXPLODE"
    );
    assert_eq!(
        client.refused("QUEUE EXPLODE"),
        "ERR no such QUEUE subcommand: EXPLODE"
    );
}

#[test]
fn verbs_are_told_apart_by_case_and_end_at_a_space() {
    let server = Server::start();
    let mut client = server.client();
    for (line, verb) in [
        ("", ""),
        ("EXPLODE", "EXPLODE"),
        ("push {}", "push"),
        ("queue PAUSE a", "queue"),
        ("HELLO {\"v\":2}", "HELLO"),
        ("INFOS", "INFOS"),
        ("PUSHBB []", "PUSHBB"),
    ] {
        let error = client.refused(line);
        assert!(
            error.starts_with(&format!("ERR unknown command {verb}")),
            "{line:?}: {error}"
        );
    }
    // A tab does not end a verb.
    assert!(
        client
            .refused("INFO\tx")
            .starts_with("ERR unknown command INFO")
    );
}

#[test]
fn spaces_before_the_argument_are_skipped() {
    let server = Server::start();
    let mut client = server.client();
    client.ok("PUSH    {\"jid\":\"12345678\",\"jobtype\":\"T\",\"args\":[]}");
    client.ok("PUSH {\"jid\":\"12345679\",\"jobtype\":\"T\",\"args\":[]}   ");
    assert_eq!(client.fetch_jid("  missing   default  "), "12345678");
    client.ok("ACK   {\"jid\":\"12345678\"}");
    assert_eq!(client.task_size("Busy"), 0);
}

#[test]
fn info_and_flush_ignore_arguments() {
    let server = Server::start();
    let mut client = server.client();
    client.cmd("INFO whatever").json();
    client.ok("FLUSH everything");
}

#[test]
fn member_names_are_matched_in_any_case() {
    let server = Server::start();
    let mut client = server.worker("worker-1");
    client.ok(
        "PUSH {\"JID\":\"12345678\",\"JobType\":\"T\",\"Args\":[1],\"QUEUE\":\"q\",\"Retry\":3}",
    );
    let job = client.fetch_now("q");
    assert_eq!(
        (&job["jid"], &job["jobtype"], &job["args"], &job["retry"]),
        (&json!("12345678"), &json!("T"), &json!([1]), &json!(3))
    );
    client.ok("FAIL {\"JID\":\"12345678\",\"errType\":\"Broken\",\"Message\":\"it broke\"}");
    client.ok(
        "MUTATE {\"CMD\":\"requeue\",\"Target\":\"retries\",\"Filter\":{\"Jids\":[\"12345678\"]}}",
    );
    let job = client.fetch_now("q");
    assert_eq!(job["failure"]["errtype"], "Broken");
    assert_eq!(job["failure"]["message"], "it broke");
    client.ok("ACK {\"Jid\":\"12345678\"}");
    assert_eq!(client.task_size("Busy"), 0);
    client.ok("BEAT {\"Wid\":\"worker-1\"}");
}

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
    for verb in ["PUSH", "PUSHB", "ACK", "FAIL", "BEAT", "MUTATE"] {
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
fn end_closes_without_a_reply() {
    let server = Server::start();
    let mut client = server.client();
    client.push(&workmill_tests::job("12345678", "default"));
    assert_eq!(client.cmd("END"), Reply::Closed);
    assert_eq!(server.client().queue_size("default"), Some(1));
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
