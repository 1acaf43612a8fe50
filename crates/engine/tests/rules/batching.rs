//! Batches: what is counted, when callbacks are queued, and what they look like.

mod nesting;

mod expiry;

mod ends;

mod callbacks;

use serde_json::json;
use workmill_engine::Op;
use workmill_store::CallbackState::{Absent, Done, Queued, Waiting};

use crate::world::World;

const BOTH: [&str; 2] = ["complete", "success"];

/// A committed batch with these callbacks and these members in the queue `q`.
fn committed(world: &mut World, callbacks: &[&str], jids: &[&str]) -> String {
    let bid = world.batch_with(callbacks, "");
    for jid in jids {
        world.push_member(jid, &bid);
    }
    world.commit(&bid);
    bid
}

#[test]
fn the_success_callback_comes_after_the_complete_callback_was_acknowledged() {
    let mut world = World::new();
    let bid = committed(&mut world, &BOTH, &["jid-00001", "jid-00002"]);
    assert_eq!(world.members(&bid), (2, 2, 0));
    world.perform("q");
    assert_eq!(world.members(&bid), (2, 1, 0));
    assert_eq!(world.callbacks(&bid), (Waiting, Waiting));
    world.perform("q");
    assert_eq!(world.members(&bid), (2, 0, 0));
    assert_eq!(world.callbacks(&bid), (Queued, Waiting));
    let complete = world.fetch(&["cb"], "w");
    assert_eq!(complete.payload["jobtype"], "complete");
    assert_eq!(world.size("cb"), 0);
    world.ack(complete.jid(), "w");
    assert_eq!(world.callbacks(&bid), (Done, Queued));
    assert_eq!(world.run_callback()["jobtype"], "success");
    assert_eq!(world.callbacks(&bid), (Done, Done));
    assert_eq!(world.size("cb"), 0);
}

#[test]
fn a_batch_may_have_only_one_callback() {
    let mut world = World::new();
    let bid = committed(&mut world, &["success"], &["jid-00001"]);
    world.perform("q");
    assert_eq!(world.callbacks(&bid), (Absent, Queued));
    assert_eq!(world.run_callback()["jobtype"], "success");
    let bid = committed(&mut world, &["complete"], &["jid-00002"]);
    world.perform("q");
    assert_eq!(world.callbacks(&bid), (Queued, Absent));
    assert_eq!(world.run_callback()["jobtype"], "complete");
    assert_eq!(world.callbacks(&bid), (Done, Absent));
    assert_eq!(world.size("cb"), 0);
}

#[test]
fn an_empty_batch_is_done_when_it_is_committed() {
    let mut world = World::new();
    let bid = world.batch_with(&BOTH, "");
    assert_eq!(world.callbacks(&bid), (Waiting, Waiting));
    world.commit(&bid);
    assert_eq!(world.members(&bid), (0, 0, 0));
    assert_eq!(world.callbacks(&bid), (Queued, Waiting));
    assert_eq!(world.run_callback()["jobtype"], "complete");
    assert_eq!(world.run_callback()["jobtype"], "success");
}

#[test]
fn members_run_before_the_commit_and_callbacks_wait_for_it() {
    let mut world = World::new();
    let bid = world.batch_with(&BOTH, "");
    world.push_member("jid-00001", &bid);
    world.perform("q");
    assert_eq!(world.members(&bid), (1, 0, 0));
    assert_eq!(world.callbacks(&bid), (Waiting, Waiting));
    world.commit(&bid);
    assert_eq!(world.callbacks(&bid), (Queued, Waiting));
}

#[test]
fn complete_is_when_every_member_has_run_once_and_success_when_all_succeeded() {
    let mut world = World::new();
    let bid = committed(&mut world, &BOTH, &["jid-00001", "jid-00002"]);
    world.fetch(&["q"], "w");
    world.fail("jid-00001", "w");
    assert_eq!(world.members(&bid), (2, 1, 1));
    world.perform("q");
    assert_eq!(world.members(&bid), (2, 0, 1));
    world.run_callback();
    assert_eq!(world.callbacks(&bid), (Done, Waiting));
    world.pass(60);
    world.fetch(&["q"], "w");
    assert_eq!(world.members(&bid), (2, 0, 1), "until it has succeeded");
    world.fail("jid-00001", "w");
    assert_eq!(
        world.members(&bid),
        (2, 0, 1),
        "twice failed is failed once"
    );
    world.pass(120);
    world.perform("q");
    assert_eq!(world.members(&bid), (2, 0, 0));
    assert_eq!(world.callbacks(&bid), (Done, Queued));
}

