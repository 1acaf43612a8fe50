//! Expiring jobs: dropped when they would be handed out too late.

use serde_json::{Value, json};
use workmill_engine::Op;
use workmill_proto::{CustomReading, Timestamp};
use workmill_store::CallbackState::{Queued, Waiting};

use crate::world::World;

fn expires_in(value: &Value) -> Value {
    json!({"custom": {"expires_in": value}})
}

#[test]
fn a_job_is_dropped_exactly_from_its_moment_on() {
    for (late_micros, jid) in [(-1, "jid-00001"), (0, "jid-00002"), (1, "jid-00002")] {
        let mut world = World::new();
        let at = world.now.plus_secs(10);
        let custom = json!({"expires_at": at.to_string()});
        world.push("jid-00001", "q", json!({ "custom": custom }));
        world.push("jid-00002", "q", json!({}));
        world.now = Timestamp::from_micros(at.as_micros() + late_micros);
        assert_eq!(world.fetch(&["q"], "w").jid(), jid, "{late_micros} µs");
    }
}

#[test]
fn an_expired_job_is_counted_as_such_and_as_nothing_else() {
    let mut world = World::new();
    world.push("jid-00001", "q", expires_in(&json!(5)));
    world.push("jid-00002", "r", json!({}));
    world.pass(5);
    assert_eq!(world.size("q"), 1, "it stays until it would be handed out");
    let next = world.fetch(&["q", "r"], "w");
    assert_eq!(next.jid(), "jid-00002", "the same FETCH goes on");
    let totals = world.totals();
    let counts = totals.counts;
    assert_eq!(
        (counts.expired, counts.processed, counts.failures),
        (1, 0, 0)
    );
    assert_eq!(
        (totals.working, totals.dead, totals.queues["q"].size),
        (1, 0, 0)
    );
    let days: u64 = world
        .days(0, i64::MAX)
        .iter()
        .map(|(_, day)| day.expired)
        .sum();
    assert_eq!(days, 1);
    world.restart();
    assert_eq!(world.totals().counts.expired, 1);
}

#[test]
fn expires_in_becomes_a_moment_in_the_payload() {
    for value in [json!(90), json!("1m30s"), json!(90.0)] {
        let mut world = World::new();
        let wanted = world.now.plus_secs(90);
        let custom = json!({"a": 1, "expires_in": value});
        world.push("jid-00001", "q", json!({ "custom": custom }));
        let custom = world.fetch(&["q"], "w").payload["custom"].clone();
        let mut members = custom.as_object().unwrap().clone();
        let at = members.remove("expires_at").unwrap();
        assert_eq!(
            Timestamp::parse_rfc3339(at.as_str().unwrap()),
            Some(wanted),
            "{value}"
        );
        assert_eq!(json!(members), json!({"a": 1}), "expires_in is gone");
    }
}

#[test]
fn a_fetched_job_can_be_pushed_again_with_the_same_moment() {
    let mut world = World::new();
    world.push("jid-00001", "q", expires_in(&json!(90)));
    world.pass(30);
    let mut payload = world.fetch(&["q"], "w").payload;
    let custom = payload["custom"].clone();
    payload["jid"] = json!("jid-again");
    let op = world.push_op(&payload);
    world.ok(op);
    world.pass(59);
    let again = world.fetch(&["q"], "w");
    assert_eq!(again.payload["custom"], custom);
    world.requeue("jid-again", "w");
    world.pass(1);
    world.assert_nothing(&["q"]);
}

#[test]
fn the_time_of_a_scheduled_job_counts_from_its_moment() {
    let mut world = World::new();
    let at = world.now.plus_secs(100).to_string();
    let mut more = expires_in(&json!(10));
    more["at"] = json!(at);
    for jid in ["jid-00001", "jid-00002"] {
        world.push(jid, "q", more.clone());
    }
    world.pass(109);
    world.fetch(&["q"], "w");
    world.pass(1);
    world.assert_nothing(&["q"]);
    assert_eq!(world.totals().counts.expired, 1);
}

#[test]
fn what_is_not_understood_is_refused() {
    let mut world = World::new();
    let both = json!({"expires_in": 5, "expires_at": "2026-03-01T10:00:00Z"});
    for custom in [
        both,
        json!({"expires_at": "soon"}),
        json!({"expires_at": 5}),
        json!({"expires_in": "soon"}),
        json!({"expires_in": -1}),
    ] {
        let error = world.push_refused("jid-00001", "q", json!({ "custom": custom }));
        assert!(error.text.contains("expires_"), "{}", error.text);
    }
    assert_eq!(world.size("q"), 0);
}

