//! Jobs that are kept when they are done, to be looked at.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use workmill_engine::query::Query;
use workmill_engine::{Change, ChangeVerb, Duty, Op, OperationId, Outcome, Rules};
use workmill_proto::SetName;
use workmill_store::reading::{Bounds, FoundJob};
use workmill_store::{Attempt, JobRef, Operator, Place, Reading as _};

use crate::world::World;

const DONE: Place = Place::Set(SetName::Completed);

fn keeping(secs: i64) -> Rules {
    Rules {
        completed_secs: secs,
        ..Rules::default()
    }
}

fn completed(world: &World) -> Vec<FoundJob> {
    let slice = world.reader().jobs(&DONE, None, Bounds::of_rows(1_000));
    slice.unwrap().items
}

/// The ids of those that are kept, the latest first.
fn jids(world: &World) -> Vec<String> {
    let jobs = completed(world).into_iter();
    jobs.map(|found| found.job.unwrap().jid.into()).collect()
}

/// Pushes a job, and has it done.
fn perform(world: &mut World, jid: &str, more: serde_json::Value) {
    world.push(jid, "q", more);
    world.fetch(&["q"], "w");
    world.ack(jid, "w");
}

fn discard(jobs: Vec<(Place, JobRef)>) -> Change {
    Change::of_jobs(ChangeVerb::Discard, jobs).unwrap()
}

fn changed(outcome: Outcome) -> (u64, Option<u64>) {
    match outcome {
        Outcome::Changed { jobs, action } => (jobs, action),
        Outcome::Operations(reports) => (reports[0].changed, reports[0].action),
        other => panic!("{other:?}"),
    }
}

#[test]
fn nothing_is_kept_unless_it_is_wanted() {
    let mut world = World::new();
    perform(&mut world, "job-00001", json!({}));
    assert_eq!(jids(&world), Vec::<String>::new());
    assert_eq!(world.totals().completed, 0);
}

