//! What frees a lock before its time, and what does not.

use serde_json::json;
use workmill_engine::{Duty, Op};

use super::{UNTIL_SUCCESS, assert_locked, unique, until_start};
use crate::world::World;

#[test]
fn an_expired_reservation_does_not_free_the_lock() {
    let mut world = World::new();
    let mut more = unique();
    more["reserve_for"] = json!(60);
    world.push("jid-00001", "q", more);
    world.fetch(&["q"], "w");
    world.pass(62);
    assert_eq!(world.totals().retries, 1);
    assert_locked(&mut world, unique());
}

#[test]
fn a_late_ack_does_not_free_the_lock_of_another_job() {
    let mut world = World::new();
    world.push("jid-00001", "q", json!({"custom": {"unique_for": 10}}));
    world.fetch(&["q"], "w");
    world.pass(10);
    world.push("jid-00002", "q", unique());
    world.ack("jid-00001", "w");
    assert_locked(&mut world, unique());
    world.perform("q");
    world.push("jid-00003", "q", unique());
}

#[test]
fn a_job_that_is_deleted_killed_or_exhausted_leaves_its_lock() {
    type End = fn(&mut World);
    let ends: [(&str, End); 5] = [
        ("discarded", |world| {
            world.fail("jid-00001", "w");
            let filter = json!({"jids": ["jid-00001"]});
            world.mutate(json!({"cmd": "discard", "target": "retries", "filter": filter}));
        }),
        ("cleared", |world| {
            world.fail("jid-00001", "w");
            world.mutate(json!({"cmd": "clear", "target": "retries"}));
            world.tick(Duty::Sweep);
        }),
        ("killed", |world| {
            world.fail("jid-00001", "w");
            world.mutate(json!({"cmd": "kill", "target": "retries"}));
        }),
        ("exhausted", |world| {
            for _ in 0..2 {
                world.fail("jid-00001", "w");
                world.pass(60);
                world.try_fetch(&["q"], "w").ok();
            }
        }),
        ("removed", |world| {
            world.requeue("jid-00001", "w");
            world.queue("REMOVE q");
            world.tick(Duty::Sweep);
        }),
    ];
    for (name, end) in ends {
        let mut world = World::new();
        let mut more = unique();
        more["retry"] = json!(1);
        world.push("jid-00001", "q", more);
        world.fetch(&["q"], "w");
        end(&mut world);
        let totals = world.totals();
        let left = (totals.retries, totals.working, world.size("q"));
        assert_eq!(left, (0, 0, 0), "{name}");
        assert_locked(&mut world, unique());
        world.pass(UNTIL_SUCCESS.try_into().unwrap());
        world.push("jid-00002", "q", unique());
    }
}

#[test]
fn a_job_without_retries_that_fails_leaves_its_lock() {
    let mut world = World::new();
    let mut more = unique();
    more["retry"] = json!(0);
    world.push("jid-00001", "q", more);
    world.fetch(&["q"], "w");
    world.fail("jid-00001", "w");
    assert_locked(&mut world, unique());
}

#[test]
fn a_dead_job_that_succeeds_after_all_frees_its_lock() {
    let mut world = World::new();
    let mut more = unique();
    more["retry"] = json!(-1);
    world.push("jid-00001", "q", more);
    world.fetch(&["q"], "w");
    world.fail("jid-00001", "w");
    world.mutate(json!({"cmd": "requeue", "target": "dead"}));
    assert_locked(&mut world, unique());
    world.perform("q");
    world.push("jid-00002", "q", unique());
}

#[test]
fn an_expired_job_frees_its_lock() {
    let mut world = World::new();
    let custom = json!({"unique_for": 600, "expires_in": 5});
    world.push("jid-00001", "q", json!({ "custom": custom }));
    world.pass(5);
    assert_locked(&mut world, unique());
    world.assert_nothing(&["q"]);
    world.push("jid-00002", "q", unique());
}

#[test]
fn an_expired_job_does_not_free_the_lock_of_another() {
    let mut world = World::new();
    let custom = json!({"unique_for": 5, "expires_in": 5});
    world.push("jid-00001", "q", json!({ "custom": custom }));
    world.pass(5);
    world.push("jid-00002", "q", unique());
    assert_eq!(world.fetch(&["q"], "w").jid(), "jid-00002");
    assert_locked(&mut world, unique());
}

#[test]
fn a_requeued_job_keeps_its_lock_until_success() {
    let mut world = World::new();
    world.push("jid-00001", "q", unique());
    world.fetch(&["q"], "w");
    world.requeue("jid-00001", "w");
    assert_locked(&mut world, unique());
    world.perform("q");
    world.push("jid-00002", "q", unique());
}

#[test]
fn an_until_start_job_that_comes_back_takes_a_free_lock_again() {
    for undelivered in [true, false] {
        let mut world = World::new();
        world.push("jid-00001", "q", until_start());
        let fetched = world.fetch(&["q"], "w");
        match undelivered {
            true => world.ok(Op::Nack(vec![fetched.tag])),
            false => world.requeue("jid-00001", "w"),
        }
        assert_locked(&mut world, until_start());
        world.fetch(&["q"], "w");
        world.push("jid-00002", "q", until_start());
    }
}

#[test]
fn an_until_start_job_that_comes_back_leaves_the_lock_to_another() {
    for undelivered in [true, false] {
        let mut world = World::new();
        world.push("jid-00001", "q", until_start());
        let fetched = world.fetch(&["q"], "w");
        world.push("jid-00002", "q", until_start());
        match undelivered {
            true => world.ok(Op::Nack(vec![fetched.tag])),
            false => world.requeue("jid-00001", "w"),
        }
        assert_eq!(world.fetch(&["q"], "w").jid(), "jid-00001");
        assert_locked(&mut world, until_start());
        assert_eq!(world.fetch(&["q"], "w").jid(), "jid-00002");
        world.push("jid-00003", "q", until_start());
    }
}

#[test]
fn a_lock_taken_again_ends_when_the_first_would_have() {
    let mut world = World::new();
    world.push("jid-00001", "q", until_start());
    world.fetch(&["q"], "w");
    world.pass(299);
    world.requeue("jid-00001", "w");
    world.pass(299);
    assert_locked(&mut world, until_start());
    world.pass(2);
    world.push("jid-00002", "q", until_start());
}

#[test]
fn a_job_that_comes_back_too_late_takes_no_lock() {
    let mut world = World::new();
    let custom = json!({"unique_for": 10, "unique_until": "start"});
    world.push("jid-00001", "q", json!({ "custom": custom }));
    world.fetch(&["q"], "w");
    world.pass(10);
    world.requeue("jid-00001", "w");
    world.push("jid-00002", "q", unique());
}

#[test]
fn a_flush_drops_the_locks() {
    let mut world = World::new();
    world.push("jid-00001", "q", unique());
    world.ok(Op::Flush);
    world.push("jid-00002", "q", unique());
    assert_locked(&mut world, unique());
}
