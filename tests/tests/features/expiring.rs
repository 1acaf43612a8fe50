//! Expiring jobs.

use serde_json::{Value, json};
use workmill_tests::{Server, instant_in, job, parse_instant};

use crate::{custom_job, kill_and_start};

fn expired(jid: &str) -> Value {
    custom_job(jid, "q", json!({"expires_at": instant_in(-1)}))
}

#[test]
fn a_fetch_passes_over_expired_jobs_however_many() {
    let mut server = Server::start();
    let mut client = server.client();
    let many: Vec<Value> = (0..3_000)
        .map(|number| expired(&format!("jid-{number:06}")))
        .collect();
    assert_eq!(client.push_bulk(&many), json!({}));
    client.push(&job("jid-usable", "q"));
    let mut client = kill_and_start(&mut server);
    assert_eq!(client.queue_size("q"), Some(3_001));
    assert_eq!(client.fetch_jid("q"), "jid-usable");
    let info = client.info();
    assert_eq!(info["faktory"]["total_expired"], 3_000);
    assert_eq!(info["faktory"]["total_processed"], 0);
    assert_eq!(info["faktory"]["total_failures"], 0);
    assert_eq!(info["faktory"]["queues"]["q"], 0);
}

#[test]
fn a_time_becomes_a_moment_and_the_job_can_be_pushed_again() {
    let server = Server::start();
    let mut client = server.client();
    for expires_in in [json!(90), json!("1m30s"), json!(90.0)] {
        let custom = json!({"a": [1], "expires_in": expires_in, "z": 2});
        client.push(&custom_job("jid-000001", "q", custom));
        let fetched = client.fetch_now("q");
        let custom = &fetched["custom"];
        let keys: Vec<&String> = custom.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["a", "expires_at", "z"], "{custom}");
        let lifetime = parse_instant(&custom["expires_at"])
            .duration_since(parse_instant(&fetched["created_at"]));
        assert_eq!(lifetime.as_secs(), 90);
        client.ack("jid-000001");
        client.push(&fetched);
        assert_eq!(client.fetch_now("q")["custom"], *custom);
        client.ack("jid-000001");
    }
}

#[test]
fn the_time_of_a_job_for_later_counts_from_then() {
    let server = Server::start();
    let mut client = server.client();
    let mut later = custom_job("jid-000001", "q", json!({"expires_in": 0.5}));
    later["at"] = json!("2999-12-31T23:59:59Z");
    client.push(&later);
    client.ok(r#"MUTATE {"cmd":"requeue","target":"scheduled"}"#);
    let custom = &client.fetch_now("q")["custom"];
    assert_eq!(*custom, json!({"expires_at": "2999-12-31T23:59:59.5Z"}));
}

#[test]
fn a_job_that_expires_gives_its_lock_back_and_leaves_nothing() {
    let server = Server::start();
    let mut client = server.client();
    let custom = json!({"expires_in": 0, "unique_for": 600, "track": 1});
    client.push(&custom_job("jid-000001", "q", custom));
    client.push(&job("jid-000002", "q"));
    assert_eq!(client.fetch_jid("q"), "jid-000002");
    client.push(&custom_job("jid-000003", "q", json!({"unique_for": 600})));
    let track = client.cmd("TRACK GET jid-000001").json();
    assert_eq!(track["state"], "unknown");
    assert_eq!(client.task_size("Dead"), 0);
}

#[test]
fn an_expired_job_with_a_worker_is_finished() {
    let server = Server::start();
    let mut client = server.client();
    let mut later = custom_job("jid-000001", "q", json!({"expires_in": 1}));
    later["custom"]["retry_delays"] = json!([0]);
    client.push(&later);
    let fetched = client.fetch_now("q");
    // The retry, which comes a second later at the earliest, is too late.
    client.wait_for_info(|info| {
        parse_instant(&info["now"]) > parse_instant(&fetched["custom"]["expires_at"])
    });
    assert_eq!(client.task_size("Busy"), 1);
    client.fail("jid-000001");
    client.wait_for_info(|info| info["faktory"]["queues"]["q"] == 1);
    assert_eq!(client.fetch("q"), None);
    assert_eq!(client.info()["faktory"]["total_expired"], 1);
}
