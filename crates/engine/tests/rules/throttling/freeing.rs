//! What frees a slot, whoever waits for it, and what does not.

use std::sync::Arc;

use serde_json::json;
use workmill_engine::{Duty, Op, Rules, Throttle};
use workmill_store::fault::WriteFault;

use super::{ack_op, assert_full, concurrency, request, worker, world_of};
use crate::world::{Fetched, World, fetch_op, throttled};

/// How a slot can become free while its queue has more jobs.
type Freeing = fn(&mut World, &Fetched);

const FREEINGS: [(&str, Freeing); 6] = [
    ("ACK", |world, _| world.ack("jid-00001", "w")),
    ("FAIL", |world, _| world.fail("jid-00001", "w")),
    ("REQUEUE", |world, _| world.requeue("jid-00001", "w")),
    ("Nack", |world, fetched| {
        world.ok(Op::Nack(vec![fetched.tag]));
    }),
    ("expiry", |world, _| world.tick(Duty::ExpireReservations)),
    ("recovery", |world, _| {
        let alive = Arc::new(["other".to_owned()].into());
        world.tick(Duty::RecoverLost { alive });
    }),
];

#[test]
fn a_slot_ends_with_its_time_and_the_job_runs_on() {
    for limits in [worker(1), concurrency(1)] {
        let limits = Throttle {
            timeout_secs: Some(90),
            ..limits
        };
        let mut world = world_of(limits, 4);
        world.fetch(&["q"], "w");
        world.pass(89);
        assert_full(&mut world, "w");
        world.pass(1);
        world.fetch(&["q"], "w");
        assert_eq!(world.totals().working, 2, "the first one runs on");
        world.ack("jid-00001", "w");
        assert_full(&mut world, "w");
        assert_eq!(world.totals().counts.processed, 1);
        world.ack("jid-00002", "w");
        world.fetch(&["q"], "w");
    }
}

#[test]
fn whoever_waits_is_woken_when_a_slot_has_timed_out() {
    let limits = Throttle {
        timeout_secs: Some(1),
        ..concurrency(2)
    };
    let mut world = world_of(limits, 4);
    world.fetch(&["q"], "w");
    world.now = world.now.plus(std::time::Duration::from_millis(400));
    world.fetch(&["q"], "w");
    let start = world.now;
    let (first, second) = (world.wait(&["q"], "w"), world.wait(&["q"], "w"));
    for (waiting, millis) in [(first, 600), (second, 1_000)] {
        let at = start.plus(std::time::Duration::from_millis(millis));
        assert_eq!(world.next_deadline(), Some(at));
        world.now = at;
        world.group(vec![]);
        world.served(waiting);
    }
}

#[test]
fn a_worker_that_is_full_waits_until_its_own_slot_has_timed_out() {
    let limits = Throttle {
        timeout_secs: Some(1),
        ..worker(1)
    };
    let mut world = world_of(limits, 4);
    world.fetch(&["q"], "other");
    world.now = world.now.plus(std::time::Duration::from_millis(500));
    world.fetch(&["q"], "w");
    let waiting = world.wait(&["q"], "w");
    for _ in 0..2 {
        assert!(world.answer(waiting).is_none());
        world.now = world.next_deadline().unwrap();
        world.group(vec![]);
    }
    world.served(waiting);
}

#[test]
fn whoever_waits_is_served_in_the_group_in_which_a_slot_is_freed() {
    for limits in [worker(1), concurrency(1)] {
        for (name, free) in FREEINGS {
            let mut world = world_of(limits.clone(), 2);
            let fetched = world.fetch(&["q"], "w");
            match name {
                "expiry" => world.pass(7_199),
                _ => world.pass(59),
            }
            world.now = world.now.plus_secs(1);
            let waiting = world.wait(&["q"], "w");
            free(&mut world, &fetched);
            let next = world.take_job(waiting);
            assert!(next.is_some(), "{name} {limits:?}");
            assert_full(&mut world, "w");
        }
    }
}

#[test]
fn no_slot_leaks_over_a_crash() {
    for limits in [worker(2), concurrency(2)] {
        let mut world = world_of(limits, 5);
        world.fetch(&["q"], "w");
        world.fetch(&["q"], "w");
        world.restart();
        assert_full(&mut world, "w");
        world.ack("jid-00001", "w");
        world.fetch(&["q"], "w");
        assert_full(&mut world, "w");
        world.ack("jid-00002", "w");
        world.ack("jid-00003", "w");
        world.fetch(&["q"], "w");
        world.fetch(&["q"], "w");
    }
}

