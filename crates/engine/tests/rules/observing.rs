//! What is told of jobs to whoever counts it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use workmill_engine::{BulkPush, Duty, Event, EventKind, Op, Request, Rules};
use workmill_proto::{CustomReading, Job, RefusedJob, WireError};
use workmill_store::TrackState;

use crate::world::{World, fetch_op};

fn observed_world() -> World {
    World::with_rules(Rules {
        observed: true,
        ..Rules::default()
    })
}

/// What was told since the last call, all of it of jobs that [`World::push`] has pushed to `q`.
fn kinds(world: &mut World) -> Vec<EventKind> {
    let events = std::mem::take(&mut world.events);
    for Event { queue, jobtype, .. } in &events {
        assert_eq!((&**queue, &**jobtype), ("q", "Thing"));
    }
    events.into_iter().map(|event| event.kind).collect()
}

/// Pushes a job, fetches it and lets some seconds pass.
fn work_for(world: &mut World, secs: i64, more: Value) {
    world.push("jid-00001", "q", more);
    world.fetch(&["q"], "w");
    assert_eq!(kinds(world), [EventKind::Pushed, EventKind::Fetched]);
    world.now = world.now.plus_secs(secs);
}

fn failed(secs: u64, dead: bool) -> EventKind {
    EventKind::Failed {
        ran_for: Duration::from_secs(secs),
        dead,
    }
}

#[test]
fn nothing_is_told_unless_somebody_wants_to_know() {
    let mut world = World::new();
    world.push("jid-00001", "q", json!({}));
    world.fetch(&["q"], "w");
    world.ack("jid-00001", "w");
    world.push("jid-00002", "q", json!({}));
    world.fetch(&["q"], "w");
    world.fail("jid-00002", "w");
    world.push("jid-00003", "q", json!({"custom": {"expires_in": 0}}));
    world.assert_nothing(&["q"]);
    assert_eq!(world.totals().counts.expired, 1);
    assert_eq!(world.events, []);
}

#[test]
fn a_done_job_is_told_with_the_time_since_its_reservation() {
    let mut world = observed_world();
    work_for(&mut world, 7, json!({}));
    world.ack("jid-00001", "w");
    let ran_for = Duration::from_secs(7);
    assert_eq!(kinds(&mut world), [EventKind::Succeeded { ran_for }]);
    world.ack("jid-00001", "w");
    assert_eq!(kinds(&mut world), [], "nobody held it any more");
}

#[test]
fn a_failed_job_is_dead_only_if_it_went_to_the_dead_set() {
    for (retry, dead) in [(1, false), (0, false), (-1, true)] {
        let mut world = observed_world();
        work_for(&mut world, 3, json!({ "retry": retry }));
        world.fail("jid-00001", "w");
        assert_eq!(kinds(&mut world), [failed(3, dead)], "retry {retry}");
    }
}

#[test]
fn a_reservation_that_ends_is_told_as_a_failure() {
    let mut world = observed_world();
    work_for(&mut world, 0, json!({"reserve_for": 60}));
    world.pass(60);
    assert_eq!(kinds(&mut world), [failed(60, false)]);
}

#[test]
fn an_expired_job_is_told_once_when_it_is_dropped_and_never_as_handed_out() {
    let mut world = observed_world();
    world.push("jid-00001", "q", json!({"custom": {"expires_in": 5}}));
    assert_eq!(kinds(&mut world), [EventKind::Pushed]);
    world.pass(5);
    assert_eq!(kinds(&mut world), [], "it is still in its queue");
    world.assert_nothing(&["q"]);
    assert_eq!(kinds(&mut world), [EventKind::Expired]);
    world.assert_nothing(&["q"]);
    assert_eq!(kinds(&mut world), []);
}

#[test]
fn a_poison_pill_is_told_as_a_failure_and_a_recovery_is_not() {
    let mut world = observed_world();
    work_for(&mut world, 0, json!({}));
    for _ in 0..2 {
        lose_workers(&mut world);
        assert_eq!(kinds(&mut world), [], "a recovery uses no execution");
        world.fetch(&["q"], "w");
        assert_eq!(kinds(&mut world), [EventKind::Fetched]);
    }
    lose_workers(&mut world);
    assert_eq!(kinds(&mut world), [failed(60, true)]);
}

fn lose_workers(world: &mut World) {
    world.pass(60);
    world.tick(Duty::RecoverLost {
        alive: Arc::new(BTreeSet::new()),
    });
}

#[test]
fn scheduled_jobs_and_those_of_a_bulk_are_told_when_they_are_taken_in() {
    let mut world = observed_world();
    let at = world.now.plus_secs(5).to_string();
    world.push("jid-00001", "q", json!({ "at": at }));
    assert_eq!(kinds(&mut world), [EventKind::Pushed]);
    world.pass(10);
    assert_eq!(kinds(&mut world), [], "moving into its queue is no push");
    let payload = json!({"jid": "jid-00002", "queue": "q", "jobtype": "Thing", "args": []});
    let job = Job::parse(payload.to_string().as_bytes()).unwrap();
    let bad = RefusedJob {
        jid: "jid-00002".into(),
        error: WireError::err("no job"),
    };
    let jobs = vec![Ok(job.clone()), Err(bad), Ok(job)];
    let bulk = BulkPush::new(jobs, world.now, CustomReading::ALL);
    world.run(Op::PushBulk(bulk));
    assert_eq!(kinds(&mut world), [EventKind::Pushed; 2]);
}

#[test]
fn a_fetch_that_waited_is_told_once_though_its_group_ran_twice() {
    let mut world = observed_world();
    world.group(vec![fetch_op(&["q"], "w")]);
    let push = json!({"jid": "jid-00001", "queue": "q", "jobtype": "Thing", "args": []});
    let request = Request {
        ticket: world.next_ticket(),
        op: world.push_op(&push),
    };
    world
        .try_slice(std::slice::from_ref(&request), false)
        .unwrap();
    assert_eq!(kinds(&mut world), [], "a group that never happened");
    world.slice(&[request]);
    assert_eq!(kinds(&mut world), [EventKind::Pushed, EventKind::Fetched]);
}

#[test]
fn a_job_that_cannot_be_read_is_told_by_nobody() {
    let mut world = observed_world();
    work_for(&mut world, 0, json!({}));
    world.spoil_first_job(&[1]);
    world.ack("jid-00001", "w");
    assert_eq!(kinds(&mut world), []);
    assert_eq!(world.totals().counts.processed, 1);
}

#[test]
fn jobs_are_acknowledged_and_given_back_without_reading_their_payloads() {
    for observed in [false, true] {
        let mut world = World::with_rules(Rules {
            observed,
            ..Rules::default()
        });
        world.push("jid-00001", "q", json!({}));
        world.push("jid-00002", "q", json!({"custom": {"track": 1}}));
        let first = world.fetch(&["q"], "w").tag;
        let second = world.fetch(&["q"], "w").tag;
        world.ok(Op::Nack(vec![first, second]));
        for jid in ["jid-00001", "jid-00002"] {
            world.fetch(&["q"], "w");
            world.ack(jid, "w");
        }
        let track = world.tracked("jid-00002").unwrap();
        assert_eq!(track.state, TrackState::Success);
        assert_eq!(world.faults.payloads_read(), 0, "observed: {observed}");
    }
}
