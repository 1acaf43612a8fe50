//! Unique jobs: who holds the lock, until when, and who gives it back.

mod pushings;
mod release;

use std::time::Duration;

use serde_json::{Value, json};
use workmill_engine::Op;
use workmill_proto::ErrorCode;

use crate::world::World;

const UNTIL_SUCCESS: u64 = 600;

fn unique() -> Value {
    json!({"custom": {"unique_for": UNTIL_SUCCESS}})
}

fn until_start() -> Value {
    json!({"custom": {"unique_for": 600, "unique_until": "start"}})
}

/// Asserts that a job like the others is not taken in, and that nothing changes.
#[track_caller]
fn assert_locked(world: &mut World, more: Value) {
    let before = world.totals();
    let error = world.push_refused("jid-other", "q", more);
    assert_eq!(
        (error.code, error.text.as_str()),
        (ErrorCode::NotUnique, "Job not unique")
    );
    assert_eq!(world.totals(), before);
}

#[test]
fn a_second_job_is_refused_until_the_first_has_succeeded() {
    let mut world = World::new();
    world.push("jid-00001", "q", unique());
    assert_locked(&mut world, unique());
    world.fetch(&["q"], "w");
    assert_locked(&mut world, unique());
    world.ack("jid-00001", "w");
    world.push("jid-00002", "q", unique());
    assert_locked(&mut world, unique());
}

#[test]
fn only_jobs_that_are_alike_and_unique_are_refused() {
    let mut world = World::new();
    world.push("jid-00001", "q", unique());
    world.push("jid-00002", "r", unique());
    for (jid, member, value) in [
        ("jid-00003", "jobtype", json!("Other")),
        ("jid-00004", "args", json!([1])),
        ("jid-00005", "custom", json!({"unique_for": false})),
        ("jid-00006", "custom", json!({"unique_for": null})),
        ("jid-00007", "custom", json!({"unique_until": "start"})),
        ("jid-00008", "custom", json!(null)),
    ] {
        let mut more = unique();
        more[member] = value;
        world.push(jid, "q", more);
    }
    let args = |args: Value| json!({"args": args, "custom": {"unique_for": 60}});
    world.push("jid-00009", "q", args(json!([{"b": 1, "a": 2}])));
    assert_locked(&mut world, args(json!([{"a": 2, "b": 1}])));
}

#[test]
fn until_start_is_until_the_job_is_handed_out() {
    let mut world = World::new();
    world.push("jid-00001", "q", until_start());
    assert_locked(&mut world, until_start());
    world.fetch(&["q"], "w");
    world.push("jid-00002", "q", until_start());
    world.ack("jid-00001", "w");
    assert_locked(&mut world, until_start());
}

#[test]
fn a_waiting_fetch_frees_the_lock_in_the_group_of_the_push() {
    let mut world = World::new();
    let waiting = world.wait(&["q"], "w");
    world.push("jid-00001", "q", until_start());
    world.served(waiting);
    world.push("jid-00002", "q", until_start());
}

#[test]
fn a_lock_ends_when_its_time_is_over() {
    let mut world = World::new();
    world.push("jid-00001", "q", json!({"custom": {"unique_for": 10}}));
    world.pass(9);
    assert_locked(&mut world, unique());
    world.pass(1);
    world.push("jid-00002", "q", unique());
}

#[test]
fn a_lock_may_last_for_less_than_a_second() {
    for micros in [500_000, 1] {
        let mut world = World::new();
        let secs = micros as f64 / 1e6;
        world.push("jid-00001", "q", json!({"custom": {"unique_for": secs}}));
        world.now = world.now.plus(Duration::from_micros(micros - 1));
        assert_locked(&mut world, unique());
        world.now = world.now.plus(Duration::from_micros(1));
        world.push("jid-00002", "q", unique());
    }
}

#[test]
fn a_lock_whose_time_is_over_is_not_forgotten_before() {
    let mut world = World::new();
    world.push("jid-00001", "q", unique());
    for _ in 0..2 {
        world.pass(299);
        assert_locked(&mut world, unique());
    }
    world.restart();
    assert_locked(&mut world, unique());
}

#[test]
fn the_delay_of_a_scheduled_job_is_added() {
    for until in ["success", "start"] {
        let mut world = World::new();
        let at = world.now.plus_secs(100).to_string();
        let custom = json!({"unique_for": 10, "unique_until": until});
        let more = json!({"at": at, "custom": custom});
        world.push("jid-00001", "q", more.clone());
        assert_locked(&mut world, more);
        world.pass(109);
        assert_eq!(world.size("q"), 1);
        assert_locked(&mut world, json!({"custom": custom}));
        world.pass(1);
        world.push("jid-00002", "q", json!({"custom": custom}));
    }
}

