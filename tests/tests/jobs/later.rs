//! Jobs for a certain time.

use serde_json::json;
use workmill_tests::{Server, instant_in, job, parse_instant};

#[test]
fn at_takes_rfc3339_in_its_forms() {
    let server = Server::start();
    let mut client = server.client();
    let with = |at: &str| {
        let mut job = job("12345678", "q");
        job["at"] = json!(at);
        format!("PUSH {job}")
    };
    for at in [
        "2020-01-02T03:04:05Z",
        "2020-01-02T03:04:05.123456789Z",
        "2020-01-02T03:04:05+05:30",
        "2020-01-02T03:04:05.1-08:00",
    ] {
        client.ok(with(at));
        assert_eq!(
            client.fetch_now("q")["at"],
            at,
            "a past instant enqueues at once and is kept"
        );
    }
    for at in [
        "2020-01-02",
        "2020-01-02 03:04:05Z",
        "2020-01-02T03:04:05",
        "2020-13-02T03:04:05Z",
        "1577934245",
        "now",
    ] {
        let error = client.refused(with(at));
        assert!(
            error.starts_with(&format!("ERR invalid timestamp for 'at': \"{at}\"")),
            "{error}"
        );
    }
}

#[test]
fn instants_at_the_ends_of_time_are_taken() {
    let server = Server::start();
    let mut client = server.client();
    let mut job = job("12345678", "q");
    job["at"] = json!("0001-01-01T00:00:00Z");
    client.push(&job);
    assert_eq!(client.fetch_now("q")["at"], "0001-01-01T00:00:00Z");
    for at in [
        "2262-04-12T00:00:00Z",
        "9999-12-31T23:59:59.999999999Z",
        "9999-12-31T23:59:59-12:00",
    ] {
        job["at"] = json!(at);
        client.push(&job);
    }
    assert_eq!(client.task_size("Scheduled"), 3);
    client.ok(r#"MUTATE {"cmd":"requeue","target":"scheduled"}"#);
    assert_eq!(client.fetch_now("q")["at"], "2262-04-12T00:00:00Z");
}

#[test]
fn job_for_later_is_scheduled_and_queued_when_its_time_comes() {
    let server = Server::start();
    let mut client = server.client();
    let mut later = job("scheduled", "q");
    later["at"] = json!(instant_in(2));
    client.push(&later);
    let info = client.info();
    assert_eq!(info["faktory"]["tasks"]["Scheduled"]["size"], 1);
    assert_eq!(info["faktory"]["sets"]["scheduled"], 1);
    let fetched = (0..10)
        .find_map(|_| client.fetch("q"))
        .expect("the job is promoted");
    assert_eq!(fetched["jid"], "scheduled");
    assert_eq!(fetched["at"], later["at"]);
    assert!(
        parse_instant(&fetched["enqueued_at"]) >= parse_instant(&later["at"]),
        "not before its time: {fetched}"
    );
    assert_eq!(client.task_size("Scheduled"), 0);
}
