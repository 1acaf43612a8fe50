//! Throttles: how many jobs of a queue run at a time, on one worker and on all.

mod freeing;
mod rate;

use serde_json::json;
use workmill_engine::{Ack, Op, Request, Throttle};

use crate::world::{World, fetch_op, nameless_fetch, throttled};

/// At most so many on one worker.
fn worker(limit: u64) -> Throttle {
    Throttle {
        worker: Some(limit),
        ..Throttle::default()
    }
}

/// At most so many on all workers.
fn concurrency(limit: u64) -> Throttle {
    Throttle {
        concurrency: Some(limit),
        ..Throttle::default()
    }
}

/// A world in which queue `q` has these limits and this many jobs.
fn world_of(limits: Throttle, jobs: usize) -> World {
    let mut world = World::with_rules(throttled(limits));
    for index in 1..=jobs {
        let more = json!({"reserve_for": 7_200, "retry": 0});
        world.push(&format!("jid-{index:05}"), "q", more);
    }
    world
}

/// ACK of the first job by the worker `w`.
fn ack_op() -> Op {
    Op::Ack(Ack {
        jid: "jid-00001".to_owned(),
        wid: "w".into(),
    })
}

/// Asserts that a worker gets nothing of the queue now.
#[track_caller]
fn assert_full(world: &mut World, wid: &str) {
    let waiting = world.wait(&["q"], wid);
    world.ok(Op::Forget(waiting));
    world.answer(waiting);
}

#[test]
fn one_worker_has_no_more_than_its_share() {
    let mut world = world_of(worker(2), 5);
    world.fetch(&["q"], "w1");
    world.fetch(&["q"], "w1");
    assert_full(&mut world, "w1");
    world.fetch(&["q"], "w2");
    world.ack("jid-00001", "w1");
    world.fetch(&["q"], "w1");
    assert_full(&mut world, "w1");
    world.fetch(&["q"], "w2");
    assert_eq!(world.size("q"), 0);
}

#[test]
fn all_workers_together_have_no_more_than_may_run() {
    let mut world = world_of(concurrency(2), 4);
    world.fetch(&["q"], "w1");
    world.fetch(&["q"], "w2");
    for wid in ["w1", "w3", ""] {
        assert_full(&mut world, wid);
    }
    world.fail("jid-00002", "w2");
    world.fetch(&["q"], "w3");
    assert_full(&mut world, "w1");
}

#[test]
fn both_limits_hold() {
    let limits = Throttle {
        worker: Some(2),
        concurrency: Some(3),
        ..Throttle::default()
    };
    let mut world = world_of(limits, 5);
    world.fetch(&["q"], "w1");
    world.fetch(&["q"], "w1");
    assert_full(&mut world, "w1");
    world.fetch(&["q"], "w2");
    assert_full(&mut world, "w2");
    assert_full(&mut world, "w3");
}

#[test]
fn limits_hold_within_one_group() {
    let mut world = world_of(concurrency(2), 5);
    let fetches = ["w1", "w1", "w2", "w3"].map(|wid| fetch_op(&["q"], wid));
    let tickets = world.group(fetches.into());
    let served = tickets.iter().filter_map(|ticket| world.take_job(*ticket));
    assert_eq!(served.count(), 2);
    let mut world = world_of(worker(1), 5);
    let fetches = ["w1", "w1", "w2", "w1", "w3"].map(|wid| fetch_op(&["q"], wid));
    let tickets = world.group(fetches.into());
    let served: Vec<bool> = tickets
        .iter()
        .map(|ticket| world.take_job(*ticket).is_some())
        .collect();
    assert_eq!(served, [true, false, true, false, true]);
}

#[test]
fn other_queues_have_no_limits() {
    let mut world = world_of(concurrency(1), 1);
    for index in 0..3 {
        world.push(&format!("jid-in-r-{index}"), "r", json!({}));
    }
    for _ in 0..4 {
        world.fetch(&["r", "q"], "w");
    }
}

#[test]
fn a_fetch_passes_over_a_full_queue_as_if_it_were_empty() {
    for limits in [worker(1), concurrency(1)] {
        let mut world = world_of(limits, 3);
        world.push("jid-in-r-1", "r", json!({}));
        world.fetch(&["q", "r"], "w");
        assert_eq!(world.fetch(&["q", "r"], "w").jid(), "jid-in-r-1");
        let waiting = world.wait(&["q", "r"], "w");
        world.push("jid-in-r-2", "r", json!({}));
        assert_eq!(world.served(waiting).jid(), "jid-in-r-2");
    }
}

#[test]
fn connections_without_a_worker_count_each_by_itself() {
    let mut world = world_of(worker(1), 4);
    let mut served = |connection| {
        let ticket = world.group(vec![nameless_fetch("q", connection)])[0];
        world.take_job(ticket).is_some()
    };
    assert!(served(1));
    assert!(served(2));
    assert!(!served(1));
    assert!(!served(2));
    assert!(served(3));
}

#[test]
fn a_full_worker_does_not_hold_up_another_behind_it() {
    let mut world = world_of(worker(1), 0);
    let more = || json!({"retry": 0});
    world.push("jid-00001", "q", more());
    world.fetch(&["q"], "busy");
    let busy = world.wait(&["q"], "busy");
    let idle = world.wait(&["q"], "idle");
    world.push("jid-00002", "q", more());
    assert_eq!(world.served(idle).jid(), "jid-00002");
    assert!(world.answer(busy).is_none());
    world.push("jid-00003", "q", more());
    assert_eq!(world.fetch(&["q"], "new").jid(), "jid-00003");
    world.push("jid-00004", "q", more());
    world.ack("jid-00001", "busy");
    assert_eq!(world.served(busy).jid(), "jid-00004");
}

#[test]
fn whoever_waited_longer_gets_the_slot() {
    let mut world = world_of(concurrency(1), 3);
    world.fetch(&["q"], "w");
    let (first, second) = (world.wait(&["q"], "a"), world.wait(&["q"], "b"));
    let tickets = world.group(vec![ack_op(), fetch_op(&["q"], "late")]);
    world.served(first);
    assert!(world.answer(second).is_none());
    assert!(world.answer(tickets[1]).is_none());
}

#[test]
fn a_paused_queue_takes_no_slot() {
    let mut world = world_of(concurrency(1), 1);
    world.queue("PAUSE q");
    let waiting = world.wait(&["q"], "w");
    world.queue("RESUME q");
    world.served(waiting);
}

#[test]
fn an_expired_job_takes_no_slot() {
    let mut world = world_of(concurrency(1), 0);
    world.push("jid-00001", "q", json!({"custom": {"expires_in": 1}}));
    world.push("jid-00002", "q", json!({}));
    world.pass(1);
    assert_eq!(world.fetch(&["q"], "w").jid(), "jid-00002");
    world.push("jid-00003", "q", json!({}));
    assert_full(&mut world, "w");
}

fn request(world: &mut World, op: Op) -> [Request; 1] {
    let ticket = world.next_ticket();
    [Request { ticket, op }]
}