#[test]
fn an_until_start_job_for_later_locks_until_it_is_handed_out() {
    let mut world = World::new();
    let mut more = until_start();
    more["at"] = json!(world.now.plus_secs(30).to_string());
    world.push("jid-00001", "q", more.clone());
    assert_locked(&mut world, more);
    world.pass(30);
    assert_locked(&mut world, until_start());
    world.fetch(&["q"], "w");
    world.push("jid-00002", "q", until_start());
}

#[test]
fn a_moment_that_has_passed_adds_no_delay() {
    let mut world = World::new();
    let at = world.now.plus_secs(-3_600).to_string();
    let custom = json!({"unique_for": 10});
    world.push("jid-00001", "q", json!({"at": at, "custom": custom}));
    world.pass(9);
    assert_locked(&mut world, unique());
    world.pass(1);
    world.push("jid-00002", "q", unique());
}

#[test]
fn a_lock_does_not_block_its_own_retry_and_holds_through_it() {
    for more in [unique(), until_start()] {
        let mut world = World::new();
        world.push("jid-00001", "q", more.clone());
        world.fetch(&["q"], "w");
        world.fail("jid-00001", "w");
        if more == unique() {
            assert_locked(&mut world, more.clone());
        } else {
            world.push("jid-00002", "q", more.clone());
        }
        world.pass(60);
        assert_eq!(world.totals().retries, 0);
        let queued = world.size("q");
        assert_locked(&mut world, more.clone());
        for _ in 0..queued {
            world.perform("q");
        }
        world.push("jid-00003", "q", more);
    }
}

#[test]
fn of_equal_jobs_in_one_bulk_the_first_is_taken() {
    let mut world = World::new();
    let jobs: Vec<_> = ["jid-00001", "jid-00002", "jid-00003"]
        .iter()
        .map(|jid| world.job(jid, "q", unique()))
        .collect();
    let refused: Vec<(String, String)> = world
        .push_bulk(jobs.into_iter())
        .into_iter()
        .map(|(jid, error)| (jid, error.to_string()))
        .collect();
    let text = "NOTUNIQUE Job not unique".to_owned();
    assert_eq!(
        refused,
        [
            ("jid-00002".to_owned(), text.clone()),
            ("jid-00003".to_owned(), text)
        ]
    );
    assert_eq!(world.size("q"), 1);
    assert_eq!(world.fetch(&["q"], "w").jid(), "jid-00001");
}

#[test]
fn of_equal_jobs_in_one_group_the_first_is_taken() {
    let mut world = World::new();
    let pushes = ["jid-00001", "jid-00002"].map(|jid| {
        let job = world.job(jid, "q", unique());
        Op::push(job, world.now, workmill_proto::CustomReading::ALL).unwrap()
    });
    world.group(pushes.into());
    assert_eq!(world.size("q"), 1);
    assert_eq!(world.fetch(&["q"], "w").jid(), "jid-00001");
}

#[test]
fn a_job_that_is_refused_for_another_reason_leaves_no_lock() {
    let mut world = World::new();
    let forgotten = world.batch_with(&["success"], "");
    world.ok(Op::Flush);
    let custom = json!({"unique_for": 600, "bid": forgotten});
    let error = world.push_refused("jid-00001", "q", json!({ "custom": custom }));
    assert_eq!(error.text, format!("No such batch {forgotten}"));
    let jobs = [
        world.job("jid-00001", "q", json!({ "custom": custom })),
        world.job("jid-00002", "q", unique()),
    ];
    let refused = world.push_bulk(jobs.into_iter());
    assert_eq!(refused.len(), 1, "{refused:?}");
    assert_eq!(world.fetch(&["q"], "w").jid(), "jid-00002");
}

#[test]
fn a_group_that_fails_takes_and_frees_no_lock() {
    let mut world = World::new();
    let request = |world: &mut World, op: Op| {
        let ticket = world.next_ticket();
        [workmill_engine::Request { ticket, op }]
    };
    let job = world.job("jid-00001", "q", unique());
    let op = Op::push(job, world.now, workmill_proto::CustomReading::ALL).unwrap();
    let push = request(&mut world, op);
    world.try_slice(&push, false).unwrap();
    world.push("jid-00002", "q", unique());
    world.fetch(&["q"], "w");
    let op = Op::Ack(workmill_engine::Ack {
        jid: "jid-00002".to_owned(),
        wid: "w".into(),
    });
    let ack = request(&mut world, op);
    world.try_slice(&ack, false).unwrap();
    assert_locked(&mut world, unique());
}
