//! What is refused, in which order, and what is just within the limits.

use serde_json::{Value, json};
use workmill_tests::{Server, job};

#[test]
fn errors_come_in_a_fixed_order_with_known_texts() {
    let server = Server::start();
    let mut client = server.client();
    let mut job = json!({"queue": "a b", "at": "nonsense", "reserve_for": 86_401});
    let mut expect = |job: &Value, text: &str| {
        let error = client.refused(format!("PUSH {job}"));
        assert!(error.starts_with(&format!("ERR {text}")), "{job}: {error}");
    };
    expect(&job, "jobs must have a reasonable jid parameter");
    job["jid"] = json!("1234567");
    expect(&job, "jobs must have a reasonable jid parameter");
    job["jid"] = json!("12345678");
    expect(&job, "jobs must have a jobtype parameter");
    job["jobtype"] = json!("Test");
    expect(&job, "jobs must have an args parameter");
    job["args"] = json!([]);
    expect(&job, "jobs cannot be reserved for more than one day");
    job["reserve_for"] = json!(86_400);
    expect(&job, "invalid timestamp for 'at': \"nonsense\"");
    job["at"] = json!("2020-01-01T00:00:00Z");
    expect(&job, r"cannot get 'a b' queue".replace('\'', "\"").as_str());
    job["queue"] = json!("a_b-C.9");
    client.push(&job);
    assert_eq!(
        client.refused("PUSH {\"jid\"").split(':').next(),
        Some("ERR invalid JSON")
    );
}

#[test]
fn queue_name_error_says_what_is_allowed() {
    let server = Server::start();
    let mut client = server.client();
    assert_eq!(
        client.refused(format!("PUSH {}", job("12345678", "a b"))),
        r#"ERR cannot get "a b" queue: queue names must match \A[a-zA-Z0-9._-]+\z"#
    );
}

#[test]
fn lengths_are_counted_in_bytes_up_to_their_limits() {
    let server = Server::start();
    let mut client = server.client();
    let with = |key: &str, value: String| {
        let mut job = job("12345678", "q");
        job[key] = json!(value);
        format!("PUSH {job}")
    };
    client.ok(with("jid", "äöüß".to_owned()));
    client.refused(with("jid", "äöü".to_owned()));
    client.ok(with("jid", "j".repeat(512)));
    client.refused(with("jid", "j".repeat(513)));
    client.ok(with("jobtype", "t".repeat(1024)));
    client.refused(with("jobtype", "t".repeat(1025)));
    client.ok(with("queue", "q".repeat(256)));
    client.refused(with("queue", "q".repeat(257)));
}

#[test]
fn numbers_at_the_ends_of_their_range_are_taken() {
    let server = Server::start();
    let mut client = server.client();
    for (retry, set) in [(i64::MAX, "Retries"), (i64::MIN, "Dead")] {
        let mut job = job("12345678", "q");
        job["retry"] = json!(retry);
        client.push(&job);
        assert_eq!(client.fetch_now("q")["retry"], retry);
        client.fail("12345678");
        assert_eq!(client.task_size(set), 1, "retry {retry}");
    }
    client
        .refused(r#"PUSH {"jid":"12345678","jobtype":"T","args":[],"retry":9223372036854775808}"#);
}
