//! FAIL: retries, back-off, death, counters.

use serde_json::{Value, json};
use workmill_engine::Rules;
use workmill_proto::Timestamp;

use crate::world::World;

/// Fails the only job of `q` once; returns how long until it is tried again, in seconds, if it is.
fn fail_once(world: &mut World, jid: &str) -> Option<i64> {
    world.fetch(&["q"], "w");
    world.fail(jid, "w");
    if world.totals().retries == 0 {
        return None;
    }
    let failed_at = world.now;
    for secs in 1.. {
        world.pass(1);
        if world.size("q") == 1 {
            assert!(world.now <= failed_at.plus_secs(secs));
            return Some(secs);
        }
    }
    None
}

fn delays(custom: Value, count: usize) -> Vec<i64> {
    let mut world = World::new();
    world.push("jid-00001", "q", json!({ "custom": custom }));
    (0..count)
        .map(|_| fail_once(&mut world, "jid-00001").unwrap())
        .collect()
}

#[test]
fn retry_two_means_three_executions_and_then_death() {
    let mut world = World::new();
    world.push(
        "jid-00001",
        "q",
        json!({"retry": 2, "custom": {"retry_delays": [1]}}),
    );
    for (retry_count, remaining) in [(0, 2), (1, 1)] {
        assert!(fail_once(&mut world, "jid-00001").is_some());
        let job = world.fetch(&["q"], "w");
        let failure = &job.payload["failure"];
        assert_eq!(failure["retry_count"], retry_count);
        assert_eq!(failure["remaining"], remaining);
        world.ok(workmill_engine::Op::Nack(vec![job.tag]));
    }
    assert!(fail_once(&mut world, "jid-00001").is_none());
    let totals = world.totals();
    assert_eq!((totals.dead, totals.retries, totals.working), (1, 0, 0));
    assert_eq!((totals.counts.processed, totals.counts.failures), (3, 3));
}

#[test]
fn the_failure_tells_what_when_and_when_next() {
    let mut world = World::new();
    world.push(
        "jid-00001",
        "q",
        json!({"custom": {"retry_delays": [10, 20]}}),
    );
    world.fetch(&["q"], "w");
    let first_failed_at = world.now;
    world.fail("jid-00001", "w");
    world.pass(10);
    world.fetch(&["q"], "w");
    let failed_again_at = world.now;
    world.fail("jid-00001", "w");
    world.pass(20);
    let job = world.fetch(&["q"], "w").payload;
    assert_eq!(
        job["failure"],
        json!({
            "retry_count": 1, "remaining": 24, "failed_at": first_failed_at.to_string(),
            "next_at": failed_again_at.plus_secs(20).to_string(),
            "message": "it broke", "errtype": "Boom",
        })
    );
    assert_eq!(
        job["enqueued_at"],
        failed_again_at.plus_secs(20).to_string()
    );
}

#[test]
fn retry_zero_leaves_no_trace_but_a_count() {
    let mut world = World::new();
    world.push("jid-00001", "q", json!({"retry": 0}));
    assert!(fail_once(&mut world, "jid-00001").is_none());
    let totals = world.totals();
    assert_eq!(
        (totals.dead, totals.working, totals.counts.failures),
        (0, 0, 1)
    );
}

#[test]
fn retry_minus_one_is_dead_at_once() {
    let mut world = World::new();
    world.push("jid-00001", "q", json!({"retry": -1}));
    assert!(fail_once(&mut world, "jid-00001").is_none());
    assert_eq!(world.totals().dead, 1);
    world.mutate(json!({"cmd": "requeue", "target": "dead"}));
    let failure = world.fetch(&["q"], "w").payload["failure"].clone();
    assert_eq!(
        (&failure["remaining"], &failure["retry_count"]),
        (&json!(-1), &json!(0))
    );
    assert!(failure.get("next_at").is_none());
}

