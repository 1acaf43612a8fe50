//! REQUEUE: a job that a worker has goes back.

use serde_json::json;
use workmill_engine::Op;

use crate::world::{World, requeue_op};

#[test]
fn a_requeued_job_is_the_first_of_its_queue() {
    let mut world = World::new();
    for jid in ["jid-00001", "jid-00002", "jid-00003"] {
        world.push(jid, "q", json!({}));
    }
    world.fetch(&["q"], "w");
    world.fetch(&["q"], "w");
    world.requeue("jid-00002", "w");
    assert_eq!(world.size("q"), 2);
    assert_eq!(world.fetch(&["q"], "w").jid(), "jid-00002");
    world.requeue("jid-00001", "w");
    assert_eq!(world.fetch(&["q"], "w").jid(), "jid-00001");
    assert_eq!(world.fetch(&["q"], "w").jid(), "jid-00003");
}

#[test]
fn it_is_enqueued_anew_and_otherwise_unchanged() {
    let mut world = World::new();
    let more = json!({"retry": 3, "custom": {"a": 1}});
    world.push("jid-00001", "q", more);
    world.fetch(&["q"], "w");
    world.fail("jid-00001", "w");
    world.pass(60);
    let mut before = world.fetch(&["q"], "w").payload;
    world.pass(10);
    world.requeue("jid-00001", "w");
    let requeued_at = world.now.to_string();
    world.pass(5);
    let after = world.fetch(&["q"], "w").payload;
    assert_ne!(before["enqueued_at"], after["enqueued_at"]);
    before["enqueued_at"] = json!(requeued_at);
    assert_eq!(after, before);
    assert_eq!(after["failure"]["retry_count"], 0);
}

#[test]
fn nothing_is_counted_and_no_retry_is_used() {
    let mut world = World::new();
    world.push("jid-00001", "q", json!({"retry": 1}));
    for _ in 0..5 {
        world.fetch(&["q"], "w");
        world.requeue("jid-00001", "w");
    }
    let totals = world.totals();
    assert_eq!((totals.counts.processed, totals.counts.failures), (0, 0));
    assert_eq!((totals.working, totals.queues["q"].size), (0, 1));
    world.fetch(&["q"], "w");
    world.fail("jid-00001", "w");
    assert_eq!(world.totals().retries, 1);
}

#[test]
fn an_unknown_job_is_refused() {
    let mut world = World::new();
    world.push("jid-00001", "q", json!({}));
    for jid in ["jid-00001", "nobody-knows"] {
        assert_eq!(
            world.refused(requeue_op(jid, "w")),
            format!("there is no reservation for job {jid}")
        );
    }
    world.fetch(&["q"], "w");
    world.ack("jid-00001", "w");
    world.refused(requeue_op("jid-00001", "w"));
}

#[test]
fn any_connection_may_ask_for_it() {
    for wid in ["", "another"] {
        let mut world = World::new();
        world.push("jid-00001", "q", json!({}));
        world.fetch(&["q"], "w");
        world.requeue("jid-00001", wid);
        assert_eq!(world.size("q"), 1);
    }
}

#[test]
fn of_several_copies_the_askers_own_is_meant() {
    let mut world = World::new();
    world.push("jid-twice", "q", json!({"args": [1]}));
    world.push("jid-twice", "q", json!({"args": [2]}));
    world.fetch(&["q"], "first");
    world.fetch(&["q"], "second");
    world.requeue("jid-twice", "second");
    assert_eq!(world.fetch(&["q"], "w").payload["args"], json!([2]));
}

#[test]
fn the_late_word_of_its_worker_does_not_end_the_next_reservation() {
    for asker in ["w", "another", ""] {
        let mut world = World::new();
        world.push("jid-00001", "q", json!({}));
        world.fetch(&["q"], "w");
        world.requeue("jid-00001", asker);
        world.fetch(&["q"], "next");
        world.ack("jid-00001", "w");
        assert_eq!(world.totals().working, 1, "asked by {asker:?}");
        let text = world.refused(World::fail_op("jid-00001", "w"));
        assert_eq!(text, "Job not found jid-00001");
        world.refused(requeue_op("jid-00001", "w"));
        world.ack("jid-00001", "next");
        assert_eq!(world.totals().counts.processed, 1);
    }
}

