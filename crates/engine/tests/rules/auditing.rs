//! The audit log: what operators did is written in the transaction of what they did.

use std::sync::Arc;

use serde_json::json;
use workmill_engine::{Duty, Note, Op, OperationId, OperationsOp, Outcome, Request, Rules};
use workmill_proto::{MutationVerb, QueueCommand, QueueSelection};
use workmill_store::{AuditState, Operator};

use crate::world::{World, change, fetch_op, mutate_op, of_type, queue};

fn anna() -> Arc<Operator> {
    Arc::new(Operator::new("anna", "operator", "10.0.0.7"))
}

/// What was done, to what, to how many, and how it ended.
fn lines(world: &World) -> Vec<(String, String, u64, AuditState)> {
    let lines = world.audit_log().into_iter().map(|entry| {
        assert_eq!(entry.by, *anna());
        assert_eq!(entry.ended_at.is_none(), entry.state == AuditState::Running);
        (
            entry.action.into(),
            entry.target.into(),
            entry.changed,
            entry.state,
        )
    });
    lines.collect()
}

fn line(action: &str, target: &str, changed: u64) -> (String, String, u64, AuditState) {
    (action.into(), target.into(), changed, AuditState::Done)
}

fn queue_op(command: fn(QueueSelection) -> QueueCommand, names: &[&str]) -> Op {
    let names = names.iter().map(|&name| name.to_owned()).collect();
    Op::Queue(Arc::new(command(QueueSelection::Named(names))), 0)
}

/// A change of 1,000 jobs of a type, in slices of some hundreds.
fn long_change() -> Op {
    let filter = Some(of_type("Even"));
    Op::operate(
        OperationId(7),
        change(MutationVerb::Discard, queue("q"), filter),
    )
    .by(&anna())
}

/// Runs its first slice; gives what it leaves unfinished.
fn started(world: &mut World) -> Vec<Request> {
    let ticket = world.next_ticket();
    let op = long_change();
    world.slice(&[Request { ticket, op }])
}

fn finish(world: &mut World, mut rest: Vec<Request>) {
    while !rest.is_empty() {
        rest = world.slice(&rest);
    }
}

#[test]
fn each_action_of_an_operator_is_told_of_with_its_count() {
    let mut world = World::of_jobs(3);
    let push =
        world.push_op(&json!({"jid": "job-by-anna", "jobtype": "T", "args": [], "queue": "r"}));
    let note = Op::Note(Arc::new(Note {
        action: "workers.quiet",
        target: "worker w1".into(),
        count: 1,
        began_at: None,
        undoes: None,
    }));
    let asked = [
        push,
        queue_op(QueueCommand::Pause, &["q", "r"]),
        queue_op(QueueCommand::Resume, &["q"]),
        queue_op(QueueCommand::Remove, &["q", "q", "none"]),
        note,
        Op::Flush,
    ];
    for op in asked {
        let outcome = world.run(op.by(&anna()));
        assert!(
            matches!(
                outcome,
                Outcome::Ok
                    | Outcome::Changed {
                        jobs: 1,
                        action: Some(5)
                    }
            ),
            "{outcome:?}"
        );
    }
    let expected = [
        line("job.push", "job job-by-anna to queue r", 1),
        line("queue.pause", "queues q, r", 2),
        line("queue.resume", "queue q", 1),
        line("queue.remove", "queues q, q, none", 3),
        line("workers.quiet", "worker w1", 1),
        line("flush", "everything", 1),
    ];
    assert_eq!(lines(&world), expected);
    let entry = world.audit_log().remove(0);
    assert_eq!(
        (entry.began_at, entry.ended_at),
        (world.now, Some(world.now))
    );
}

#[test]
fn what_no_operator_asks_for_is_not_told_of() {
    let mut world = World::of_jobs(2);
    world.ok(queue_op(QueueCommand::Pause, &["r"]));
    let fetched = world.group(vec![fetch_op(&["q"], "w").by(&anna())])[0];
    let job = world.take_job(fetched).unwrap();
    world.ok(World::ack_op(job.jid(), "w").by(&anna()));
    assert!(matches!(world.run(Op::Info.by(&anna())), Outcome::Info(_)));
    world.tick(Duty::Promote);
    world.mutate(json!({"cmd": "clear", "target": "dead"}));
    world.ok(Op::Flush);
    assert_eq!(lines(&world), []);
}

#[test]
fn what_is_refused_is_not_told_of() {
    let mut world = World::new();
    let requeue = Op::Requeue(workmill_engine::Requeue {
        jid: "nobody-has".into(),
        wid: "".into(),
    });
    world.refused(requeue.by(&anna()));
    world.refused(Op::Operations(OperationsOp::Cancel(OperationId(9))).by(&anna()));
    assert_eq!(lines(&world), []);
}

#[test]
fn a_mutate_is_told_of_with_its_words() {
    let mut world = World::new();
    let at = world.now.plus_secs(3_000).to_string();
    for index in 0..4 {
        world.push(&format!("job-{index:06}"), "q", json!({ "at": at }));
    }
    let kill = json!({"cmd": "kill", "target": "scheduled",
        "filter": {"jids": ["job-000001", "job-000002", "job-gone"]}});
    let requeue = json!({"cmd": "requeue", "target": "scheduled",
        "filter": {"regexp": "*000003*", "jobtype": "T"}});
    let clear = json!({"cmd": "clear", "target": "dead"});
    for mutation in [kill, requeue, clear] {
        world.ok(mutate_op(&mutation).by(&anna()));
    }
    let expected = [
        line(
            "job.kill",
            "scheduled with the ids job-000001, job-000002, job-gone",
            2,
        ),
        line("job.requeue", "scheduled of type T that match *000003*", 1),
        line("job.delete", "dead", 2),
    ];
    assert_eq!(lines(&world)[..1], expected[..1]);
    assert_eq!(lines(&world)[2], expected[2]);
    let (action, target, ..) = &lines(&world)[1];
    assert_eq!((&**action, &**target), (&*expected[1].0, &*expected[1].1));
}