#[test]
fn jobs_of_a_removed_queue_keep_their_slots_until_they_end() {
    let mut world = world_of(concurrency(1), 2);
    world.fetch(&["q"], "w");
    world.queue("REMOVE q");
    world.push("jid-new-1", "q", json!({}));
    let waiting = world.wait(&["q"], "w");
    world.ack("jid-00001", "w");
    assert_eq!(world.served(waiting).jid(), "jid-new-1");
}

#[test]
fn a_flush_frees_all_slots() {
    let mut world = world_of(concurrency(1), 2);
    world.fetch(&["q"], "w");
    let waiting = world.wait(&["q"], "w");
    world.ok(Op::Flush);
    world.push("jid-new-1", "q", json!({}));
    assert_eq!(world.served(waiting).jid(), "jid-new-1");
    assert_full(&mut world, "w");
}

#[test]
fn new_limits_hold_at_once_and_wake_whoever_waits() {
    let mut world = world_of(concurrency(1), 6);
    world.fetch(&["q"], "w");
    let waiting = world.wait(&["q"], "w");
    world.set_rules(throttled(concurrency(2)));
    assert!(world.settle() > 0, "a group is due at once");
    world.served(waiting);
    assert_full(&mut world, "w");
    let waiting = world.wait(&["q"], "w");
    world.set_rules(Rules::default());
    world.group(vec![]);
    world.served(waiting);
    world.fetch(&["q"], "w");
    world.set_rules(throttled(worker(4)));
    world.fetch(&["other", "q"], "w2");
    assert_full(&mut world, "w");
    world.ack("jid-00001", "w");
    world.fetch(&["q"], "w");
}

#[test]
fn a_longer_timeout_counts_old_reservations_again() {
    let timed = |secs| Throttle {
        timeout_secs: Some(secs),
        ..concurrency(1)
    };
    let mut world = world_of(timed(10), 4);
    world.fetch(&["q"], "w");
    world.pass(10);
    world.fetch(&["q"], "w");
    world.set_rules(throttled(timed(100)));
    world.ack("jid-00002", "w");
    assert_full(&mut world, "w");
    world.pass(90);
    world.fetch(&["q"], "w");
}

#[test]
fn a_group_that_fails_takes_and_frees_no_slot() {
    for limits in [worker(1), concurrency(1)] {
        let mut world = world_of(limits, 3);
        let fetch = request(&mut world, fetch_op(&["q"], "w"));
        world.try_slice(&fetch, false).unwrap();
        world.fetch(&["q"], "w");
        let waiting = world.wait(&["q"], "w");
        let ack = request(&mut world, ack_op());
        world.try_slice(&ack, false).unwrap();
        assert_full(&mut world, "w");
        world.slice(&ack);
        world.served(waiting);
        assert_full(&mut world, "w");
    }
}

#[test]
fn a_slot_that_timed_out_in_a_group_that_fails_still_wakes_whoever_waits() {
    let limits = Throttle {
        timeout_secs: Some(1),
        ..concurrency(1)
    };
    let mut world = world_of(limits, 3);
    world.fetch(&["q"], "w");
    let waiting = world.wait(&["q"], "w");
    world.now = world.next_deadline().unwrap();
    world.try_slice(&[], false).unwrap();
    assert_eq!(world.next_deadline(), Some(world.now), "it is tried again");
    world.settle();
    world.served(waiting);
}

#[test]
fn whichever_statement_fails_no_slot_is_lost() {
    let mut nth = 0;
    loop {
        let mut world = world_of(concurrency(1), 3);
        world.fetch(&["q"], "w");
        let waiting = world.wait(&["q"], "w");
        let ack = request(&mut world, ack_op());
        let fault = WriteFault::Statement;
        world.faults.fail_write(nth, fault);
        if world.try_slice(&ack, true).is_ok() {
            break;
        }
        assert!(world.answer(waiting).is_none());
        world.slice(&ack);
        world.served(waiting);
        assert_full(&mut world, "w");
        nth += 1;
    }
    assert!(nth > 2, "{nth} statements failed");
}
