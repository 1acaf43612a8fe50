//! QUEUE and FLUSH.

use std::sync::Arc;

use serde_json::json;
use workmill_engine::{Duty, Op, Outcome};
use workmill_proto::Timestamp;
use workmill_store::Reading as _;

use crate::world::World;

/// When the job at the head of a queue was put into it.
fn head(world: &World, queue: &str) -> Option<Timestamp> {
    world.reader().heads(&[queue]).unwrap().pop().unwrap()
}

#[test]
fn a_paused_queue_gives_nothing_until_it_is_resumed() {
    let mut world = World::new();
    world.push("jid-00001", "q", json!({}));
    world.queue("PAUSE q");
    world.push("jid-00002", "q", json!({}));
    world.assert_nothing(&["q"]);
    let waiting = world.try_fetch(&["q"], "w").unwrap_err();
    world.queue("RESUME q");
    assert_eq!(world.take_job(waiting).unwrap().jid(), "jid-00001");
}

#[test]
fn a_pause_comes_before_its_queue_and_outlives_a_restart() {
    let mut world = World::new();
    world.queue("PAUSE later");
    world.restart();
    world.push("jid-00001", "later", json!({}));
    world.assert_nothing(&["later"]);
    assert!(world.totals().queues["later"].paused);
}

#[test]
fn a_star_means_every_queue() {
    let mut world = World::new();
    world.push("jid-00001", "a", json!({}));
    world.push("jid-00002", "b", json!({}));
    world.queue("PAUSE *");
    world.assert_nothing(&["a", "b"]);
    world.queue("RESUME *");
    world.fetch(&["a"], "w");
    world.queue("REMOVE *");
    assert!(world.totals().queues.is_empty());
}

#[test]
fn a_removed_queue_spares_the_jobs_that_are_being_worked_on() {
    let mut world = World::new();
    for jid in ["jid-00001", "jid-00002", "jid-00003", "jid-00004"] {
        world.push(jid, "q", json!({}));
    }
    world.fetch(&["q"], "w");
    let undelivered = world.fetch(&["q"], "w");
    let failing = world.fetch(&["q"], "w").jid().to_owned();
    world.queue("REMOVE q");
    assert!(!world.totals().queues.contains_key("q"));
    world.tick(Duty::Sweep);
    assert_eq!(world.totals().working, 3);
    world.ack("jid-00001", "w");
    world.fail(&failing, "w");
    assert_eq!((world.totals().working, world.totals().retries), (1, 1));
    world.push("jid-00005", "q", json!({}));
    world.ok(Op::Nack(vec![undelivered.tag]));
    assert_eq!(world.fetch(&["q"], "w").jid(), "jid-00002");
    assert_eq!(world.fetch(&["q"], "w").jid(), "jid-00005");
}

#[test]
fn removing_a_queue_ends_its_pause() {
    let mut world = World::new();
    world.queue("PAUSE q");
    world.queue("REMOVE q");
    world.push("jid-00001", "q", json!({}));
    world.fetch(&["q"], "w");
}

#[test]
fn the_head_of_a_queue_is_its_oldest_job() {
    let mut world = World::new();
    let first = world.now;
    world.push("jid-00001", "q", json!({}));
    world.now = world.now.plus_secs(10);
    let second = world.now;
    world.push("jid-00002", "q", json!({}));
    world.now = world.now.plus_secs(5);
    assert_eq!(head(&world, "q"), Some(first));
    world.fetch(&["q"], "w");
    assert_eq!(head(&world, "q"), Some(second));
    assert_eq!(head(&world, "unknown"), None);
}

#[test]
fn a_requeued_scheduled_job_is_enqueued_when_it_was_requeued() {
    let mut world = World::new();
    let at = world.now.plus_secs(3_000).to_string();
    world.push("jid-00001", "q", json!({ "at": at }));
    world.now = world.now.plus_secs(60);
    let requeued = world.now;
    world.mutate(json!({"cmd": "requeue", "target": "scheduled"}));
    world.now = world.now.plus_secs(2);
    assert_eq!(head(&world, "q"), Some(requeued));
}

#[test]
fn flush_forgets_everything_but_who_waits() {
    let mut world = World::new();
    let at = world.now.plus_secs(3_000).to_string();
    world.push("jid-00001", "q", json!({}));
    world.push("jid-00002", "q", json!({}));
    world.push("jid-00003", "q", json!({ "at": at }));
    world.fetch(&["q"], "w");
    world.queue("PAUSE p");
    let waiting = world.try_fetch(&["other"], "w").unwrap_err();
    world.ok(Op::Flush);
    let totals = world.totals();
    assert_eq!(totals, workmill_store::Totals::default());
    assert_eq!(
        world.refused(World::fail_op("jid-00001", "w")),
        "Job not found jid-00001"
    );
    world.tick(Duty::Sweep);
    world.push("jid-00004", "other", json!({}));
    assert_eq!(world.take_job(waiting).unwrap().jid(), "jid-00004");
    world.restart();
    assert_eq!(world.totals().working, 1);
    assert_eq!(world.totals().queues.len(), 1);
}

#[test]
fn infos_that_follow_each_other_share_one_report() {
    let mut world = World::new();
    let push = |world: &World, jid: &str| {
        world.push_op(&json!({"jid": jid, "queue": "q", "jobtype": "T", "args": []}))
    };
    let ops = vec![
        push(&world, "jid-00001"),
        Op::Info,
        Op::Info,
        push(&world, "jid-00002"),
        Op::Info,
    ];
    let tickets = world.group(ops);
    let mut report = |index: usize| match world.answer(tickets[index]) {
        Some(Outcome::Info(report)) => report,
        other => panic!("{other:?}"),
    };
    let (first, second, third) = (report(1), report(2), report(4));
    assert!(Arc::ptr_eq(&first, &second));
    assert_eq!(first.totals.queues["q"].size, 1);
    assert_eq!(third.totals.queues["q"].size, 2);
}