#[test]
fn a_long_change_is_told_of_while_it_runs() {
    let mut world = World::of_jobs(2_000);
    let rest = started(&mut world);
    let first = world.audit_log().remove(0);
    assert_eq!(first.state, AuditState::Running);
    assert!(first.changed > 0 && first.changed < 1_000, "{first:?}");
    assert_eq!(first.operation, Some(7));
    let began_at = world.now;
    world.now = world.now.plus_secs(1);
    finish(&mut world, rest);
    let entry = world.audit_log().remove(0);
    assert_eq!((entry.state, entry.changed), (AuditState::Done, 1_000));
    assert_eq!(
        (entry.began_at, entry.ended_at),
        (began_at, Some(world.now))
    );
    assert_eq!(world.audit_log().len(), 1);
    world.crash();
    assert_eq!(world.audit_log().remove(0).state, AuditState::Done);
}

#[test]
fn a_cancelled_change_says_so_and_who_cancelled_it() {
    let mut world = World::of_jobs(2_000);
    let rest = started(&mut world);
    let before = world.audit_log().remove(0);
    world.run(Op::Operations(OperationsOp::Cancel(OperationId(7))).by(&anna()));
    finish(&mut world, rest);
    let lines = lines(&world);
    assert_eq!(
        (lines[0].2, &lines[0].3),
        (before.changed, &AuditState::Cancelled)
    );
    assert_eq!(
        lines[1],
        line("operation.cancel", "operation 0000000000000007", 1)
    );
}

#[test]
fn what_is_rolled_back_was_never_told_of() {
    let mut world = World::of_jobs(2_000);
    let ticket = world.next_ticket();
    let op = long_change();
    world.try_slice(&[Request { ticket, op }], false).unwrap();
    let op = queue_op(QueueCommand::Pause, &["q"]).by(&anna());
    world.try_slice(&[Request { ticket, op }], false).unwrap();
    assert_eq!(lines(&world), []);
    let rest = started(&mut world);
    let before = world.audit_log();
    world.try_slice(&rest, false).unwrap();
    assert_eq!(world.audit_log(), before);
}

#[test]
fn a_change_that_a_restart_ended_says_so() {
    let mut world = World::of_jobs(2_000);
    started(&mut world);
    let before = world.audit_log().remove(0);
    world.crash();
    let entry = world.audit_log().remove(0);
    assert_eq!(
        (entry.state, entry.changed),
        (AuditState::Interrupted, before.changed)
    );
    assert!(entry.ended_at.is_some());
    assert_eq!(world.size("q"), 2_000 - before.changed);
    world.crash();
    assert_eq!(world.audit_log().remove(0).ended_at, entry.ended_at);
}

#[test]
fn a_change_that_began_before_the_first_tick_is_not_taken_for_an_interrupted_one() {
    let mut world = World::of_jobs(2_000);
    started(&mut world);
    world.forget_engine();
    let rest = started(&mut world);
    world.tick(Duty::KeepClocks);
    let states: Vec<_> = world
        .audit_log()
        .into_iter()
        .map(|entry| entry.state)
        .collect();
    assert_eq!(states, [AuditState::Interrupted, AuditState::Running]);
    finish(&mut world, rest);
    assert_eq!(world.audit_log()[1].state, AuditState::Done);
}

#[test]
fn a_change_that_is_given_up_says_why() {
    let mut world = World::of_jobs(2_000);
    let rest = started(&mut world);
    let before = world.audit_log().remove(0);
    world.give_up(&rest[0].op, "the disk is full");
    let ticket = world.next_ticket();
    let op = Op::Tick(Duty::KeepClocks);
    world.try_slice(&[Request { ticket, op }], false).unwrap();
    assert_eq!(world.audit_log().remove(0).state, AuditState::Running);
    world.tick(Duty::KeepClocks);
    let entry = world.audit_log().remove(0);
    assert_eq!(entry.state, AuditState::Failed("the disk is full".into()));
    assert_eq!(
        (entry.changed, entry.ended_at),
        (before.changed, Some(world.now))
    );
    world.crash();
    assert_eq!(world.audit_log().remove(0), entry);
}

#[test]
fn entries_are_kept_for_their_time() {
    let mut world = World::with_rules(Rules {
        audit_secs: 86_400,
        ..Rules::default()
    });
    world.ok(queue_op(QueueCommand::Pause, &["q"]).by(&anna()));
    world.pass(80_000);
    world.ok(queue_op(QueueCommand::Resume, &["q"]).by(&anna()));
    assert_eq!(world.audit_log().len(), 2);
    world.pass(10_000);
    assert_eq!(lines(&world), [line("queue.resume", "queue q", 1)]);
}

#[test]
fn what_is_noted_may_have_begun_before_and_may_take_another_back() {
    let mut world = World::new();
    let then = workmill_proto::Timestamp::parse_rfc3339("2026-02-28T09:00:00Z").unwrap();
    let note = |began_at, undoes| {
        let note = Note {
            action: "mark.add",
            target: "deploy".into(),
            count: 1,
            began_at,
            undoes,
        };
        Op::Note(note.into()).by(&anna())
    };
    world.run(note(Some(then), None));
    world.run(note(None, Some(1)));
    let log = world.audit_log();
    assert_eq!(
        (log[0].began_at, log[0].ended_at),
        (then, Some(world.wall()))
    );
    assert_eq!((log[1].began_at, log[1].undoes), (world.wall(), Some(1)));
}
