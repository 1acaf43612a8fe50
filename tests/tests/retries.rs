//! FAIL and what becomes of a failed job.

use serde_json::{Value, json};
use workmill_tests::{Client, Server, job, parse_instant};

fn push_and_fail(client: &mut Client, job: &Value, report: &Value) {
    client.push(job);
    client.fetch_now("q");
    client.ok(format!("FAIL {report}"));
}

/// Puts everything from the retries back into play, and fetches one job.
fn retry(client: &mut Client) -> Value {
    client.ok(r#"MUTATE {"cmd":"requeue","target":"retries"}"#);
    client.fetch_now("q")
}

fn job_with(key: &str, value: Value) -> Value {
    let mut job = job("12345678", "q");
    job[key] = value;
    job
}

fn sizes(client: &mut Client) -> (u64, u64, u64) {
    (
        client.task_size("Busy"),
        client.task_size("Retries"),
        client.task_size("Dead"),
    )
}

#[test]
fn failed_job_goes_to_the_retries_and_counts() {
    let server = Server::start();
    let mut client = server.client();
    client.push(&job("12345678", "q"));
    client.fetch_now("q");
    assert_eq!(sizes(&mut client), (1, 0, 0));
    client.fail("12345678");
    assert_eq!(sizes(&mut client), (0, 1, 0));
    let info = client.info();
    assert_eq!(info["faktory"]["total_failures"], 1);
    assert_eq!(info["faktory"]["total_processed"], 1);
    assert_eq!(info["faktory"]["queues"]["q"], 0);
}

#[test]
fn fetch_shows_what_failed() {
    let server = Server::start();
    let mut client = server.client();
    let report = json!({"jid": "12345678", "errtype": "RuntimeError", "message": "it broke", "backtrace": ["line 1", "line 2"]});
    push_and_fail(&mut client, &job("12345678", "q"), &report);
    let failure = retry(&mut client)["failure"].clone();
    assert_eq!(failure["retry_count"], 0);
    assert_eq!(failure["remaining"], 25);
    assert_eq!(failure["errtype"], "RuntimeError");
    assert_eq!(failure["message"], "it broke");
    assert_eq!(failure["backtrace"], json!(["line 1", "line 2"]));
    let delay =
        parse_instant(&failure["next_at"]).duration_since(parse_instant(&failure["failed_at"]));
    assert!(
        (15..=44).contains(&delay.as_secs()),
        "the first delay is 15 s and up to 29 s more, not {delay}"
    );
}

#[test]
fn failure_has_no_backtrace_if_none_was_sent() {
    let server = Server::start();
    let mut client = server.client();
    for backtrace in [None, Some(json!(null)), Some(json!([]))] {
        let mut report = json!({"jid": "12345678", "errtype": "E", "message": "m"});
        if let Some(backtrace) = backtrace {
            report["backtrace"] = backtrace;
        }
        push_and_fail(&mut client, &job("12345678", "q"), &report);
        let failed = retry(&mut client);
        let mut keys: Vec<&String> = failed["failure"].as_object().unwrap().keys().collect();
        keys.sort();
        assert_eq!(
            keys,
            [
                "errtype",
                "failed_at",
                "message",
                "next_at",
                "remaining",
                "retry_count"
            ],
            "{report}"
        );
        client.ack("12345678");
    }
}

#[test]
fn further_failures_count_up_and_keep_the_first_instant() {
    let server = Server::start();
    let mut client = server.client();
    push_and_fail(
        &mut client,
        &job("12345678", "q"),
        &json!({"jid": "12345678", "message": "first"}),
    );
    let first = retry(&mut client);
    client.ok(r#"FAIL {"jid":"12345678","message":"second"}"#);
    let second = retry(&mut client);
    assert_eq!(second["failure"]["retry_count"], 1);
    assert_eq!(second["failure"]["remaining"], 24);
    assert_eq!(second["failure"]["message"], "second");
    assert_eq!(
        second["failure"]["failed_at"],
        first["failure"]["failed_at"]
    );
    assert!(
        parse_instant(&second["failure"]["next_at"])
            > parse_instant(&second["failure"]["failed_at"])
    );
}

#[test]
fn report_with_only_a_jid_is_enough() {
    let server = Server::start();
    let mut client = server.client();
    push_and_fail(
        &mut client,
        &job("12345678", "q"),
        &json!({"jid": "12345678"}),
    );
    let failed = retry(&mut client);
    assert_eq!(failed["failure"]["errtype"], "unknown");
    assert_eq!(failed["failure"]["message"], "unknown");
}

#[test]
fn blank_and_null_texts_count_as_missing() {
    let server = Server::start();
    let mut client = server.client();
    let report = json!({"jid": "12345678", "errtype": "  \t", "message": null, "backtrace": null});
    push_and_fail(&mut client, &job("12345678", "q"), &report);
    let failed = retry(&mut client);
    assert_eq!(failed["failure"]["errtype"], "unknown");
    assert_eq!(failed["failure"]["message"], "unknown");
}

#[test]
fn texts_are_trimmed_and_cut_at_a_character() {
    let server = Server::start();
    let mut client = server.client();
    let report = json!({
        "jid": "12345678",
        "errtype": format!("  {}", "ä".repeat(80)),
        "message": format!("x{}  ", "ä".repeat(800)),
        "backtrace": (0..80).map(|line| format!("line {line}")).collect::<Vec<_>>(),
    });
    push_and_fail(&mut client, &job("12345678", "q"), &report);
    let failed = retry(&mut client);
    assert_eq!(failed["failure"]["errtype"], "ä".repeat(50), "100 bytes");
    assert_eq!(
        failed["failure"]["message"],
        format!("x{}", "ä".repeat(499)),
        "at most 1000 bytes, no half character"
    );
    let backtrace = failed["failure"]["backtrace"].as_array().unwrap();
    assert_eq!(backtrace.len(), 50);
    assert_eq!(backtrace[49], "line 49");
}

#[test]
fn job_with_retry_zero_vanishes_and_counts() {
    let server = Server::start();
    let mut client = server.client();
    push_and_fail(
        &mut client,
        &job_with("retry", json!(0)),
        &json!({"jid": "12345678"}),
    );
    assert_eq!(sizes(&mut client), (0, 0, 0));
    let info = client.info();
    assert_eq!(info["faktory"]["total_failures"], 1);
    assert_eq!(info["faktory"]["total_processed"], 1);
}

#[test]
fn job_with_retry_minus_one_dies_at_once() {
    let server = Server::start();
    let mut client = server.client();
    push_and_fail(
        &mut client,
        &job_with("retry", json!(-1)),
        &json!({"jid": "12345678", "message": "m"}),
    );
    assert_eq!(sizes(&mut client), (0, 0, 1));
    client.ok(r#"MUTATE {"cmd":"requeue","target":"dead"}"#);
    let job = client.fetch_now("q");
    assert_eq!(job["failure"]["remaining"], -1);
    assert_eq!(job["failure"]["message"], "m");
}

#[test]
fn job_dies_after_its_retries_are_used_up() {
    let server = Server::start();
    let mut client = server.client();
    let job = job_with("retry", json!(2));
    client.push(&job);
    for run in 0..2 {
        if run > 0 {
            client.ok(r#"MUTATE {"cmd":"requeue","target":"retries"}"#);
        }
        client.fetch_now("q");
        client.fail("12345678");
        assert_eq!(sizes(&mut client), (0, 1, 0), "after run {run}");
    }
    retry(&mut client);
    client.fail("12345678");
    assert_eq!(sizes(&mut client), (0, 0, 1), "two retries are three runs");
    client.ok(r#"MUTATE {"cmd":"requeue","target":"dead"}"#);
    let dead = client.fetch_now("q");
    assert_eq!(dead["failure"]["retry_count"], 2);
    assert_eq!(dead["failure"]["remaining"], 0);
}

#[test]
fn failure_of_a_client_is_not_trusted_for_counting() {
    let server = Server::start();
    let mut client = server.client();
    let mut pushed = job_with("retry", json!(2));
    pushed["failure"] =
        json!({"retry_count": 99, "remaining": 0, "failed_at": "2020-01-01T00:00:00Z"});
    push_and_fail(&mut client, &pushed, &json!({"jid": "12345678"}));
    assert_eq!(
        sizes(&mut client),
        (0, 1, 0),
        "it is the first failure that the server knows of"
    );
}

#[test]
fn failed_job_comes_back_by_itself_with_its_failure() {
    let server = Server::start();
    let mut client = server.client();
    push_and_fail(
        &mut client,
        &job_with("custom", json!({"retry_delays": [1, 2]})),
        &json!({"jid": "12345678", "message": "m"}),
    );
    let job = (0..10)
        .find_map(|_| client.fetch("q"))
        .expect("the job is retried");
    assert_eq!(job["failure"]["message"], "m");
    assert!(
        parse_instant(&job["enqueued_at"]) >= parse_instant(&job["failure"]["next_at"]),
        "not before its time: {job}"
    );
    assert_eq!(sizes(&mut client), (1, 0, 0));
}

#[test]
fn own_delays_are_taken_in_turn_and_the_last_repeats() {
    let server = Server::start();
    let mut client = server.client();
    client.push(&job_with(
        "custom",
        json!({"retry_delays": [100, 2000, 60_000]}),
    ));
    let mut job = client.fetch_now("q");
    let mut delays = Vec::new();
    for _ in 0..4 {
        client.fail("12345678");
        let before = job["failure"]["next_at"].clone();
        job = retry(&mut client);
        assert_ne!(job["failure"]["next_at"], before);
        delays.push(parse_instant(&job["failure"]["next_at"]));
    }
    let failed_at = parse_instant(&job["failure"]["failed_at"]);
    for (next_at, expected) in delays.into_iter().zip([100, 2000, 60_000, 60_000]) {
        let secs = next_at.duration_since(failed_at).as_secs();
        // Later failures happened some seconds after the first one, from which they are counted here.
        assert!(
            (expected..expected + 60).contains(&secs),
            "{secs} s instead of {expected} s"
        );
    }
}

#[test]
fn own_backoff_of_each_kind_is_taken() {
    let server = Server::start();
    let mut client = server.client();
    for kind in ["exponential", "linear", "constant"] {
        let custom = json!({"retry_backoff": {"kind": kind, "base": 1000, "max": 4000}});
        push_and_fail(
            &mut client,
            &job_with("custom", custom.clone()),
            &json!({"jid": "12345678"}),
        );
        let job = retry(&mut client);
        assert_eq!(job["custom"], custom);
        let delay = parse_instant(&job["failure"]["next_at"])
            .duration_since(parse_instant(&job["failure"]["failed_at"]));
        assert!((1000..=4000).contains(&delay.as_secs()), "{kind}: {delay}");
        client.ack("12345678");
    }
}

#[test]
fn own_backoff_that_is_not_understood_is_refused() {
    let server = Server::start();
    let mut client = server.client();
    for custom in [
        json!({"retry_delays": "10"}),
        json!({"retry_delays": ["10"]}),
        json!({"retry_backoff": {"kind": "fibonacci", "base": 1, "max": 2}}),
        json!({"retry_backoff": 5}),
    ] {
        let error = client.refused(format!("PUSH {}", job_with("custom", custom)));
        assert!(error.contains("retry_"), "{error}");
    }
    assert_eq!(client.queue_size("q"), None);
}

#[test]
fn job_is_failed_once_only() {
    let server = Server::start();
    let mut client = server.client();
    client.push(&job("12345678", "q"));
    client.fetch_now("q");
    client.fail("12345678");
    assert_eq!(
        client.refused(r#"FAIL {"jid":"12345678"}"#),
        "ERR Job not found 12345678"
    );
    client.ack("12345678");
    assert_eq!(sizes(&mut client), (0, 1, 0));
    let info = client.info();
    assert_eq!(info["faktory"]["total_processed"], 1);
    assert_eq!(info["faktory"]["total_failures"], 1);
}

#[test]
fn failed_job_keeps_its_payload_byte_for_byte() {
    let server = Server::start();
    let mut client = server.client();
    let payload = r#""args":[12345678901234567890,{"z":1.0,"a":"\u003c"}],"zulu":[1e400]}"#;
    client.ok(format!(
        r#"PUSH {{"jid":"12345678","queue":"q","jobtype":"T",{payload}"#
    ));
    client.cmd("FETCH q").bulk();
    client.fail("12345678");
    client.ok(r#"MUTATE {"cmd":"requeue","target":"retries"}"#);
    let text = client.cmd("FETCH q").text();
    assert!(text.ends_with(payload), "{text}");
    assert!(text.starts_with(r#"{"retry":25,"failure":{"#), "{text}");
}
