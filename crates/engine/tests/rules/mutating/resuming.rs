//! Operations outlive the server.

use std::sync::Arc;

use serde_json::json;
use workmill_engine::query::Query;
use workmill_engine::{
    Change, ChangeVerb, Duty, Op, OperationId, OperationReport, OperationState, OperationsOp,
    Outcome, Request,
};
use workmill_store::reading::Bounds;
use workmill_store::{AuditState, Operator, Reading as _};

use crate::world::{World, queue};

fn matching(verb: ChangeVerb, query: &str) -> Change {
    Change::of_matching(verb, Query::parse(query).unwrap())
}

/// Runs the first slice of an operation; gives what is left of it.
fn start(world: &mut World, id: u64, change: Change) -> Vec<Request> {
    let anna = Arc::new(Operator::new("anna", "operator", "10.0.0.7"));
    let op = Op::operate(OperationId(id), change).by(&anna);
    let ticket = world.next_ticket();
    let rest = world.slice(&[Request { ticket, op }]);
    assert_eq!(rest.len(), 1, "it takes more than a slice");
    rest
}

/// What a start asks for; runs what is gone on with up to its end.
fn resume(world: &mut World) -> Outcome {
    world.run(Op::Operations(OperationsOp::Resume))
}

fn list(world: &mut World) -> Vec<OperationReport> {
    match world.run(Op::Operations(OperationsOp::List)) {
        Outcome::Operations(reports) => reports,
        other => panic!("{other:?}"),
    }
}

#[test]
fn operation_that_a_crash_ended_is_gone_on_with_to_its_end() {
    let mut world = World::of_jobs(2_000);
    start(&mut world, 7, matching(ChangeVerb::Kill, "type:Even"));
    let before = list(&mut world).remove(0);
    assert!(before.changed > 0 && before.changed < 1_000, "{before:?}");
    world.crash();
    assert_eq!(list(&mut world), []);
    assert_eq!(
        world.audit_log()[0].state,
        AuditState::Running,
        "it is not over"
    );
    world.push("job-later", "q", json!({"jobtype": "Even"}));
    resume(&mut world);
    let after = list(&mut world).remove(0);
    assert_eq!(
        (
            after.id,
            after.state,
            after.changed,
            after.looked_at,
            after.started_at,
            &after.change
        ),
        (
            OperationId(7),
            OperationState::Done,
            1_000,
            2_000,
            before.started_at,
            &before.change
        )
    );
    assert_eq!(world.size("q"), 1_001, "what came later stays");
    let entries = world.audit_log();
    assert_eq!(entries.len(), 1);
    assert_eq!(
        (&entries[0].state, entries[0].changed),
        (&AuditState::Done, 1_000)
    );
    world.crash();
    assert!(matches!(resume(&mut world), Outcome::Ok), "nothing is left");
}

#[test]
fn operation_goes_on_from_where_it_was_in_any_number_of_crashes() {
    let mut world = World::of_jobs(2_000);
    let mut rest = start(
        &mut world,
        7,
        matching(ChangeVerb::move_to("r").unwrap(), "type:Odd"),
    );
    let mut crashes = 0;
    while !rest.is_empty() {
        world.crash();
        crashes += 1;
        let ticket = world.next_ticket();
        let op = Op::Operations(OperationsOp::Resume);
        rest = world.slice(&[Request { ticket, op }]);
        assert_eq!(rest.len(), 1);
        rest = world.slice(&rest);
    }
    assert!(crashes >= 3, "{crashes}");
    assert_eq!((world.size("q"), world.size("r")), (1_000, 1_000));
    assert_eq!(world.audit_log()[0].changed, 1_000);
}

#[test]
fn jobs_that_were_named_are_gone_on_with() {
    let mut world = World::of_jobs(2_000);
    let bounds = Bounds::of_rows(1_500);
    let named = world
        .reader()
        .jobs(&queue("q"), None, bounds)
        .unwrap()
        .items;
    let keys = named.into_iter().map(|job| (queue("q"), job.key));
    let change = Change::of_jobs(ChangeVerb::Discard, keys.collect()).unwrap();
    start(&mut world, 7, change.clone());
    world.crash();
    resume(&mut world);
    let after = list(&mut world).remove(0);
    assert_eq!(after.changed, 1_500);
    assert!(*after.change == change);
    assert_eq!(world.size("q"), 500);
}

#[test]
fn several_operations_are_gone_on_with() {
    let mut world = World::of_jobs(2_000);
    start(&mut world, 7, matching(ChangeVerb::Kill, "type:Even"));
    start(&mut world, 8, matching(ChangeVerb::Discard, "type:Odd"));
    world.crash();
    for _ in 0..4 {
        resume(&mut world);
    }
    assert_eq!(list(&mut world).len(), 2);
    assert_eq!(world.size("q"), 0);
    assert_eq!(world.totals().dead, 1_000);
}

#[test]
fn cancelled_operation_is_not_gone_on_with() {
    let mut world = World::of_jobs(2_000);
    start(&mut world, 7, matching(ChangeVerb::Kill, "type:Even"));
    let cancelled = world.run(Op::Operations(OperationsOp::Cancel(OperationId(7))));
    let Outcome::Operations(reports) = cancelled else {
        panic!("{cancelled:?}");
    };
    // Its next slice would have told the log.
    world.crash();
    assert!(matches!(resume(&mut world), Outcome::Ok));
    assert_eq!(world.size("q"), 2_000 - reports[0].changed);
    world.tick(Duty::KeepClocks);
    assert_eq!(world.audit_log()[0].state, AuditState::Interrupted);
}

#[test]
fn operation_that_was_given_up_is_not_gone_on_with() {
    let mut world = World::of_jobs(2_000);
    let rest = start(&mut world, 7, matching(ChangeVerb::Kill, "type:Even"));
    world.give_up(&rest[0].op, "the disk is full");
    world.tick(Duty::KeepClocks);
    world.crash();
    assert!(matches!(resume(&mut world), Outcome::Ok));
    assert_eq!(
        world.audit_log()[0].state,
        AuditState::Failed("the disk is full".into())
    );
}

#[test]
fn times_of_a_query_are_still_those_of_its_start() {
    let mut world = World::new();
    let at = world.now.plus_secs(45 * 60).to_string();
    for index in 0..2_000 {
        world.push(&format!("job-{index:06}"), "q", json!({ "at": at }));
    }
    start(&mut world, 7, matching(ChangeVerb::Kill, "at:>30m"));
    world.down(20 * 60);
    resume(&mut world);
    assert_eq!(list(&mut world)[0].changed, 2_000);
}
