//! Verbs, subcommands, and where they end.

use workmill_tests::{Reply, Server};

#[test]
fn queue_subcommands_are_told_apart_in_any_case() {
    let server = Server::start();
    let mut client = server.client();
    for subcommand in ["PAUSE", "pause", "Resume", "remove"] {
        client.ok(format!("QUEUE {subcommand} a"));
    }
    assert_eq!(client.cmd("QUEUE latency a").text(), r#"{"a":0}"#);
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
fn end_closes_without_a_reply() {
    let server = Server::start();
    let mut client = server.client();
    client.push(&workmill_tests::job("12345678", "default"));
    assert_eq!(client.cmd("END"), Reply::Closed);
    assert_eq!(server.client().queue_size("default"), Some(1));
}
