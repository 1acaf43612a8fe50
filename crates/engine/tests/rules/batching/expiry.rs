//! Batches to which nothing happens any more are forgotten.

use serde_json::json;
use workmill_engine::{Ack, Duty, Op, Outcome, Rules};
use workmill_proto::CustomReading;
use workmill_store::CallbackState::{Absent, Done, Queued, Waiting};

use crate::world::World;

#[test]
fn an_uncommitted_batch_is_forgotten_after_half_an_hour() {
    let mut world = World::new();
    let bid = world.batch_with(&["success"], "");
    world.push_member("jid-00001", &bid);
    world.pass(1_799);
    assert_eq!(world.members(&bid), (1, 1, 0));
    world.pass(1);
    world.batch_refused(&format!("STATUS {bid}"));
    world.perform("q");
    assert_eq!(world.totals().counts.processed, 1);
    assert_eq!(world.size("cb"), 0);
}

#[test]
fn a_committed_batch_is_forgotten_thirty_days_after_its_last_change() {
    const DAY: i64 = 86_400;
    let mut world = World::new();
    let bid = world.batch_with(&["success"], "");
    world.push_member("jid-00001", &bid);
    world.push_member("jid-00002", &bid);
    world.commit(&bid);
    for _ in 0..2 {
        for _ in 0..29 {
            world.pass(DAY);
        }
        world.perform("q");
    }
    for _ in 0..29 {
        world.pass(DAY);
    }
    assert_eq!(world.callbacks(&bid), (Absent, Queued));
    world.pass(DAY);
    world.batch_refused(&format!("STATUS {bid}"));
    world.run_callback();
}

#[test]
fn the_times_are_the_operators_and_may_change() {
    let mut world = World::new();
    let [open, committed] = [(); 2].map(|()| world.batch_with(&["success"], ""));
    world.push_member("jid-00001", &committed);
    world.commit(&committed);
    world.set_rules(Rules {
        batch_uncommitted_secs: 3_600,
        batch_committed_secs: 7_200,
        ..Rules::default()
    });
    world.pass(3_599);
    world.members(&open);
    world.pass(1);
    world.batch_refused(&format!("OPEN {open}"));
    world.pass(3_599);
    world.members(&committed);
    world.pass(1);
    world.batch_refused(&format!("OPEN {committed}"));
}

#[test]
fn whatever_happens_to_a_member_of_a_forgotten_batch_is_fine() {
    let mut world = World::new();
    let bid = world.batch_with(&["success"], "");
    for jid in ["jid-00001", "jid-00002", "jid-00003"] {
        let more = json!({"retry": 1, "reserve_for": 7_200, "custom": {"bid": bid}});
        world.push(jid, "q", more);
        world.fetch(&["q"], "w");
    }
    world.pass(1_800);
    world.fail("jid-00001", "w");
    world.ack("jid-00002", "w");
    world.requeue("jid-00003", "w");
    world.mutate(json!({"cmd": "discard", "target": "retries"}));
    world.queue("REMOVE q");
    world.tick(Duty::Sweep);
    let totals = world.totals();
    assert_eq!((totals.working, totals.retries, totals.dead), (0, 0, 0));
}

#[test]
fn a_child_that_is_forgotten_releases_its_parent() {
    for committed in [false, true] {
        let mut world = World::new();
        let parent = world.batch_with(&["complete", "success"], "");
        let child = world.batch_with(&["success"], &parent);
        world.push("jid-00001", "r", json!({"custom": {"bid": child}}));
        world.push_member("jid-00002", &parent);
        world.commit(&parent);
        if committed {
            world.commit(&child);
        }
        let days = if committed { 29 } else { 0 };
        world.pass(days * 86_400 + 1_000);
        world.perform("q");
        assert_eq!(world.callbacks(&parent), (Waiting, Waiting));
        world.pass(86_400);
        world.batch_refused(&format!("STATUS {child}"));
        assert_eq!(world.callbacks(&parent), (Queued, Waiting), "{committed}");
        world.run_callback();
        assert_eq!(world.callbacks(&parent), (Done, Queued));
    }
}

#[test]
fn a_parent_that_is_forgotten_is_no_parent_any_more() {
    let mut world = World::new();
    let parent = world.batch_with(&["success"], "");
    let child = world.batch_with(&["success"], &parent);
    let second = world.batch_with(&["success"], "");
    world.adopt(&second, &child);
    for bid in [&child, &second] {
        world.commit(bid);
    }
    world.pass(1_800);
    world.batch_refused(&format!("STATUS {parent}"));
    assert_eq!(world.status(&child).parent.unwrap().to_string(), second);
    world.run_callback();
    assert_eq!(world.callbacks(&second), (Absent, Queued));
}

#[test]
fn a_flush_forgets_the_batches() {
    let mut world = World::new();
    let bid = world.batch_with(&["success"], "");
    world.push_member("jid-00001", &bid);
    world.fetch(&["q"], "w");
    world.ok(Op::Flush);
    world.batch_refused(&format!("STATUS {bid}"));
    let next = world.batch_with(&["success"], "");
    assert_ne!(next, bid);
    world.ack("jid-00001", "w");
    world.tick(Duty::Sweep);
    assert_eq!(world.members(&next), (0, 0, 0));
    world.pass(60);
    assert_eq!(world.members(&next), (0, 0, 0));
}

#[test]
fn a_flush_forgets_also_what_its_group_has_done_before() {
    let mut world = World::new();
    let bid = world.batch_with(&["success"], "");
    world.push_member("jid-00001", &bid);
    world.fetch(&["q"], "w");
    let ack = Op::Ack(Ack {
        jid: "jid-00001".to_owned(),
        wid: "w".into(),
    });
    let job = world.job("jid-00002", "q", json!({"custom": {"bid": bid}}));
    let push = Op::push(job, world.now, CustomReading::ALL).unwrap();
    let tickets = world.group(vec![ack, Op::Flush, push]);
    let outcome = world.answer(tickets[2]);
    assert!(matches!(outcome, Some(Outcome::Refused(_))), "{outcome:?}");
}
