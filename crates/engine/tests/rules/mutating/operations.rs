//! Changes that have a name: how far they are, and that one be cancelled.

use serde_json::json;
use workmill_engine::{
    Op, OperationId, OperationReport, OperationState, OperationsOp, Outcome, Request,
};
use workmill_proto::MutationVerb::{Discard, Kill};

use crate::world::{World, change, of_type, queue};

fn reports(outcome: Outcome) -> Vec<OperationReport> {
    match outcome {
        Outcome::Operations(reports) => reports,
        other => panic!("{other:?}"),
    }
}

fn show(world: &mut World, id: u64) -> OperationReport {
    let op = Op::Operations(OperationsOp::Show(OperationId(id)));
    reports(world.run(op)).remove(0)
}

fn kill_even(id: u64) -> Op {
    Op::operate(
        OperationId(id),
        change(Kill, queue("q"), Some(of_type("Even"))),
    )
}

/// Starts an operation on 2,500 jobs and runs its first slice; returns the rest.
fn started(world: &mut World) -> Vec<Request> {
    let ticket = world.next_ticket();
    let op = kill_even(7);
    world.slice(&[Request { ticket, op }])
}

#[test]
fn an_operation_tells_how_far_it_is_and_how_it_ended() {
    let mut world = World::of_jobs(2_500);
    let started_at = world.now;
    let mut rest = started(&mut world);
    world.now = world.now.plus_secs(5);
    let mut report = show(&mut world, 7);
    assert_eq!(report.state, OperationState::Running);
    assert_eq!(
        (report.looked_at, report.changed, report.left),
        (200, 100, 2_300)
    );
    assert_eq!((report.started_at, report.ended_at), (started_at, None));
    let ticket = rest[0].ticket;
    while !rest.is_empty() {
        rest = world.slice(&rest);
    }
    report.state = OperationState::Done;
    report.ended_at = Some(world.now);
    (report.looked_at, report.changed, report.left) = (2_500, 1_250, 0);
    assert_eq!(reports(world.answer(ticket).unwrap()).remove(0), report);
    assert_eq!(show(&mut world, 7), report);
    assert_eq!(world.totals().dead, 1_250);
}

#[test]
fn a_cancelled_operation_stops_and_what_it_did_is_done() {
    let mut world = World::of_jobs(2_500);
    let rest = started(&mut world);
    let cancel = Op::Operations(OperationsOp::Cancel(OperationId(7)));
    let cancelled = reports(world.run(cancel.clone())).remove(0);
    assert_eq!(cancelled.state, OperationState::Cancelled);
    assert_eq!((cancelled.changed, cancelled.left), (100, 2_300));
    let ticket = rest[0].ticket;
    assert!(world.slice(&rest).is_empty());
    assert_eq!(reports(world.answer(ticket).unwrap()).remove(0), cancelled);
    assert_eq!((world.totals().dead, world.size("q")), (100, 2_400));
    world.now = world.now.plus_secs(1);
    assert_eq!(
        reports(world.run(cancel)),
        [cancelled],
        "it stays as it ended"
    );
}

#[test]
fn a_slice_that_is_rolled_back_has_not_happened() {
    let mut world = World::of_jobs(2_500);
    let rest = started(&mut world);
    let before = show(&mut world, 7);
    world.try_slice(&rest, false).unwrap();
    assert_eq!(show(&mut world, 7), before);
    let ticket = world.next_ticket();
    let op = kill_even(8);
    world.try_slice(&[Request { ticket, op }], false).unwrap();
    let list = world.run(Op::Operations(OperationsOp::List));
    assert_eq!(reports(list), [before], "one that was never started");
}

#[test]
fn an_operation_that_is_given_up_says_why() {
    let mut world = World::of_jobs(2_500);
    let rest = started(&mut world);
    world.give_up(&rest[0].op, "the disk is full");
    let report = show(&mut world, 7);
    assert_eq!(
        report.state,
        OperationState::Failed("the disk is full".to_owned())
    );
    assert_eq!((report.changed, report.ended_at), (100, Some(world.now)));
}

#[test]
fn a_set_that_is_emptied_at_once_is_done_at_once() {
    let mut world = world_of_four_scheduled();
    let scheduled = workmill_store::Place::Set(workmill_proto::SetName::Scheduled);
    let op = Op::operate(OperationId(1), change(Discard, scheduled, None));
    let report = reports(world.run(op)).remove(0);
    assert_eq!((report.looked_at, report.changed, report.left), (4, 4, 0));
    assert_eq!(report.state, OperationState::Done);
}

fn world_of_four_scheduled() -> World {
    let mut world = World::new();
    let at = world.now.plus_secs(3_000).to_string();
    for index in 0..4 {
        world.push(&format!("job-{index:06}"), "q", json!({ "at": at }));
    }
    world
}

#[test]
fn a_restart_ends_operations_and_nobody_knows_of_them() {
    let mut world = World::of_jobs(2_500);
    started(&mut world);
    world.crash();
    let show = Op::Operations(OperationsOp::Show(OperationId(7)));
    assert!(
        world
            .refused(show)
            .starts_with("there is no operation 0000000000000007")
    );
    assert_eq!((world.totals().dead, world.size("q")), (100, 2_400));
}

#[test]
fn few_operations_run_and_few_are_remembered() {
    let mut world = World::of_jobs(2_500);
    for id in 0..150 {
        world.run(Op::operate(
            OperationId(id),
            change(Discard, queue("none"), None),
        ));
    }
    let list = reports(world.run(Op::Operations(OperationsOp::List)));
    let ids: Vec<u64> = list.iter().map(|report| report.id.0).collect();
    assert_eq!(ids, (50..150).collect::<Vec<_>>());
    assert_eq!(
        world.refused(kill_even(149)),
        "there is an operation 0000000000000095 already: name it otherwise"
    );
    let running = (200..204).map(|id| Request {
        ticket: world.next_ticket(),
        op: kill_even(id),
    });
    let running: Vec<Request> = running.collect();
    assert_eq!(world.slice(&running).len(), 4);
    assert_eq!(
        world.refused(kill_even(204)),
        "4 operations are running: wait for one to end, or cancel one"
    );
    world.ok(Op::Flush);
}