#[test]
fn a_success_that_comes_before_the_complete_callback_is_done_waits_for_it() {
    let mut world = World::new();
    let bid = committed(&mut world, &BOTH, &["jid-00001"]);
    world.fetch(&["q"], "w");
    world.fail("jid-00001", "w");
    assert_eq!(world.callbacks(&bid), (Queued, Waiting));
    world.pass(60);
    world.perform("q");
    assert_eq!(world.members(&bid), (1, 0, 0));
    assert_eq!(world.callbacks(&bid), (Queued, Waiting));
    world.run_callback();
    assert_eq!(world.callbacks(&bid), (Done, Queued));
}

#[test]
fn a_job_that_is_not_tried_again_has_run_and_failed_for_good() {
    let mut world = World::new();
    let bid = world.batch_with(&BOTH, "");
    for (jid, retry) in [("jid-00001", 0), ("jid-00002", -1)] {
        world.push(jid, "q", json!({"retry": retry, "custom": {"bid": bid}}));
    }
    world.commit(&bid);
    for jid in ["jid-00001", "jid-00002"] {
        world.fetch(&["q"], "w");
        world.fail(jid, "w");
    }
    assert_eq!(world.members(&bid), (2, 0, 2));
    world.run_callback();
    assert_eq!(world.callbacks(&bid), (Done, Waiting), "on death");
}

#[test]
fn an_expired_reservation_and_a_poison_pill_are_executions_that_failed() {
    let mut world = World::new();
    let bid = world.batch_with(&["complete"], "");
    let more = json!({"reserve_for": 60, "custom": {"bid": bid}});
    world.push("jid-00001", "q", more);
    world.commit(&bid);
    world.fetch(&["q"], "w");
    world.pass(62);
    assert_eq!(world.members(&bid), (1, 0, 1));
    world.ack("jid-00001", "w");
    assert_eq!(world.members(&bid), (1, 0, 1), "a late word is none");
    world.push_member("jid-00002", &bid);
    for round in 0..3 {
        assert_eq!(world.members(&bid).1, 1, "round {round}");
        world.fetch(&["q"], "lost");
        world.pass(60);
        world.tick(workmill_engine::Duty::RecoverLost {
            alive: std::sync::Arc::default(),
        });
        world.mutate(json!({"cmd": "clear", "target": "retries"}));
    }
    assert_eq!(world.totals().dead, 1);
    assert_eq!(world.members(&bid).1, 0);
}

#[test]
fn a_scheduled_member_is_one_from_the_start() {
    let mut world = World::new();
    let bid = world.batch_with(&["success"], "");
    let at = world.now.plus_secs(30).to_string();
    world.push("jid-00001", "q", json!({"at": at, "custom": {"bid": bid}}));
    world.commit(&bid);
    assert_eq!(world.members(&bid), (1, 1, 0));
    world.pass(30);
    world.perform("q");
    assert_eq!(world.callbacks(&bid), (Absent, Queued));
}

#[test]
fn members_come_in_bulk_and_only_those_taken_in_count() {
    let mut world = World::new();
    let gone = world.batch_with(&["success"], "");
    world.pass(1_800);
    let bid = world.batch_with(&["success"], "");
    let custom = json!({"bid": bid, "unique_for": 60});
    let mut jobs: Vec<_> = (0..2_500)
        .map(|index| {
            let more = json!({"custom": custom, "args": [index.max(1)]});
            world.job(&format!("job-{index:06}"), "q", more)
        })
        .collect();
    jobs.push(world.job("jid-lost1", "q", json!({"custom": {"bid": gone}})));
    let refused = world.push_bulk(jobs.into_iter());
    let refused: Vec<_> = refused.iter().map(|(jid, _)| jid.as_str()).collect();
    assert_eq!(refused, ["job-000001", "jid-lost1"]);
    assert_eq!(world.members(&bid), (2_499, 2_499, 0));
}

#[test]
fn an_unknown_batch_is_refused() {
    let mut world = World::new();
    let bid = world.batch_with(&["success"], "");
    world.pass(1_800);
    for unknown in [bid.as_str(), "b-AAAAAAAAAAAAAA", "b-nonsense", "nonsense"] {
        let wanted = format!("No such batch {unknown}");
        for words in ["OPEN", "COMMIT", "STATUS"] {
            assert_eq!(world.batch_refused(&format!("{words} {unknown}")), wanted);
        }
        let new = json!({"success": {"jobtype": "T"}, "parent_bid": unknown});
        assert_eq!(world.batch_refused(&format!("NEW {new}")), wanted);
        let error = world.push_refused("jid-00001", "q", json!({"custom": {"bid": unknown}}));
        assert_eq!(error.text, wanted);
    }
    assert_eq!(world.size("q"), 0);
}

