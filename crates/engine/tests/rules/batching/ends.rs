//! What ends members and callbacks besides a worker: operators, death, time.

use serde_json::json;
use workmill_engine::{Duty, Rules};
use workmill_store::CallbackState::{Absent, Done, Queued, Waiting};

use crate::world::World;

/// A committed batch with both callbacks and one member, which has failed with this `retry`.
fn world_of_one_failed(retry: i64) -> (World, String) {
    let mut world = World::new();
    let bid = world.batch_with(&["complete", "success"], "");
    world.push(
        "jid-00001",
        "q",
        json!({"retry": retry, "custom": {"bid": bid}}),
    );
    world.commit(&bid);
    world.fetch(&["q"], "w");
    world.fail("jid-00001", "w");
    world.run_callback();
    assert_eq!(world.members(&bid), (1, 0, 1));
    assert_eq!(world.callbacks(&bid), (Done, Waiting));
    (world, bid)
}

/// The same, its member not yet executed but due in an hour.
fn world_of_one_scheduled() -> (World, String) {
    let mut world = World::new();
    let bid = world.batch_with(&["complete", "success"], "");
    let at = world.now.plus_secs(3_600).to_string();
    world.push("jid-00001", "q", json!({"at": at, "custom": {"bid": bid}}));
    world.commit(&bid);
    (world, bid)
}

#[test]
fn what_an_operator_deletes_is_done() {
    for target in ["scheduled", "retries", "dead"] {
        for cmd in ["discard", "clear"] {
            for filter in [json!(null), json!({"jids": ["jid-00001"]})] {
                let (mut world, bid) = match target {
                    "scheduled" => world_of_one_scheduled(),
                    "retries" => world_of_one_failed(25),
                    _ => world_of_one_failed(-1),
                };
                world.mutate(json!({"cmd": cmd, "target": target, "filter": filter}));
                world.tick(Duty::Sweep);
                assert_eq!(world.members(&bid), (1, 0, 0), "{cmd} {target} {filter}");
                assert_eq!(world.size("cb"), 1);
            }
        }
    }
}

#[test]
fn the_jobs_of_a_removed_queue_are_done_once_they_are_swept() {
    let mut world = World::new();
    let bid = world.batch_with(&["success"], "");
    for index in 0..5 {
        world.push_member(&format!("job-{index:06}"), &bid);
    }
    world.commit(&bid);
    let reserved = world.fetch(&["q"], "w");
    world.queue("REMOVE q");
    assert_eq!(world.members(&bid), (5, 5, 0));
    world.tick(Duty::Sweep);
    assert_eq!(world.members(&bid), (5, 1, 0));
    world.ack(reserved.jid(), "w");
    assert_eq!(world.callbacks(&bid), (Absent, Queued));
}

#[test]
fn many_jobs_of_a_removed_queue_are_each_done_once() {
    let mut world = World::new();
    let bid = world.batch_with(&["success"], "");
    let custom = json!({ "bid": bid });
    let jobs: Vec<_> = (0..5_000)
        .map(|index| world.job(&format!("job-{index:06}"), "q", json!({ "custom": custom })))
        .collect();
    world.push_bulk(jobs.into_iter());
    world.push_member("jid-other", &bid);
    world.commit(&bid);
    world.queue("REMOVE q");
    world.push_member("jid-other", &bid);
    world.tick(Duty::Sweep);
    world.tick(Duty::Sweep);
    assert_eq!(world.members(&bid), (5_002, 1, 0));
}

#[test]
fn a_killed_job_has_failed() {
    let (mut world, bid) = world_of_one_scheduled();
    world.mutate(json!({"cmd": "kill", "target": "scheduled"}));
    assert_eq!(world.members(&bid), (1, 0, 1));
    assert_eq!(world.callbacks(&bid), (Queued, Waiting));
    let (mut world, bid) = world_of_one_failed(25);
    world.mutate(json!({"cmd": "kill", "target": "retries"}));
    assert_eq!(world.members(&bid), (1, 0, 1));
}

#[test]
fn a_dead_job_that_is_requeued_can_still_succeed_or_fail() {
    let (mut world, bid) = world_of_one_failed(-1);
    world.mutate(json!({"cmd": "requeue", "target": "dead"}));
    world.fetch(&["q"], "w");
    world.fail("jid-00001", "w");
    assert_eq!(world.members(&bid), (1, 0, 1));
    world.mutate(json!({"cmd": "requeue", "target": "dead"}));
    world.perform("q");
    assert_eq!(world.members(&bid), (1, 0, 0));
    assert_eq!(world.run_callback()["jobtype"], "success");
}

