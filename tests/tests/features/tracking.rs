//! Tracking.

use serde_json::{Value, json};
use workmill_tests::{Client, Server, instant_in, parse_instant};

use crate::{custom_job, kill_and_start};

fn track(client: &mut Client, jid: &str) -> Value {
    client.cmd(format!("TRACK GET {jid}")).json()
}

fn state(client: &mut Client, jid: &str) -> String {
    track(client, jid)["state"]
        .as_str()
        .expect("a track has a state")
        .to_owned()
}

fn tracked(jid: &str) -> Value {
    custom_job(jid, "q", json!({"track": 1}))
}

#[test]
fn a_tracked_job_can_be_followed_to_its_end() {
    let server = Server::start();
    let mut client = server.client();
    let mut later = tracked("jid-000001");
    later["at"] = json!(instant_in(3600));
    later["retry"] = json!(1);
    client.push(&later);
    assert_eq!(state(&mut client, "jid-000001"), "enqueued");
    client.ok(r#"MUTATE {"cmd":"requeue","target":"scheduled"}"#);
    for _ in 0..2 {
        assert_eq!(state(&mut client, "jid-000001"), "enqueued");
        client.fetch_now("q");
        assert_eq!(state(&mut client, "jid-000001"), "working");
        client.ok(r#"REQUEUE {"jid":"jid-000001"}"#);
    }
    client.fetch_now("q");
    client.fail("jid-000001");
    assert_eq!(state(&mut client, "jid-000001"), "failed");
    client.ok(r#"MUTATE {"cmd":"requeue","target":"retries"}"#);
    client.fetch_now("q");
    client.fail("jid-000001");
    assert_eq!(state(&mut client, "jid-000001"), "dead");
    client.ok(r#"MUTATE {"cmd":"requeue","target":"dead"}"#);
    client.fetch_now("q");
    client.ack("jid-000001");
    assert_eq!(state(&mut client, "jid-000001"), "success");
}

#[test]
fn what_a_worker_says_is_kept_bit_by_bit_and_across_a_kill() {
    let mut server = Server::start();
    let mut client = server.client();
    client.push(&tracked("jid-000001"));
    client.fetch_now("q");
    client.ok(r#"TRACK SET {"jid":"jid-000001","percent":10}"#);
    client.ok(r#"TRACK SET {"jid":"jid-000001","desc":"größer","percent":null}"#);
    let mut client = kill_and_start(&mut server);
    let known = track(&mut client, "jid-000001");
    let updated_at = parse_instant(&known["updated_at"]);
    assert_eq!(
        known,
        json!({"jid": "jid-000001", "percent": 10, "desc": "größer", "state": "working", "updated_at": known["updated_at"]})
    );
    client.ack("jid-000001");
    let known = track(&mut client, "jid-000001");
    assert_eq!(known["percent"], 10);
    assert_eq!(known["state"], "success");
    assert!(parse_instant(&known["updated_at"]) > updated_at);
}

#[test]
fn jobs_that_are_not_tracked_or_not_known_are_unknown() {
    let server = Server::start();
    let mut client = server.client();
    client.push(&custom_job("jid-000001", "q", json!({"track": 0})));
    assert_eq!(
        client.cmd("TRACK GET jid-000001").text(),
        r#"{"jid":"jid-000001","state":"unknown","updated_at":""}"#
    );
    client.ok(r#"TRACK SET {"jid":"jid-000001","percent":0,"desc":""}"#);
    let known = track(&mut client, "jid-000001");
    assert_eq!(known["state"], "unknown");
    assert_eq!(known["percent"], 0);
    client.ok("FLUSH");
    assert_eq!(track(&mut client, "jid-000001")["updated_at"], "");
}

/// The official Ruby client's own test sets all three for jobs in every state.
#[test]
fn an_end_for_a_job_without_a_reservation_is_no_error_and_the_rest_is_kept() {
    let server = Server::start();
    let mut client = server.client();
    let set = |client: &mut Client, state: &str, percent: i64| {
        let until = instant_in(3_600);
        client.ok(format!(
            r#"TRACK SET {{"jid":"jid-000001","percent":{percent},"desc":"{state}","reserve_until":"{until}"}}"#
        ));
        let known = track(client, "jid-000001");
        assert_eq!(known["state"], state);
        assert_eq!(known["percent"], percent);
        assert_eq!(known["desc"], state);
    };
    set(&mut client, "unknown", 1);
    client.push(&tracked("jid-000001"));
    set(&mut client, "enqueued", 2);
    client.fetch_now("q");
    client.fail("jid-000001");
    set(&mut client, "failed", 3);
    client.ok(r#"MUTATE {"cmd":"kill","target":"retries"}"#);
    set(&mut client, "dead", 4);
    client.ok(r#"MUTATE {"cmd":"requeue","target":"dead"}"#);
    client.fetch_now("q");
    client.ack("jid-000001");
    set(&mut client, "success", 5);
}

#[test]
fn an_end_too_far_ahead_or_too_early_is_no_error() {
    let server = Server::start();
    let mut client = server.client();
    client.push(&tracked("jid-000001"));
    client.fetch_now("q");
    for (percent, secs) in [(1, 86_300), (2, 86_500), (3, 900_000_000), (4, -10)] {
        let until = instant_in(secs);
        client.ok(format!(
            r#"TRACK SET {{"jid":"jid-000001","percent":{percent},"reserve_until":"{until}"}}"#
        ));
        assert_eq!(track(&mut client, "jid-000001")["percent"], percent);
    }
}