#[test]
fn a_failure_made_up_by_the_client_is_shown_but_not_believed() {
    let mut world = World::new();
    let made_up = json!({"retry_count": 24, "remaining": 1, "failed_at": "1999-01-01T00:00:00Z"});
    world.push("jid-00001", "q", json!({ "failure": made_up }));
    let job = world.fetch(&["q"], "w");
    assert_eq!(job.payload["failure"], made_up);
    world.ok(workmill_engine::Op::Nack(vec![job.tag]));
    assert!(fail_once(&mut world, "jid-00001").is_some());
    let failure = world.fetch(&["q"], "w").payload["failure"].clone();
    assert_eq!(failure["retry_count"], 0);
    assert_ne!(failure["failed_at"], "1999-01-01T00:00:00Z");
}

#[test]
fn the_delay_grows_as_in_faktory() {
    for (count, delay) in delays(json!({}), 6).into_iter().enumerate() {
        let count = i64::try_from(count).unwrap();
        let least = count.pow(4) + 15;
        let most = least + 29 * (count + 1) + 1;
        assert!((least..=most).contains(&delay), "retry {count}: {delay} s");
    }
}

#[test]
fn a_job_can_bring_its_own_delays() {
    assert_eq!(delays(json!({"retry_delays": [3, 7]}), 4), [3, 7, 7, 7]);
    let linear = json!({"retry_backoff": {"kind": "linear", "base": 4, "max": 10}});
    assert_eq!(delays(linear, 4), [4, 8, 10, 10]);
    let exponential = json!({"retry_backoff": {"kind": "exponential", "base": 2, "max": 60}});
    assert_eq!(delays(exponential, 6), [2, 4, 8, 16, 32, 60]);
    assert_eq!(
        delays(json!({"retry_backoff": {"kind": "constant", "base": 5}}), 3),
        [5, 5, 5]
    );
}

#[test]
fn the_dead_set_keeps_the_youngest() {
    let mut world = World::with_rules(Rules {
        dead_jobs_max: 3,
        ..Rules::default()
    });
    for index in 0..5 {
        world.push(&format!("job-{index:06}"), "q", json!({"retry": -1}));
        fail_once(&mut world, &format!("job-{index:06}"));
        world.pass(1);
    }
    assert_eq!(world.totals().dead, 3);
    world.mutate(json!({"cmd": "requeue", "target": "dead"}));
    assert_eq!(world.fetch(&["q"], "w").jid(), "job-000002");
}

#[test]
fn a_lowered_limit_of_the_dead_set_holds_from_the_next_purge_on() {
    let mut world = World::new();
    for index in 0..5 {
        world.push(&format!("job-{index:06}"), "q", json!({"retry": -1}));
        fail_once(&mut world, &format!("job-{index:06}"));
    }
    world.set_rules(Rules {
        dead_jobs_max: 2,
        ..Rules::default()
    });
    assert_eq!(world.totals().dead, 5);
    world.tick(workmill_engine::Duty::Purge);
    assert_eq!(world.totals().dead, 2);
}

#[test]
fn a_dead_job_is_forgotten_after_its_time() {
    let mut world = World::new();
    world.push("jid-00001", "q", json!({"retry": -1}));
    fail_once(&mut world, "jid-00001");
    world.pass(179 * 86_400);
    assert_eq!(world.totals().dead, 1);
    world.pass(2 * 86_400);
    assert_eq!(world.totals().dead, 0);
}

#[test]
fn counts_belong_to_the_utc_day_they_happen_on() {
    let mut world = World::new();
    world.now = Timestamp::parse_rfc3339("2026-03-01T23:59:58Z").unwrap();
    world.pass(1);
    for jid in ["jid-00001", "jid-00002"] {
        world.push(jid, "q", json!({"retry": 0}));
        fail_once(&mut world, jid);
        world.pass(2);
    }
    let first = Timestamp::parse_rfc3339("2026-03-01T12:00:00Z")
        .unwrap()
        .utc_day();
    let days = world.days(first, first + 1);
    let failures: Vec<(i64, u64)> = days.iter().map(|(day, c)| (*day, c.failures)).collect();
    assert_eq!(failures, [(first, 1), (first + 1, 1)]);
}