#[test]
fn one_that_is_done_tells_who_did_it_and_how_long_it_took() {
    let mut world = World::with_rules(keeping(3_600));
    world.push("job-00001", "q", json!({"args": [1, "x"]}));
    world.fetch(&["q"], "w1");
    world.pass(7);
    world.ack("job-00001", "w1");
    let done = completed(&world).remove(0).job.unwrap();
    let run = Attempt {
        ended_at: world.now,
        took: Duration::from_secs(7),
        wid: "w1".into(),
        retry_after_secs: None,
        error: None,
    };
    assert_eq!(done.attempts.read().unwrap(), [run]);
    let body = String::from_utf8(done.body).unwrap();
    assert!(body.contains(r#""args":[1,"x"]"#), "{body}");
    let totals = world.totals();
    assert_eq!((totals.completed, totals.working), (1, 0));
    assert_eq!(totals.counts.processed, 1);
}

#[test]
fn attempts_that_went_wrong_before_are_kept_behind_it() {
    let mut world = World::with_rules(keeping(3_600));
    world.push("job-00001", "q", json!({"custom": {"retry_delays": [1]}}));
    world.fetch(&["q"], "w1");
    world.fail("job-00001", "w1");
    world.pass(2);
    world.fetch(&["q"], "w2");
    world.ack("job-00001", "w2");
    let done = completed(&world).remove(0).job.unwrap();
    let attempts = done.attempts.read().unwrap().into_iter();
    let wids: Vec<_> = attempts.map(|it| (it.wid, it.retry_after_secs)).collect();
    assert_eq!(wids, [("w2".into(), None), ("w1".into(), Some(1))]);
    assert_eq!((done.failure, done.failure_count), (None, 1));
}

#[test]
fn what_it_was_bound_to_goes_on_without_it() {
    let mut world = World::with_rules(keeping(3_600));
    let bid = world.new_batch(&json!({"success": {"jobtype": "S", "queue": "cb"}}));
    let custom = json!({"bid": bid, "unique_for": 600, "track": 1});
    world.push("job-00001", "q", json!({"custom": custom}));
    world.commit(&bid);
    world.fetch(&["q"], "w");
    world.ack("job-00001", "w");
    assert_eq!(world.members(&bid), (1, 0, 0));
    assert_eq!(completed(&world)[0].job.as_ref().unwrap().features, None);
    // Its lock is free, and a job of its id is another one.
    world.push("job-00001", "q", json!({"custom": {"unique_for": 600}}));
    world.fetch(&["q"], "w");
    world.fail("job-00001", "w");
    let totals = world.totals();
    assert_eq!((totals.retries, totals.completed), (1, 1));
}

#[test]
fn the_latest_come_first_and_the_oldest_leave_if_there_are_too_many() {
    let mut world = World::with_rules(Rules {
        completed_jobs_max: 3,
        ..keeping(3_600)
    });
    for n in 1..=5 {
        perform(&mut world, &format!("job-0000{n}"), json!({}));
        world.pass(1);
    }
    assert_eq!(jids(&world), ["job-00005", "job-00004", "job-00003"]);
    world.set_rules(Rules {
        completed_jobs_max: 1,
        ..keeping(3_600)
    });
    world.tick(Duty::Purge);
    assert_eq!(jids(&world), ["job-00005"]);
}

#[test]
fn they_are_forgotten_when_their_time_is_over_or_none_are_wanted_any_more() {
    let mut world = World::with_rules(keeping(100));
    perform(&mut world, "job-00001", json!({}));
    world.pass(60);
    perform(&mut world, "job-00002", json!({}));
    world.pass(39);
    world.tick(Duty::Purge);
    assert_eq!(jids(&world).len(), 2);
    world.pass(1);
    world.tick(Duty::Purge);
    assert_eq!(jids(&world), ["job-00002"]);
    // A longer time holds for what is there, too.
    world.set_rules(keeping(1_000));
    world.pass(500);
    world.tick(Duty::Purge);
    assert_eq!(jids(&world), ["job-00002"]);
    world.set_rules(keeping(0));
    world.tick(Duty::Purge);
    assert_eq!(world.totals().completed, 0);
}

#[test]
fn so_many_that_one_slice_does_not_forget_them_all_go_slice_by_slice() {
    let mut world = World::with_rules(keeping(3_600));
    const JOBS: usize = 2_500;
    for n in 0..JOBS {
        world.push(&format!("job-{n:05}"), "q", json!({}));
        world.fetch(&["q"], "w");
    }
    let acks = (0..JOBS).map(|n| World::ack_op(&format!("job-{n:05}"), "w"));
    world.group(acks.collect());
    assert_eq!(world.totals().completed, JOBS as u64);
    world.set_rules(keeping(0));
    world.tick(Duty::Purge);
    assert_eq!(world.totals().completed, 0);
}

#[test]
fn a_large_one_is_not_kept() {
    let mut world = World::with_rules(keeping(3_600));
    let args = |bytes| json!({"args": ["x".repeat(bytes)]});
    perform(&mut world, "job-large", args(64 << 10));
    perform(&mut world, "job-small", args(60 << 10));
    assert_eq!(jids(&world), ["job-small"]);
    assert_eq!(world.totals().counts.processed, 2);
}

#[test]
fn so_many_bytes_at_once_are_left_to_the_next_group() {
    let mut world = World::with_rules(keeping(3_600));
    const JOBS: usize = 100;
    for n in 0..JOBS {
        let args = json!({"args": ["x".repeat(60 << 10)]});
        world.push(&format!("job-{n:05}"), "q", args);
        world.fetch(&["q"], "w");
    }
    let acks = (0..JOBS).map(|n| World::ack_op(&format!("job-{n:05}"), "w"));
    let tickets = world.group(acks.collect());
    for ticket in tickets {
        let answer = world.answer(ticket);
        assert!(matches!(answer, Some(Outcome::Ok)), "{answer:?}");
    }
    assert_eq!(world.totals().completed, JOBS as u64);
    assert_eq!(world.totals().counts.processed, JOBS as u64);
}

#[test]
fn changes_of_all_that_match_pass_them_over() {
    let mut world = World::with_rules(keeping(3_600));
    perform(&mut world, "job-00001", json!({}));
    let verbs = [
        ChangeVerb::Clear,
        ChangeVerb::Discard,
        ChangeVerb::Kill,
        ChangeVerb::Requeue,
        ChangeVerb::move_to("other").unwrap(),
    ];
    for (n, verb) in (1..).zip(verbs) {
        let all = Change::of_matching(verb, Query::all());
        assert_eq!(changed(world.run(Op::operate(OperationId(n), all))).0, 0);
    }
    let retry = Change::of_jobs(ChangeVerb::Requeue, vec![(DONE, completed(&world)[0].key)]);
    assert_eq!(changed(world.run(Op::change(retry.unwrap()))).0, 0);
    assert_eq!(jids(&world), ["job-00001"]);
}

#[test]
fn one_can_be_deleted_and_put_back_as_it_was() {
    let mut world = World::with_rules(keeping(3_600));
    perform(&mut world, "job-00001", json!({}));
    world.pass(1);
    perform(&mut world, "job-00002", json!({}));
    let before = completed(&world);
    let anna = Arc::new(Operator::new("anna", "operator", "::1"));
    let op = Op::change(discard(vec![(DONE, before[1].key)])).by(&anna);
    let (jobs, action) = changed(world.run(op));
    assert_eq!((jobs, jids(&world)), (1, vec!["job-00002".to_owned()]));
    let undo = Op::operate(OperationId(9), Change::undo_of(action.unwrap())).by(&anna);
    assert_eq!(changed(world.run(undo)).0, 1);
    let after = completed(&world);
    let jobs = |found: &[FoundJob]| found.iter().map(|it| it.job.clone()).collect::<Vec<_>>();
    assert_eq!(jobs(&after), jobs(&before));
    assert_eq!(world.totals().completed, 2);
}

#[test]
fn flush_forgets_them() {
    let mut world = World::with_rules(keeping(3_600));
    perform(&mut world, "job-00001", json!({}));
    world.ok(Op::Flush);
    assert_eq!((jids(&world).len(), world.totals().completed), (0, 0));
}