#[test]
fn a_worker_that_gets_its_requeued_job_again_can_end_it() {
    let mut world = World::new();
    world.push("jid-00001", "q", json!({}));
    for asker in ["w", "another"] {
        world.fetch(&["q"], "w");
        world.requeue("jid-00001", asker);
    }
    world.fetch(&["q"], "w");
    world.ack("jid-00001", "w");
    assert_eq!(world.totals().working, 0);
}

#[test]
fn a_worker_whose_reservation_expired_cannot_requeue_the_job_of_another() {
    let mut world = World::new();
    world.push("jid-00001", "q", json!({"reserve_for": 60}));
    world.fetch(&["q"], "slow");
    world.pass(130);
    world.fetch(&["q"], "quick");
    world.refused(requeue_op("jid-00001", "slow"));
    assert_eq!(world.totals().working, 1);
}

#[test]
fn whoever_waits_gets_the_requeued_job() {
    let mut world = World::new();
    world.push("jid-00001", "q", json!({}));
    world.fetch(&["q"], "w");
    let waiting = world.wait(&["x", "q"], "w2");
    world.requeue("jid-00001", "w");
    assert_eq!(world.served(waiting).jid(), "jid-00001");
}

#[test]
fn a_requeued_job_of_a_removed_queue_makes_the_queue_again() {
    let mut world = World::new();
    world.push("jid-00001", "q", json!({}));
    world.push("jid-00002", "q", json!({}));
    world.fetch(&["q"], "w");
    world.queue("REMOVE q");
    world.requeue("jid-00001", "w");
    assert_eq!(world.size("q"), 1);
    world.queue("PAUSE q");
    world.assert_nothing(&["q"]);
    world.queue("RESUME q");
    assert_eq!(world.fetch(&["q"], "w").jid(), "jid-00001");
}

#[test]
fn a_member_of_a_batch_stays_what_it_was() {
    let mut world = World::new();
    let bid = world.batch_with(&["success"], "");
    world.push_member("jid-00001", &bid);
    world.commit(&bid);
    world.fetch(&["q"], "w");
    world.requeue("jid-00001", "w");
    assert_eq!(world.members(&bid), (1, 1, 0));
    world.fetch(&["q"], "w");
    world.fail("jid-00001", "w");
    world.pass(60);
    world.fetch(&["q"], "w");
    world.requeue("jid-00001", "w");
    assert_eq!(world.members(&bid), (1, 0, 1));
    world.perform("q");
    assert_eq!(world.members(&bid), (1, 0, 0));
}

#[test]
fn a_requeue_survives_a_restart_and_a_job_that_cannot_be_read_is_quarantined() {
    let mut world = World::new();
    world.push("jid-00001", "q", json!({}));
    world.push("jid-00002", "q", json!({}));
    world.fetch(&["q"], "w");
    world.requeue("jid-00001", "w");
    world.restart();
    assert_eq!(world.fetch(&["q"], "w").jid(), "jid-00001");
    world.spoil_first_job(&[1]);
    world.ok(requeue_op("jid-00001", "w"));
    let totals = world.totals();
    assert_eq!((totals.dead, totals.working, world.size("q")), (1, 0, 1));
}

#[test]
fn a_requeue_that_fails_leaves_the_job_with_its_worker() {
    let mut world = World::new();
    world.push("jid-00001", "q", json!({}));
    world.fetch(&["q"], "w");
    let ticket = world.next_ticket();
    let op: Op = requeue_op("jid-00001", "w");
    let requeue = [workmill_engine::Request { ticket, op }];
    world.try_slice(&requeue, false).unwrap();
    let totals = world.totals();
    assert_eq!((totals.working, totals.queues["q"].size), (1, 0));
    world.ack("jid-00001", "w");
}