#[test]
fn an_id_is_not_known_by_its_number_alone() {
    let mut world = World::new();
    let bid = world.batch_with(&["success"], "");
    let mut guessed = workmill_proto::Bid::parse(&bid).unwrap();
    guessed.check ^= 1;
    let text = world.batch_refused(&format!("OPEN {guessed}"));
    assert_eq!(text, format!("No such batch {guessed}"));
    world.push_refused(
        "jid-00001",
        "q",
        json!({"custom": {"bid": guessed.to_string()}}),
    );
}

#[test]
fn a_batch_can_be_opened_filled_and_committed_at_any_time() {
    let mut world = World::new();
    let bid = committed(&mut world, &BOTH, &["jid-00001"]);
    world.push_member("jid-00002", &bid);
    let opened = world.batch(&format!("OPEN {bid}"));
    assert!(
        matches!(opened, workmill_engine::Outcome::Bid(_)),
        "{opened:?}"
    );
    world.commit(&bid);
    world.perform("q");
    assert_eq!(world.callbacks(&bid), (Waiting, Waiting));
    world.perform("q");
    world.run_callback();
    world.push_member("jid-00003", &bid);
    assert_eq!(world.members(&bid), (3, 1, 0));
    assert_eq!(world.run_callback()["jobtype"], "success");
    world.push_member("jid-00004", &bid);
    world.commit(&bid);
    world.perform("q");
    world.perform("q");
    assert_eq!(world.members(&bid), (4, 0, 0));
    assert_eq!(world.callbacks(&bid), (Done, Done));
    assert_eq!(world.size("cb"), 0, "each callback comes once at most");
}

#[test]
fn a_member_pushed_after_the_complete_callback_holds_the_success_callback_up() {
    let mut world = World::new();
    let bid = committed(&mut world, &BOTH, &["jid-00001"]);
    world.perform("q");
    let complete = world.fetch(&["cb"], "w");
    world.push_member("jid-00002", &bid);
    world.ack(complete.jid(), "w");
    assert_eq!(world.callbacks(&bid), (Done, Waiting));
    world.perform("q");
    assert_eq!(world.callbacks(&bid), (Done, Queued));
    assert_eq!(world.run_callback()["jobtype"], "success");
}

#[test]
fn status_tells_what_never_changes() {
    let mut world = World::new();
    let made_at = world.now;
    let parent = world.batch_with(&["success"], "");
    let new = json!({"description": "d", "parent_bid": parent, "success": {"jobtype": "S"}});
    let bid = world.new_batch(&new);
    world.pass(5);
    let report = world.status(&bid);
    assert_eq!(report.bid.to_string(), bid);
    assert_eq!(report.parent.unwrap().to_string(), parent);
    assert_eq!(report.details.description, "d");
    assert_eq!(report.details.created_at, made_at);
    let orphan = world.batch_with(&["success"], "");
    assert_eq!(world.status(&orphan).parent, None);
}

#[test]
fn a_batch_survives_a_restart() {
    let mut world = World::new();
    let bid = committed(&mut world, &BOTH, &["jid-00001", "jid-00002"]);
    world.perform("q");
    world.restart();
    assert_eq!(world.members(&bid), (2, 1, 0));
    world.perform("q");
    world.restart();
    assert_eq!(world.run_callback()["jobtype"], "complete");
    world.restart();
    assert_eq!(world.run_callback()["jobtype"], "success");
    assert_eq!(world.callbacks(&bid), (Done, Done));
}

#[test]
fn a_group_that_fails_counts_nothing() {
    let mut world = World::new();
    let bid = committed(&mut world, &["success"], &["jid-00001"]);
    world.fetch(&["q"], "w");
    let op = Op::Ack(workmill_engine::Ack {
        jid: "jid-00001".to_owned(),
        wid: "w".into(),
    });
    let ticket = world.next_ticket();
    let ack = [workmill_engine::Request { ticket, op }];
    world.try_slice(&ack, false).unwrap();
    assert_eq!(world.members(&bid), (1, 1, 0));
    assert_eq!(world.size("cb"), 0);
    world.slice(&ack);
    assert_eq!(world.callbacks(&bid), (Absent, Queued));
    assert_eq!(world.size("cb"), 1);
}

#[test]
fn an_ack_whose_answer_was_lost_counts_once_when_it_is_sent_again() {
    let mut world = World::new();
    let bid = committed(&mut world, &["success"], &["jid-00001", "jid-00002"]);
    world.fetch(&["q"], "w");
    let undelivered = world.fetch(&["q"], "w");
    world.ok(Op::Nack(vec![undelivered.tag]));
    for _ in 0..2 {
        world.ack("jid-00001", "w");
        assert_eq!(world.members(&bid), (2, 1, 0));
    }
    world.perform("q");
    assert_eq!(world.callbacks(&bid), (Absent, Queued));
}
