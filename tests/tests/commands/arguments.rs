//! Arguments that are missing or wrong.

use serde_json::json;
use workmill_tests::Server;

use crate::{assert_refusal, assert_refusals};

/// Demand 11: bare verbs made the server panic.
#[test]
fn commands_without_their_argument_say_what_is_missing() {
    let mut lines = Vec::new();
    for verb in [
        "PUSH", "PUSHB", "ACK", "FAIL", "BEAT", "MUTATE", "QUEUE", "FETCH", "REQUEUE", "BATCH",
        "TRACK",
    ] {
        lines.extend([verb.to_owned(), format!("{verb} "), format!("{verb}    ")]);
    }
    for subcommand in ["PAUSE", "RESUME", "REMOVE"] {
        lines.extend([
            format!("QUEUE {subcommand}"),
            format!("QUEUE {subcommand} "),
        ]);
    }
    for subcommand in ["NEW", "OPEN", "COMMIT", "STATUS", "CHILD", "CHILD b-1"] {
        lines.push(format!("BATCH {subcommand}"));
    }
    for subcommand in ["GET", "SET"] {
        lines.push(format!("TRACK {subcommand}"));
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
    for verb in [
        "PUSH",
        "ACK",
        "FAIL",
        "BEAT",
        "MUTATE",
        "REQUEUE",
        "BATCH NEW",
        "TRACK SET",
    ] {
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
