//! What people write down follows the wall clock as it is now.

use serde_json::{Value, json};
use workmill_tests::{Client, Server, ServerFiles, WallClock, instant_in, job, parse_instant};

const HOUR: i64 = 3_600;

fn server(ahead_secs: i64) -> (Server, WallClock) {
    let files = ServerFiles::default();
    let clock = WallClock::of(&files, ahead_secs);
    let builder = clock.carry(Server::builder().files(files));
    (builder.start(), clock)
}

fn expiring(jid: &str, secs: i64) -> Value {
    let mut payload = job(jid, "q");
    payload["custom"] = json!({ "expires_at": instant_in(secs) });
    payload
}

fn scheduled(jid: &str, secs: i64) -> Value {
    let mut payload = job(jid, "q");
    payload["at"] = instant_in(secs).into();
    payload
}

/// By how much the server's clock is ahead of the machine's, in hours.
fn ahead_hours(client: &mut Client) -> f64 {
    let now = parse_instant(&client.info()["now"]);
    let ahead = now.duration_since(jiff::Timestamp::now());
    (ahead.as_secs_f64() / 360.0).round() / 10.0
}

#[test]
fn a_clock_set_back_expires_nothing_and_runs_nothing_early() {
    let (server, clock) = server(HOUR);
    let mut client = server.client();
    assert_eq!(ahead_hours(&mut client), 1.0);
    clock.set(0);
    server.wait_for_log("the wall clock was set back");
    assert_eq!(ahead_hours(&mut client), 0.0);
    client.push(&expiring("jid-expiring", HOUR / 2));
    client.push(&scheduled("jid-scheduled", HOUR / 2));
    let results = client.push_bulk(&[expiring("jid-bulk", HOUR / 2)]);
    assert_eq!(results, json!({}));
    assert_eq!(client.fetch_jid("q"), "jid-expiring");
    assert_eq!(client.fetch_jid("q"), "jid-bulk");
    assert_eq!(client.fetch("q"), None);
    assert_eq!(client.task_size("Scheduled"), 1);
}

#[test]
fn a_clock_set_forward_brings_what_it_has_reached() {
    let (server, clock) = server(-HOUR);
    let mut client = server.client();
    client.push(&scheduled("jid-scheduled", -HOUR / 2));
    assert_eq!(client.task_size("Scheduled"), 1);
    client.push(&expiring("jid-expiring", -HOUR / 2));
    clock.set(0);
    server.wait_for_log("the wall clock was set forward");
    assert_eq!(client.fetch_jid("q"), "jid-scheduled");
    assert_eq!(client.info()["faktory"]["total_expired"], 1);
}
