//! Commands that are alike and come together: they come to the same as one after the other, and cost no more than a few reads and
//! writes.

use std::ops::Range;
use std::sync::Arc;

use serde_json::json;
use workmill_engine::{DeliveryTag, Duty, Op};

use crate::world::{World, fetch_op, mutate_op, requeue_op};

const JOBS: usize = 100;

fn jid(index: usize) -> String {
    format!("job-{index:06}")
}

/// A hundred jobs of all kinds, each with the worker `w`; the last ten have the ids of the first, and are with another.
fn world_of_held() -> (World, Vec<DeliveryTag>) {
    let mut world = World::new();
    let callback = |jid| json!({"jid": jid, "jobtype": "Callback", "queue": "cb"});
    let bid = world.new_batch(
        &json!({"complete": callback("complete-cb"), "success": callback("success-cb")}),
    );
    let mut tags = Vec::new();
    for index in 0..JOBS {
        let custom = json!({
            "retry_delays": [index % 7],
            "track": 1,
            "bid": if index % 3 == 0 { json!(bid) } else { json!(null) },
            "unique_for": if index % 5 == 0 { json!(600) } else { json!(null) },
            "unique_until": "start",
        });
        let retry = [25, 0, -1, 1][index % 4];
        let more = json!({"args": [index], "retry": retry, "custom": custom, "reserve_for": 90});
        world.push(&jid(index % 90), "q", more);
        let wid = if index < 90 { "w" } else { "another" };
        tags.push(world.fetch(&["q"], wid).tag);
    }
    world.commit(&bid);
    (world, tags)
}

/// Asserts that these ops come to the same in one group as in a group each, and that the one group writes seldom.
fn assert_same_together(ops: fn(&[DeliveryTag]) -> Vec<Op>, writes_max: u64) {
    let (mut together, tags) = world_of_held();
    let (mut apart, same_tags) = world_of_held();
    assert_eq!(tags, same_tags);
    let before = together.faults.writes();
    let tickets = together.group(ops(&tags));
    let writes = together.faults.writes() - before;
    let answers = tickets.into_iter().map(|ticket| together.answer(ticket));
    let answers: Vec<String> = answers.map(|answer| format!("{answer:?}")).collect();
    let one_by_one = ops(&tags).into_iter().map(|op| Some(apart.run(op)));
    let one_by_one: Vec<String> = one_by_one.map(|answer| format!("{answer:?}")).collect();
    assert_eq!(answers, one_by_one);
    assert_eq!(together.everything(), apart.everything());
    assert!(writes <= writes_max, "{writes} writes");
}

#[test]
fn a_hundred_fails_in_a_group_are_a_hundred_groups_of_one() {
    assert_same_together(
        |_| {
            let fails = (0..JOBS).map(|index| World::fail_op(&jid(index % 95), "w"));
            fails.collect()
        },
        12,
    );
}

#[test]
fn a_hundred_requeues_in_a_group_are_a_hundred_groups_of_one() {
    assert_same_together(
        |_| {
            let requeues = (0..JOBS).map(|index| requeue_op(&jid(index % 95), "w"));
            requeues.collect()
        },
        8,
    );
}

#[test]
fn a_hundred_nacks_in_a_group_are_a_hundred_groups_of_one() {
    assert_same_together(
        |tags| {
            let twice = tags.iter().chain(&tags[..5]);
            twice.map(|tag| Op::Nack(vec![*tag])).collect()
        },
        8,
    );
}

/// A hundred plain jobs that one worker holds.
fn world_of_plain() -> (World, Vec<DeliveryTag>) {
    let mut world = World::new();
    for index in 0..JOBS {
        let retry = [25, -1][index % 2];
        let more = json!({"retry": retry, "reserve_for": 90});
        world.push(&jid(index), "q", more);
    }
    let tickets = world.group(vec![fetch_op(&["q"], "w"); JOBS]);
    let fetched = tickets
        .into_iter()
        .map(|ticket| world.take_job(ticket).unwrap().tag);
    let tags = fetched.collect();
    (world, tags)
}

/// How often a group with these ops writes.
fn writes(world: &mut World, ops: Vec<Op>) -> u64 {
    let before = world.faults.writes();
    world.group(ops);
    world.faults.writes() - before
}

