//! What happens at the limits: one job over them hurts only itself.

use std::sync::Arc;

use serde_json::{Value, json};
use workmill_engine::{BulkPush, Fetch, Op, Outcome, ServerId};
use workmill_proto::{CustomReading, Job, QueueCommand, QueueSelection};

use crate::world::World;

/// Pushes jobs in bulk; returns the ids of those refused.
fn push_bulk(world: &mut World, payloads: impl Iterator<Item = Value>) -> Vec<String> {
    let jobs = payloads.map(|payload| Job::parse(payload.to_string().as_bytes()).unwrap());
    let refused = world.push_bulk(jobs);
    refused.into_iter().map(|(jid, _)| jid).collect()
}

fn job(jid: &str, queue: &str) -> Value {
    json!({"jid": jid, "queue": queue, "jobtype": "T", "args": []})
}

#[test]
fn too_many_queues_refuse_only_the_job_that_would_make_one_more() {
    let mut world = World::new();
    let at = world.now.plus_secs(30).to_string();
    let mut later = job("jid-later", "scheduled-before");
    later["at"] = Value::from(at.clone());
    let op = world.push_op(&later);
    world.ok(op);
    world.push("jid-due-1", "queue-7", json!({ "at": at }));
    let fill = (0..100_000).map(|index| job(&format!("job-{index:06}"), &format!("queue-{index}")));
    assert!(push_bulk(&mut world, fill).is_empty());

    let op = world.push_op(&job("jid-00001", "one-more"));
    let text = world.refused(op);
    assert!(
        text.contains("one-more") && text.contains("QUEUE REMOVE"),
        "{text}"
    );
    later["queue"] = Value::from("one-more");
    let op = world.push_op(&later);
    world.refused(op);
    assert!(matches!(world.queue("PAUSE one-more"), Outcome::Refused(_)));
    assert!(matches!(world.queue("PAUSE queue-1"), Outcome::Ok));
    assert!(matches!(world.queue("RESUME one-more"), Outcome::Ok));
    let mixed = [
        job("jid-good1", "queue-1"),
        job("jid-bad-1", "new-1"),
        job("jid-good2", "queue-2"),
    ];
    assert_eq!(push_bulk(&mut world, mixed.into_iter()), ["jid-bad-1"]);

    world.pass(30);
    let totals = world.totals();
    assert_eq!(totals.scheduled, 0, "no due job is held up by another");
    assert_eq!((totals.queues["queue-7"].size, totals.dead), (2, 1));
    world.queue("REMOVE queue-9");
    world.mutate(json!({"cmd": "requeue", "target": "dead"}));
    assert_eq!(world.fetch(&["scheduled-before"], "w").jid(), "jid-later");
}

#[test]
fn one_worker_or_connection_holds_no_more_than_its_share_of_reservations() {
    const SHARE: usize = 20_000;
    let mut world = World::new();
    let jobs = (0..SHARE + 10).map(|index| job(&format!("job-{index:06}"), "q"));
    assert!(push_bulk(&mut world, jobs).is_empty());
    let fetch = |wid: &str, connection: u64, queue: &str| {
        Op::Fetch(Fetch {
            queues: Arc::new([queue.to_owned()]),
            wid: wid.into(),
            server: ServerId::LOCAL,
            connection,
        })
    };
    for (wid, connection, others) in [("w", 0, ("w2", 0)), ("", 7, ("", 8))] {
        let waiting = world.group(vec![fetch(wid, connection, "later")])[0];
        for _ in 0..SHARE / 1_000 {
            world.group(vec![fetch(wid, connection, "q"); 1_000]);
        }
        assert_eq!(world.totals().working, SHARE as u64);
        let text = world.refused(fetch(wid, connection, "q"));
        assert!(
            text.contains("20000 jobs") && text.contains("ACK"),
            "{text}"
        );
        world.refused(fetch(wid, connection, "empty"));
        // It waited since before it had so many.
        world.push("jid-later", "later", json!({}));
        assert!(matches!(world.answer(waiting), Some(Outcome::Refused(_))));
        let outcome = world.run(fetch(others.0, others.1, "later"));
        assert!(matches!(outcome, Outcome::Job(_)), "{outcome:?}");
        world.ack("jid-later", others.0);
        world.ack("job-000000", wid);
        let both = world.group(vec![fetch(wid, connection, "q"); 2]);
        assert!(matches!(world.answer(both[0]), Some(Outcome::Job(_))));
        assert!(matches!(world.answer(both[1]), Some(Outcome::Refused(_))));
        world.ok(Op::Flush);
        let jobs = (0..SHARE + 10).map(|index| job(&format!("job-{index:06}"), "q"));
        assert!(push_bulk(&mut world, jobs).is_empty());
    }
}

#[test]
fn one_client_makes_no_more_than_its_share_of_queues() {
    const SHARE: usize = 80_000;
    let mut world = World::new();
    let at = world.now.plus_secs(30).to_string();
    let mut later = job("jid-later", "for-later");
    later["at"] = Value::from(at);
    let op = world.push_op(&later).asked_by(7);
    world.ok(op);
    let jobs = (1..=SHARE).map(|index| job(&format!("job-{index:06}"), &format!("queue-{index}")));
    let jobs = jobs.map(|job| Ok(Job::parse(job.to_string().as_bytes()).unwrap()));
    let bulk = BulkPush::new(jobs.collect(), world.now, CustomReading::ALL);
    match world.run(Op::PushBulk(bulk).asked_by(7)) {
        Outcome::Refusals(refused) => {
            let (jid, error) = &refused[0];
            assert_eq!((refused.len(), &**jid), (1, "job-080000"));
            assert!(error.text.contains("has made 80000"), "{error}");
        }
        other => panic!("{other:?}"),
    }
    let push = |world: &World, queue: &str, client: u64| {
        world.push_op(&job("jid-00001", queue)).asked_by(client)
    };
    let pause = |names: &[&str], client: u64| {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        let command = QueueCommand::Pause(QueueSelection::Named(names));
        Op::Queue(Arc::new(command), client)
    };
    let op = push(&world, "one-more", 7);
    world.refused(op);
    world.refused(pause(&["queue-1", "one-more"], 7));
    for (queue, client) in [
        ("queue-5", 7),
        ("for-later", 7),
        ("one-more", 8),
        ("one-more", 7),
    ] {
        let op = push(&world, queue, client);
        world.ok(op);
    }
    world.queue("REMOVE queue-9");
    // Neither of the two is charged, as both cannot be made.
    world.refused(pause(&["new-1", "new-2"], 7));
    world.ok(pause(&["new-1"], 7));
    world.refused(pause(&["new-2"], 7));
    world.ok(Op::Flush);
    world.ok(pause(&["new-2"], 7));
}