#[test]
fn a_dead_job_that_is_forgotten_stays_failed() {
    let (mut world, bid) = world_of_one_failed(-1);
    world.set_rules(Rules {
        dead_jobs_max: 0,
        ..Rules::default()
    });
    world.tick(Duty::Purge);
    assert_eq!(world.totals().dead, 0);
    assert_eq!(world.members(&bid), (1, 0, 1));
    assert_eq!(world.callbacks(&bid), (Done, Waiting));
}

#[test]
fn a_job_that_finds_no_room_for_its_queue_has_failed() {
    let (mut world, bid) = world_of_one_scheduled();
    let jobs: Vec<_> = (0..100_000)
        .map(|index| world.job("job-00001", &format!("queue-{index}"), json!({})))
        .collect();
    world.push_bulk(jobs.into_iter());
    world.mutate(json!({"cmd": "requeue", "target": "scheduled"}));
    assert_eq!(world.members(&bid), (1, 0, 1));
    assert_eq!(world.callbacks(&bid).0, Queued);
    assert_eq!(world.totals().dead, 2, "the job and the callback");
    world.queue("REMOVE queue-1");
    world.mutate(json!({"cmd": "requeue", "target": "dead"}));
    assert_eq!(world.totals().dead, 1, "room for one");
}

#[test]
fn a_callback_is_retried_like_any_job() {
    let mut world = World::new();
    let bid = world.batch_with(&["complete", "success"], "");
    world.commit(&bid);
    for _ in 0..2 {
        let callback = world.fetch(&["cb"], "w");
        world.fail(callback.jid(), "w");
        assert_eq!(world.callbacks(&bid), (Queued, Waiting));
        assert_eq!(world.members(&bid), (0, 0, 0), "it is no member");
        world.pass(120);
    }
    let again = world.run_callback();
    assert_eq!(again["custom"]["_bid"], json!(bid));
    assert_eq!(world.callbacks(&bid), (Done, Queued));
}

#[test]
fn a_dead_callback_is_waited_for_until_it_is_gone() {
    let made = |retry: i64| {
        let mut world = World::new();
        let complete = json!({"jobtype": "C", "queue": "cb", "retry": retry});
        let success = json!({"jobtype": "S", "queue": "cb"});
        let bid = world.new_batch(&json!({"complete": complete, "success": success}));
        world.commit(&bid);
        let callback = world.fetch(&["cb"], "w");
        world.fail(callback.jid(), "w");
        (world, bid)
    };
    let (mut world, bid) = made(-1);
    assert_eq!(world.callbacks(&bid), (Queued, Waiting));
    world.mutate(json!({"cmd": "requeue", "target": "dead"}));
    world.run_callback();
    assert_eq!(world.callbacks(&bid), (Done, Queued));
    let (mut world, bid) = made(-1);
    world.mutate(json!({"cmd": "clear", "target": "dead"}));
    world.tick(Duty::Sweep);
    assert_eq!(world.callbacks(&bid), (Done, Queued));
    let (mut world, bid) = made(-1);
    world.set_rules(Rules {
        dead_jobs_max: 0,
        ..Rules::default()
    });
    world.tick(Duty::Purge);
    assert_eq!(world.callbacks(&bid), (Done, Queued));
    let (mut world, bid) = made(0);
    assert_eq!(world.callbacks(&bid), (Done, Queued), "it left no trace");
}

#[test]
fn a_callback_that_is_deleted_or_expires_is_done() {
    let mut world = World::new();
    let bid = world.batch_with(&["complete", "success"], "");
    world.commit(&bid);
    world.queue("REMOVE cb");
    world.tick(Duty::Sweep);
    assert_eq!(world.callbacks(&bid), (Done, Queued));
    let complete = json!({"jobtype": "C", "queue": "cb2", "custom": {"expires_in": 5}});
    let success = json!({"jobtype": "S", "queue": "cb2"});
    let bid = world.new_batch(&json!({"complete": complete, "success": success}));
    world.pass(60);
    world.commit(&bid);
    world.pass(5);
    assert_eq!(world.fetch(&["cb2"], "w").payload["jobtype"], "S");
    assert_eq!(world.callbacks(&bid), (Done, Queued));
}