#[test]
fn what_comes_together_is_read_and_written_together() {
    let all = |op: fn(&str) -> Op| (0..JOBS).map(move |index| op(&jid(index))).collect();
    let kinds: [(&str, i64, Vec<Op>, Range<u64>); 6] = [
        // Reservations ended, retries, dead, groups of failures, counters.
        ("FAIL", 0, all(|jid| World::fail_op(jid, "w")), 5..6),
        // Tombstones, and back.
        ("REQUEUE", 0, all(|jid| requeue_op(jid, "w")), 2..3),
        ("expiry", 90, vec![Op::Tick(Duty::ExpireReservations)], 6..7),
        (
            "recovery",
            70,
            vec![Op::Tick(Duty::RecoverLost {
                alive: Arc::default(),
            })],
            2..3,
        ),
        ("NACK", 0, Vec::new(), 1..2),
        ("ACK", 0, all(|jid| World::ack_op(jid, "w")), 2..3),
    ];
    for (name, secs, mut ops, expected) in kinds {
        let (mut world, tags) = world_of_plain();
        for _ in 0..secs / 5 {
            world.now = world.now.plus_secs(5);
            world.tick(Duty::KeepClocks);
        }
        if name == "NACK" {
            ops = tags.iter().map(|tag| Op::Nack(vec![*tag])).collect();
        }
        let writes = writes(&mut world, ops);
        assert!(expected.contains(&writes), "{name}: {writes} writes");
        assert_eq!(world.totals().working, 0, "{name}");
    }
}

#[test]
fn jobs_that_an_operator_kills_are_written_together() {
    let mut world = World::new();
    let at = world.now.plus_secs(3_000).to_string();
    for index in 0..JOBS {
        world.push(&jid(index), "q", json!({ "at": at }));
    }
    let kill = mutate_op(&json!({"cmd": "kill", "target": "scheduled"}));
    // Out of the set, into the other one, the group of them all.
    assert_eq!(writes(&mut world, vec![kill]), 3);
    assert_eq!(world.totals().dead, JOBS as u64);
}

#[test]
fn expired_jobs_are_passed_over_together() {
    let mut world = World::new();
    for index in 0..=JOBS {
        let secs = if index < JOBS { 10 } else { 1_000 };
        world.push(&jid(index), "q", json!({"custom": {"expires_in": secs}}));
    }
    world.now = world.now.plus_secs(20);
    let fetches = vec![fetch_op(&["q"], "w"); JOBS];
    // Two claims, one deletion, one reservation, counters.
    assert!(writes(&mut world, fetches) <= 6);
    assert_eq!((world.totals().working, world.size("q")), (1, 0));
}

#[test]
fn a_worker_that_requeues_a_job_twice_does_not_take_it_from_another() {
    let mut world = World::new();
    for wid in ["w", "another"] {
        world.push("jid-twice", "q", json!({}));
        world.fetch(&["q"], wid);
    }
    let tickets = world.group(vec![requeue_op("jid-twice", "w"); 2]);
    let answers = tickets.into_iter().map(|ticket| world.answer(ticket));
    let answers: Vec<String> = answers.map(|answer| format!("{answer:?}")).collect();
    assert!(answers[0].contains("Ok"), "{answers:?}");
    assert!(answers[1].contains("Refused"), "{answers:?}");
    assert_eq!((world.totals().working, world.size("q")), (1, 1));
}

#[test]
fn a_fail_after_an_ack_in_the_same_group_finds_nothing() {
    let mut world = World::new();
    world.push("jid-00001", "q", json!({}));
    world.fetch(&["q"], "w");
    let ops = vec![
        World::ack_op("jid-00001", "w"),
        World::fail_op("jid-00001", "w"),
    ];
    let tickets = world.group(ops);
    let answer = format!("{:?}", world.answer(tickets[1]));
    assert!(answer.contains("Job not found jid-00001"), "{answer}");
    assert_eq!(world.totals().counts.failures, 0);
}

#[test]
fn jobs_of_a_removed_queue_that_come_back_together_keep_their_order() {
    let (mut world, tags) = world_of_plain();
    world.queue("REMOVE q");
    let nacks = tags.iter().rev().map(|tag| Op::Nack(vec![*tag]));
    world.group(nacks.collect());
    for index in 0..JOBS {
        assert_eq!(world.fetch(&["q"], "w").jid(), jid(index));
    }
}