#[test]
fn a_job_that_came_too_late_is_taken_in_and_dropped() {
    let mut world = World::new();
    let custom = json!({"expires_at": "2020-01-01T00:00:00"});
    world.push("jid-00001", "q", json!({ "custom": custom }));
    world.assert_nothing(&["q"]);
    assert_eq!(world.totals().counts.expired, 1);
}

#[test]
fn a_retry_that_is_due_too_late_is_dropped() {
    let mut world = World::new();
    let mut more = expires_in(&json!(5));
    more["custom"]["track"] = json!(1);
    world.push("jid-00001", "q", more);
    world.fetch(&["q"], "w");
    world.fail("jid-00001", "w");
    world.pass(60);
    world.assert_nothing(&["q"]);
    let totals = world.totals();
    assert_eq!((totals.retries, totals.counts.expired), (0, 1));
}

#[test]
fn a_job_that_a_worker_has_does_not_expire() {
    let mut world = World::new();
    world.push("jid-00001", "q", expires_in(&json!(5)));
    world.fetch(&["q"], "w");
    world.pass(60);
    world.ack("jid-00001", "w");
    let counts = world.totals().counts;
    assert_eq!((counts.processed, counts.expired), (1, 0));
}

#[test]
fn an_expired_member_is_done_for_its_batch() {
    let mut world = World::new();
    let bid = world.batch_with(&["success"], "");
    let custom = json!({"expires_in": 5, "bid": bid});
    world.push("jid-00001", "q", json!({ "custom": custom }));
    world.push("jid-00002", "q", json!({ "custom": custom }));
    world.commit(&bid);
    world.fetch(&["q"], "w");
    world.fail("jid-00001", "w");
    assert_eq!(world.members(&bid), (2, 1, 1));
    world.pass(60);
    assert_eq!(world.callbacks(&bid).1, Waiting);
    world.assert_nothing(&["q"]);
    assert_eq!(world.members(&bid), (2, 0, 0));
    assert_eq!(world.callbacks(&bid).1, Queued);
    assert_eq!(world.run_callback()["jobtype"], "success");
}

/// 10,000 jobs in `q` that have expired, then one that has not.
fn world_of_expired() -> World {
    let mut world = World::new();
    let jobs: Vec<_> = (0..10_000)
        .map(|index| world.job(&format!("job-{index:06}"), "q", expires_in(&json!(5))))
        .collect();
    assert!(world.push_bulk(jobs.into_iter()).is_empty());
    world.push("jid-good1", "q", json!({}));
    world.pass(5);
    world
}

#[test]
fn a_fetch_goes_past_ten_thousand_expired_jobs_in_slices() {
    let mut world = world_of_expired();
    let waiting = world.wait(&["q"], "w");
    assert!(world.totals().counts.expired < 1_000, "a slice only");
    assert_eq!(world.next_deadline(), Some(world.now), "it goes on at once");
    let groups = world.settle();
    assert!(groups >= 10, "{groups} groups");
    assert_eq!(world.served(waiting).jid(), "jid-good1");
    assert_eq!(world.totals().counts.expired, 10_000);
    assert_eq!(world.settle(), 0, "nothing more is to be done");
}

#[test]
fn others_are_served_while_expired_jobs_are_passed_over() {
    let mut world = world_of_expired();
    let behind = world.wait(&["q"], "w");
    let other = world.wait(&["other"], "w2");
    world.push("jid-other", "other", json!({}));
    assert_eq!(world.served(other).jid(), "jid-other");
    for jid in ["jid-new-1", "jid-new-2"] {
        world.push(jid, "other", json!({}));
    }
    assert_eq!(world.fetch(&["other"], "w3").jid(), "jid-new-1");
    assert_eq!(world.fetch(&["other"], "w3").jid(), "jid-new-2");
    assert!(world.totals().counts.expired < 10_000);
    world.settle();
    assert_eq!(world.served(behind).jid(), "jid-good1");
}

#[test]
fn a_fetch_that_is_behind_expired_jobs_looks_at_no_later_queue_before() {
    let mut world = world_of_expired();
    world.push("jid-later", "later", json!({}));
    let waiting = world.wait(&["q", "later"], "w");
    world.settle();
    assert_eq!(world.served(waiting).jid(), "jid-good1");
}

