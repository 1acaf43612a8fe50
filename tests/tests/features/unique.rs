//! Unique jobs.

use serde_json::{Value, json};
use workmill_tests::{Client, Server, instant_in, job};

use crate::{custom_job, kill_and_start};

const NOT_UNIQUE: &str = "NOTUNIQUE Job not unique";

fn unique(jid: &str) -> Value {
    custom_job(jid, "q", json!({"unique_for": 600}))
}

fn until_start(jid: &str) -> Value {
    custom_job(
        jid,
        "q",
        json!({"unique_for": 600, "unique_until": "start"}),
    )
}

fn push_refused(client: &mut Client, job: &Value) -> String {
    client.refused(format!("PUSH {job}"))
}

#[test]
fn a_duplicate_is_refused_until_the_job_has_succeeded() {
    let server = Server::start();
    let mut client = server.client();
    client.push(&unique("jid-000001"));
    assert_eq!(push_refused(&mut client, &unique("jid-000002")), NOT_UNIQUE);
    for (key, value) in [
        ("queue", json!("r")),
        ("jobtype", json!("Other")),
        ("args", json!([1])),
    ] {
        let mut other = unique("jid-other1");
        other[key] = value;
        client.push(&other);
    }
    assert_eq!(client.fetch_jid("q"), "jid-000001");
    assert_eq!(push_refused(&mut client, &unique("jid-000002")), NOT_UNIQUE);
    client.ack("jid-000001");
    client.push(&unique("jid-000002"));
    assert_eq!(client.queue_size("q"), Some(3));
    client.push(&job("jid-000003", "q"));
}

#[test]
fn a_job_unique_until_it_starts_lets_the_next_one_in_when_it_is_fetched() {
    let server = Server::start();
    let mut client = server.client();
    client.push(&until_start("jid-000001"));
    assert_eq!(
        push_refused(&mut client, &until_start("jid-000002")),
        NOT_UNIQUE
    );
    client.fetch_now("q");
    client.push(&until_start("jid-000002"));
    client.ack("jid-000001");
    assert_eq!(
        push_refused(&mut client, &until_start("jid-000003")),
        NOT_UNIQUE,
        "the lock is the second job's"
    );
}

#[test]
fn pushb_names_duplicates_also_among_its_own_jobs() {
    let server = Server::start();
    let mut client = server.client();
    client.push(&unique("jid-000001"));
    let mut other = unique("jid-000003");
    other["args"] = json!([{"a": 1, "b": 2}]);
    let mut alike = unique("jid-000004");
    alike["args"] = json!([{"b": 2, "a": 1}]);
    let mut short = custom_job("jid-000005", "q", json!({"unique_for": 0.5}));
    short["args"] = json!(["short"]);
    let jobs = [
        unique("jid-000002"),
        other,
        alike,
        short,
        custom_job("jid-000006", "q", json!({"unique_for": "soon"})),
    ];
    assert_eq!(
        client.push_bulk(&jobs),
        json!({
            "jid-000002": NOT_UNIQUE,
            "jid-000004": NOT_UNIQUE,
            "jid-000006": "custom.unique_for must be a number of seconds above 0, not \"soon\"",
        })
    );
    assert_eq!(client.queue_size("q"), Some(3));
}

#[test]
fn a_killed_server_keeps_locks() {
    let mut server = Server::start();
    let mut client = server.client();
    client.push(&unique("jid-000001"));
    let mut client = kill_and_start(&mut server);
    assert_eq!(push_refused(&mut client, &unique("jid-000002")), NOT_UNIQUE);
    client.fetch_now("q");
    let mut client = kill_and_start(&mut server);
    assert_eq!(push_refused(&mut client, &unique("jid-000002")), NOT_UNIQUE);
    client.ack("jid-000001");
    let mut client = kill_and_start(&mut server);
    client.push(&unique("jid-000002"));
}

#[test]
fn a_lock_outlives_a_job_that_is_deleted_or_killed_but_not_a_flush() {
    let server = Server::start();
    let mut client = server.client();
    for end in ["discard", "kill"] {
        let mut later = unique("jid-000001");
        later["args"] = json!([end]);
        later["at"] = json!(instant_in(3600));
        client.push(&later);
        client.ok(format!(r#"MUTATE {{"cmd":"{end}","target":"scheduled"}}"#));
        assert_eq!(client.task_size("Scheduled"), 0);
        assert_eq!(push_refused(&mut client, &later), NOT_UNIQUE, "{end}");
    }
    client.push(&unique("jid-000002"));
    client.ok("QUEUE REMOVE q");
    assert_eq!(push_refused(&mut client, &unique("jid-000003")), NOT_UNIQUE);
    client.ok("FLUSH");
    client.push(&unique("jid-000003"));
}

/// Demand 20: the lock of a job that failed blocked its own retry.
#[test]
fn a_lock_does_not_block_the_retry_of_its_own_job() {
    let server = Server::start();
    let mut client = server.client();
    let mut once = unique("jid-000001");
    once["custom"]["retry_delays"] = json!([0]);
    client.push(&once);
    client.fetch_now("q");
    client.fail("jid-000001");
    assert_eq!(push_refused(&mut client, &unique("jid-000002")), NOT_UNIQUE);
    // By itself, as it is due at once.
    client.wait_for_info(|info| info["faktory"]["queues"]["q"] == 1);
    assert_eq!(client.fetch_jid("q"), "jid-000001");
    assert_eq!(push_refused(&mut client, &unique("jid-000002")), NOT_UNIQUE);
    client.ack("jid-000001");
    client.push(&unique("jid-000002"));
}

/// Demand 20: a job for later that is unique until it starts had duplicates.
#[test]
fn a_job_for_later_that_is_unique_until_it_starts_has_no_duplicates() {
    let server = Server::start();
    let mut client = server.client();
    let mut later = until_start("jid-000001");
    later["at"] = json!(instant_in(3600));
    client.push(&later);
    assert_eq!(
        push_refused(&mut client, &until_start("jid-000002")),
        NOT_UNIQUE
    );
    later["jid"] = json!("jid-000002");
    assert_eq!(push_refused(&mut client, &later), NOT_UNIQUE);
    client.ok(r#"MUTATE {"cmd":"requeue","target":"scheduled"}"#);
    assert_eq!(
        push_refused(&mut client, &until_start("jid-000002")),
        NOT_UNIQUE
    );
    client.fetch_now("q");
    client.push(&until_start("jid-000002"));
}

#[test]
fn a_recurring_job_that_is_unique_waits_for_the_one_before() {
    let config = "[[cron]]\nschedule = \"* * * * * *\"\n[cron.job]\ntype = \"Pulse\"\nqueue = \"pulse\"\n\
         [[cron]]\nschedule = \"* * * * * *\"\n[cron.job]\ntype = \"Once\"\nqueue = \"once\"\n\
         custom = { unique_for = 600 }\n";
    let server = Server::builder().config(config).start();
    let mut client = server.client();
    // The other entry of each second is done in the same second.
    client.wait_for_info(|info| info["faktory"]["queues"]["pulse"].as_u64() > Some(2));
    assert_eq!(client.queue_size("once"), Some(1));
    server.wait_for_log("Job not unique");
    let jid = client.fetch_jid("once");
    client.ack(&jid);
    client.wait_for_info(|info| info["faktory"]["queues"]["once"] == 1);
}
