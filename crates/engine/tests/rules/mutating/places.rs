//! The same on jobs that wait in a queue, and on those that workers have.

use serde_json::json;
use workmill_engine::{Op, Request, Throttle};
use workmill_proto::MutationVerb::{self, Clear, Discard, Kill, Requeue};

use crate::world::{World, change_op, fetch_op, jobs_named, of_type, queue, throttled, working};

/// Five jobs in queue `q`, `jid-1` to `jid-5`, the odd ones of type `Odd`; the first is with the worker `w`.
fn world_of_five() -> World {
    let mut world = World::new();
    for number in 1..=5 {
        let jobtype = ["Even", "Odd"][number % 2];
        let more = json!({"jobtype": jobtype, "custom": {"track": 1}});
        world.push(&format!("jid-0000{number}"), "q", more);
    }
    world.fetch(&["q"], "w");
    world
}

/// The ids of the jobs that can be fetched from `q`.
fn left(world: &mut World) -> Vec<String> {
    let count = world.size("q");
    let fetched = (0..count).map(|_| world.fetch(&["q"], "other").jid().to_owned());
    fetched.collect()
}

#[test]
fn waiting_jobs_are_discarded_killed_or_enqueued_now() {
    let cases: [(MutationVerb, &[&str], u64); 4] = [
        (Discard, &["jid-00002", "jid-00004"], 0),
        (Kill, &["jid-00002", "jid-00004"], 2),
        (
            Requeue,
            &["jid-00002", "jid-00004", "jid-00003", "jid-00005"],
            0,
        ),
        (Clear, &[], 0),
    ];
    for (verb, expected, dead) in cases {
        let mut world = world_of_five();
        let filter = (verb != Clear).then(|| of_type("Odd"));
        world.ok(change_op(verb, queue("q"), filter));
        let totals = world.totals();
        assert_eq!((totals.dead, totals.working), (dead, 1), "{verb:?}");
        assert_eq!(totals.queues["q"].size, expected.len() as u64, "{verb:?}");
        assert_eq!(left(&mut world), expected, "{verb:?}");
        assert_eq!(totals.counts.processed, 0, "{verb:?}");
    }
}

#[test]
fn a_waiting_job_that_is_enqueued_now_does_not_expire_any_more() {
    let mut world = World::new();
    world.push("jid-00001", "q", json!({"custom": {"expires_in": 10}}));
    world.now = world.now.plus_secs(20);
    world.ok(change_op(Requeue, queue("q"), None));
    let job = world.fetch(&["q"], "w");
    assert_eq!(job.payload["enqueued_at"], world.now.to_string());
}

#[test]
fn jobs_taken_from_their_workers_are_discarded_killed_or_go_back() {
    for (verb, dead, size) in [
        (Discard, 0, 4),
        (Clear, 0, 4),
        (Kill, 1, 4),
        (Requeue, 0, 5),
    ] {
        let mut world = world_of_five();
        let before = world.totals();
        let filter = (verb != Clear).then(|| jobs_named(&["jid-00001", "jid-00002"]));
        world.ok(change_op(verb, working(), filter));
        let totals = world.totals();
        let counts = (totals.dead, totals.working, totals.queues["q"].size);
        assert_eq!(counts, (dead, 0, size), "{verb:?}");
        assert_eq!(totals.counts, before.counts, "{verb:?}");
        // Its worker's late word changes nothing, also once another has the job.
        world.fetch(&["q"], "other");
        world.ack("jid-00001", "w");
        let text = world.refused(World::fail_op("jid-00001", "w"));
        assert_eq!(text, "Job not found jid-00001", "{verb:?}");
        assert_eq!(world.totals().working, 1, "{verb:?}");
    }
}

#[test]
fn a_job_taken_back_from_its_worker_is_the_first_again() {
    let mut world = world_of_five();
    world.now = world.now.plus_secs(3);
    world.ok(change_op(Requeue, working(), None));
    let job = world.fetch(&["q"], "other");
    assert_eq!(job.jid(), "jid-00001");
    assert_eq!(job.payload["enqueued_at"], world.now.to_string());
}