#[test]
fn many_fetches_that_wait_behind_expired_jobs_do_not_lengthen_a_slice() {
    let mut world = world_of_expired();
    for _ in 0..1_000 {
        world.wait(&["q"], "w");
    }
    let before = world.totals().counts.expired;
    world.group(vec![]);
    let passed_over = world.totals().counts.expired - before;
    assert!(passed_over <= 1_010, "{passed_over} of two groups");
}

#[test]
fn a_fetch_is_answered_nothing_in_time_while_jobs_are_passed_over() {
    let mut world = world_of_expired();
    let waiting = world.wait(&["q"], "w");
    world.now = world.now.plus(std::time::Duration::from_millis(1_900));
    world.group(vec![]);
    assert!(world.answer(waiting).is_some());
    assert!(world.totals().counts.expired < 2_000);
}

#[test]
fn nothing_is_dropped_by_a_group_that_fails() {
    let mut world = World::new();
    let job = world.job("jid-00001", "q", expires_in(&json!(5)));
    let op = Op::push(job, world.now, CustomReading::ALL).unwrap();
    world.ok(op);
    world.pass(5);
    let ticket = world.next_ticket();
    let op = crate::world::fetch_op(&["q"], "w");
    let fetch = [workmill_engine::Request { ticket, op }];
    world.try_slice(&fetch, false).unwrap();
    let totals = world.totals();
    assert_eq!((totals.queues["q"].size, totals.counts.expired), (1, 0));
    world.slice(&fetch);
    assert_eq!(world.totals().counts.expired, 1);
}

/// A job that has expired in a set: killed, still scheduled, or waiting for its retry.
fn expired_in(world: &mut World, set: &str) {
    let custom = json!({"unique_for": 9_000, "expires_in": 5});
    let mut more = json!({"custom": custom, "retry": 9});
    if set == "scheduled" {
        let at = world.now.plus_secs(3_000);
        let expires_at = world.now.plus_secs(5).to_string();
        more["at"] = json!(at.to_string());
        more["custom"] = json!({"unique_for": 9_000, "expires_at": expires_at});
    }
    world.push("jid-00001", "q", more);
    if set != "scheduled" {
        world.fetch(&["q"], "w");
        world.fail("jid-00001", "w");
    }
    if set == "dead" {
        world.mutate(json!({"cmd": "kill", "target": "retries"}));
    }
    world.now = world.now.plus_secs(6);
}

#[test]
fn an_operators_requeue_wins_over_the_expiry() {
    for set in ["dead", "scheduled", "retries"] {
        let mut world = World::new();
        expired_in(&mut world, set);
        world.mutate(json!({"cmd": "requeue", "target": set, "filter": {"jids": ["jid-00001"]}}));
        // For good: after a restart, and when the job fails and comes back.
        world.restart();
        assert_eq!(world.fetch(&["q"], "w").jid(), "jid-00001", "{set}");
        world.fail("jid-00001", "w");
        world.mutate(json!({"cmd": "kill", "target": "retries"}));
        world.mutate(json!({"cmd": "requeue", "target": "dead"}));
        assert_eq!(world.fetch(&["q"], "w").jid(), "jid-00001", "{set}");
        world.ack("jid-00001", "w");
        assert_eq!(world.totals().counts.expired, 0, "{set}");
        world.push("jid-00002", "q", json!({"custom": {"unique_for": 9}}));
    }
}

#[test]
fn a_requeued_job_that_has_not_expired_still_does() {
    let mut world = World::new();
    let custom = json!({"expires_in": 100});
    world.push("jid-00001", "q", json!({"custom": custom, "retry": -1}));
    world.fetch(&["q"], "w");
    world.fail("jid-00001", "w");
    world.mutate(json!({"cmd": "requeue", "target": "dead"}));
    world.now = world.now.plus_secs(100);
    world.assert_nothing(&["q"]);
    assert_eq!(world.totals().counts.expired, 1);
}

#[test]
fn promotion_does_not_lift_the_expiry() {
    for set in ["scheduled", "retries"] {
        let mut world = World::new();
        expired_in(&mut world, set);
        world.pass(3_000);
        assert_eq!(world.size("q"), 1, "{set}");
        world.assert_nothing(&["q"]);
        assert_eq!(world.totals().counts.expired, 1, "{set}");
    }
}