#[test]
fn what_jobs_take_part_in_follows() {
    for (verb, place, members, state) in [
        (Discard, queue("q"), (1, 0, 0), "Unknown"),
        (Discard, working(), (1, 0, 0), "Unknown"),
        (Kill, queue("q"), (1, 0, 1), "Dead"),
        (Kill, working(), (1, 0, 1), "Dead"),
        (Requeue, working(), (1, 1, 0), "Enqueued"),
        (Requeue, queue("q"), (1, 1, 0), "Enqueued"),
    ] {
        let mut world = World::new();
        let bid = world.batch_with(&["success"], "");
        world.push(
            "jid-00001",
            "q",
            json!({"custom": {"bid": bid, "track": 1}}),
        );
        world.commit(&bid);
        if place == working() {
            world.fetch(&["q"], "w");
        }
        world.ok(change_op(verb, place.clone(), None));
        assert_eq!(world.members(&bid), members, "{verb:?} {place:?}");
        let track = world.tracked("jid-00001").unwrap();
        assert_eq!(format!("{:?}", track.state), state, "{verb:?} {place:?}");
        let fired = world.size("cb") == 1;
        assert_eq!(fired, verb == Discard, "{verb:?} {place:?}");
    }
}

#[test]
fn a_slot_is_free_and_who_waits_is_served() {
    for verb in [Discard, Kill, Requeue] {
        let mut world = World::with_rules(throttled(Throttle {
            concurrency: Some(1),
            ..Throttle::default()
        }));
        world.push("jid-00001", "q", json!({}));
        world.push("jid-00002", "q", json!({}));
        world.fetch(&["q"], "w");
        let waiting = world.wait(&["q"], "w2");
        world.ok(change_op(verb, working(), None));
        let next = ["jid-00001", "jid-00002"][usize::from(verb != Requeue)];
        assert_eq!(world.served(waiting).jid(), next, "{verb:?}");
    }
}

#[test]
fn a_job_that_cannot_be_read_is_quarantined_where_it_waits_and_left_to_its_worker() {
    let mut world = World::new();
    world.push("jid-00001", "q", json!({}));
    world.spoil_first_job(&[1]);
    world.ok(change_op(Discard, queue("q"), Some(of_type("None"))));
    assert_eq!((world.totals().dead, world.size("q")), (1, 0));
    world.push("jid-00002", "q", json!({}));
    world.fetch(&["q"], "w");
    world.spoil_first_job(&[1]);
    world.ok(change_op(Kill, working(), None));
    assert_eq!((world.totals().dead, world.totals().working), (1, 1));
    world.ack("jid-00002", "w");
    assert_eq!(world.totals().working, 0);
}

/// Runs the first slice of a change, lets something happen, and runs the rest.
fn meanwhile(world: &mut World, op: Op, happens: impl FnOnce(&mut World)) {
    let ticket = world.next_ticket();
    let mut rest = world.slice(&[Request { ticket, op }]);
    assert!(!rest.is_empty(), "it runs in slices");
    happens(world);
    while !rest.is_empty() {
        rest = world.slice(&rest);
    }
    assert!(world.answer(ticket).is_some());
}

#[test]
fn jobs_that_come_while_a_queue_is_changed_are_not_touched() {
    for (verb, expected) in [(Discard, 0), (Kill, 0), (Requeue, 2_399)] {
        let mut world = World::new();
        for index in 0..2_500 {
            world.push(&format!("job-{index:06}"), "q", json!({}));
        }
        // The first goes to a worker and comes back; a hundred from the end are done meanwhile.
        let tag = world.fetch(&["q"], "w").tag;
        meanwhile(&mut world, change_op(verb, queue("q"), None), |world| {
            world.ok(Op::Nack(vec![tag]));
            world.push("job-new-one", "q", json!({}));
            let tickets = world.group(vec![fetch_op(&["q"], "w"); 101]);
            let done = tickets
                .into_iter()
                .map(|ticket| world.take_job(ticket).unwrap());
            let done: Vec<String> = done.map(|job| job.jid().to_owned()).collect();
            for jid in done {
                world.ack(&jid, "w");
            }
        });
        let totals = world.totals();
        assert_eq!(totals.queues["q"].size, expected + 1, "{verb:?}");
        let killed = if verb == Kill { 2_399 } else { 0 };
        assert_eq!(totals.dead, killed, "{verb:?}");
        // What the first slice moved to the tail had come there before.
        let first = ["job-new-one", "job-000001"][usize::from(verb == Requeue)];
        assert_eq!(world.fetch(&["q"], "w").jid(), first, "{verb:?}");
    }
}

#[test]
fn jobs_fetched_while_workers_are_deprived_are_not_touched() {
    let mut world = World::new();
    for index in 0..1_500 {
        world.push(&format!("job-{index:06}"), "q", json!({}));
    }
    world.push("job-new-one", "z", json!({}));
    world.group(vec![fetch_op(&["q"], "w"); 1_500]);
    meanwhile(&mut world, change_op(Discard, working(), None), |world| {
        world.now = world.now.plus_secs(1);
        world.fetch(&["z"], "w");
    });
    assert_eq!(world.totals().working, 1);
    world.ack("job-new-one", "w");
    assert_eq!(world.totals().counts.processed, 1);
}
