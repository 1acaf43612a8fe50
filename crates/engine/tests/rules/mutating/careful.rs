//! Careful retry: a few first, watched, then the rest at a rate, stopped by itself.

use std::sync::Arc;

use serde_json::json;
use workmill_engine::query::Query;
use workmill_engine::{
    Care, Change, ChangeVerb, Duty, OPERATIONS_RUNNING_MAX, Op, OperationId, OperationReport,
    OperationState, OperationsOp, Outcome, Request,
};
use workmill_proto::{SetName, SteadyTime};
use workmill_store::fault::WriteFault;
use workmill_store::reading::Bounds;
use workmill_store::{
    ActionPart, AuditState, Operator, PartOf, Place, Reading as _, Tx as _, WatchedJob,
};

use crate::world::World;

const ID: OperationId = OperationId(7);

/// So many dead jobs of the queue `q`.
fn world_of_dead(jobs: usize) -> World {
    let mut world = World::new();
    for n in 0..jobs {
        let jid = format!("job-{n:05}");
        world.push(&jid, "q", json!({"retry": -1}));
        world.fetch(&["q"], "w");
        world.fail(&jid, "w");
    }
    assert_eq!(world.totals().dead, jobs as u64);
    world
}

/// Retries all of them: so many first, 20 a second, at most 20 % may fail, within 10 minutes.
fn retry(world: &mut World, first: u32) {
    let care = Care::new(first, 20, 20, 600).unwrap();
    let query = Query::parse("state:dead").unwrap();
    let change = Change::of_matching(ChangeVerb::RetryCarefully(care), query);
    let by = Arc::new(Operator::new("anna", "operator", ""));
    let begun = report(world.run(Op::operate(ID, change).by(&by)));
    assert_eq!(begun.state, OperationState::Running);
}

fn report(outcome: Outcome) -> OperationReport {
    match outcome {
        Outcome::Operations(mut reports) => reports.remove(0),
        other => panic!("{other:?}"),
    }
}

fn show(world: &mut World) -> OperationReport {
    report(world.run(Op::Operations(OperationsOp::Show(ID))))
}

fn reason(world: &mut World) -> String {
    match show(world).state {
        OperationState::Failed(reason) => reason,
        other => panic!("{other:?}"),
    }
}

/// A worker takes so many jobs and does them.
fn work(world: &mut World, jobs: usize) {
    for _ in 0..jobs {
        let job = world.fetch(&["q"], "w");
        world.ack(job.jid(), "w");
    }
}

/// A worker takes so many jobs and fails them.
fn fail(world: &mut World, jobs: usize) {
    for _ in 0..jobs {
        let job = world.fetch(&["q"], "w");
        let jid = job.jid().to_owned();
        world.fail(&jid, "w");
    }
}

#[test]
fn the_first_jobs_are_watched_and_then_the_rest_goes_at_its_rate() {
    let mut world = world_of_dead(60);
    retry(&mut world, 10);
    world.pass(30);
    assert_eq!(
        world.size("q"),
        10,
        "nothing goes on before they have ended"
    );
    work(&mut world, 9);
    world.pass(30);
    assert_eq!(world.size("q"), 1);
    work(&mut world, 1);
    world.pass(1);
    assert_eq!(world.size("q"), 0);
    world.pass(1);
    assert_eq!(world.size("q"), 20);
    world.pass(1);
    assert_eq!((world.size("q"), world.totals().dead), (40, 10));
    world.pass(5);
    assert_eq!((world.size("q"), world.totals().dead), (50, 0));
    // It is watched to its end.
    assert_eq!(show(&mut world).state, OperationState::Running);
    work(&mut world, 50);
    world.pass(1);
    let ended = show(&mut world);
    assert_eq!((ended.state, ended.changed), (OperationState::Done, 60));
    let entry = world.audit_log().pop().unwrap();
    assert_eq!(
        (&*entry.action, &entry.state),
        ("job.retry_carefully", &AuditState::Done)
    );
    assert_eq!(entry.changed, 60);
}

#[test]
fn too_many_failures_of_the_first_jobs_stop_it() {
    let mut world = world_of_dead(60);
    retry(&mut world, 10);
    fail(&mut world, 2);
    world.pass(1);
    assert_eq!(
        show(&mut world).state,
        OperationState::Running,
        "20 % may fail"
    );
    fail(&mut world, 1);
    world.pass(1);
    let said = reason(&mut world);
    assert!(
        said.contains("3 of the last 10 retried jobs failed again, more than 20 %"),
        "{said}"
    );
    work(&mut world, 7);
    world.pass(30);
    assert_eq!((world.size("q"), world.totals().dead), (0, 53));
    let entry = world.audit_log().pop().unwrap();
    assert!(matches!(&entry.state, AuditState::Failed(reason) if **reason == *said));
    assert_eq!(entry.changed, 10);
}

#[test]
fn failures_of_the_rest_stop_it_too() {
    let mut world = world_of_dead(60);
    retry(&mut world, 5);
    work(&mut world, 5);
    world.pass(2);
    assert_eq!(world.size("q"), 20);
    work(&mut world, 10);
    fail(&mut world, 2);
    world.pass(1);
    assert_eq!(show(&mut world).state, OperationState::Running);
    // Of the last ten.
    fail(&mut world, 1);
    world.pass(1);
    assert!(reason(&mut world).contains("3 of the last 10 "));
}

#[test]
fn jobs_that_do_not_end_stop_it() {
    let mut world = world_of_dead(20);
    retry(&mut world, 10);
    work(&mut world, 9);
    world.fetch(&["q"], "w");
    world.pass(290);
    world.pass(290);
    assert_eq!(show(&mut world).state, OperationState::Running);
    world.pass(30);
    let said = reason(&mut world);
    assert!(
        said.contains("1 retried jobs have not ended within 600 s"),
        "{said}"
    );
}

#[test]
fn a_job_that_is_deleted_meanwhile_is_waited_for_no_more_and_no_failure() {
    let mut world = world_of_dead(3);
    retry(&mut world, 3);
    let all = Change::of_matching(ChangeVerb::Discard, Query::parse("jid:job-00000").unwrap());
    world.run(Op::change(all));
    let all = Change::of_matching(ChangeVerb::Kill, Query::parse("jid:job-00001").unwrap());
    world.run(Op::change(all));
    work(&mut world, 1);
    world.pass(3);
    assert_eq!(show(&mut world).state, OperationState::Done);
}

#[test]
fn jobs_that_lie_far_apart_are_found_at_once_and_judged_together() {
    let mut world = world_of_dead(1_300);
    let care = Care::new(10, 20, 20, 600).unwrap();
    let meant = Query::parse("jid:job-00001 OR jid:job-01250 OR jid:job-01299").unwrap();
    let change = Change::of_matching(ChangeVerb::RetryCarefully(care), meant);
    let ticket = world.next_ticket();
    let op = Op::operate(ID, change);
    // The first slice finds one, which fails before there are others.
    world.slice(&[Request { ticket, op }]);
    assert_eq!(world.size("q"), 1);
    fail(&mut world, 1);
    world.tick(Duty::RetryCarefully);
    assert_eq!(show(&mut world).state, OperationState::Running);
    assert_eq!(world.size("q"), 2, "one tick finds them all");
    work(&mut world, 2);
    world.pass(1);
    let said = reason(&mut world);
    assert!(said.contains("1 of the last 3 "), "{said}");
}

#[test]
fn named_jobs_are_retried_carefully_and_no_others_also_by_the_next_server() {
    let mut world = world_of_dead(12);
    let place = Place::Set(SetName::Dead);
    let dead = world.reader().jobs(&place, None, Bounds::of_rows(20));
    let named = dead.unwrap().items.into_iter().skip(2).take(6);
    let named = named.map(|job| (place.clone(), job.key)).collect();
    let care = Care::new(2, 1, 20, 600).unwrap();
    let verb = ChangeVerb::RetryCarefully(care);
    let change = Change::of_jobs(verb, named).unwrap();
    let by = Arc::new(Operator::new("anna", "operator", ""));
    let begun = report(world.run(Op::operate(ID, change).by(&by)));
    assert_eq!((begun.state, begun.changed), (OperationState::Running, 2));
    world.pass(30);
    assert_eq!(world.size("q"), 2, "nothing goes on before they have ended");
    world.forget_engine();
    world.run(Op::Operations(OperationsOp::Resume));
    work(&mut world, 2);
    world.pass(20);
    assert_eq!((world.size("q"), world.totals().dead), (4, 6));
    work(&mut world, 4);
    world.pass(1);
    let ended = show(&mut world);
    assert_eq!((ended.state, ended.changed), (OperationState::Done, 6));
    assert_eq!(world.totals().dead, 6);
    let entry = world.audit_log().pop().unwrap();
    assert_eq!((&*entry.action, entry.changed), ("job.retry_carefully", 6));
}

#[test]
fn a_flush_ends_it() {
    let mut world = world_of_dead(3);
    retry(&mut world, 3);
    world.ok(Op::Flush);
    world.pass(3);
    assert_eq!(show(&mut world).state, OperationState::Done);
}

#[test]
fn others_can_be_started_beside_as_many_as_may_run() {
    let mut world = world_of_dead(8);
    let care = Care::new(1, 1, 20, 600).unwrap();
    let start = |world: &mut World, verb: ChangeVerb, id: u64| {
        let change = Change::of_matching(verb, Query::parse("state:dead").unwrap());
        world.run(Op::operate(OperationId(id), change))
    };
    let most = OPERATIONS_RUNNING_MAX as u64;
    for id in 0..most {
        start(&mut world, ChangeVerb::RetryCarefully(care), id);
    }
    let one_more = start(&mut world, ChangeVerb::RetryCarefully(care), most);
    assert!(matches!(one_more, Outcome::Refused(_)), "{one_more:?}");
    let killed = start(&mut world, ChangeVerb::Discard, most + 1);
    assert_eq!(report(killed).state, OperationState::Done);
}

#[test]
fn it_can_be_cancelled_and_retries_no_more() {
    let mut world = world_of_dead(60);
    retry(&mut world, 10);
    work(&mut world, 10);
    world.pass(2);
    world.run(Op::Operations(OperationsOp::Cancel(ID)));
    let left = world.totals().dead;
    world.pass(10);
    assert_eq!((left, world.totals().dead), (30, 30));
    let entry = world
        .audit_log()
        .into_iter()
        .find(|entry| entry.operation == Some(7));
    assert_eq!(entry.unwrap().state, AuditState::Cancelled);
}

#[test]
fn the_next_server_goes_on_with_it_and_knows_what_has_ended() {
    let mut world = world_of_dead(60);
    retry(&mut world, 10);
    fail(&mut world, 2);
    work(&mut world, 7);
    // It is killed, and nothing more is written.
    world.forget_engine();
    let resumed = report(world.run(Op::Operations(OperationsOp::Resume)));
    assert_eq!(
        (resumed.id, resumed.state, resumed.changed),
        (ID, OperationState::Running, 10)
    );
    world.pass(5);
    assert_eq!((world.size("q"), world.totals().dead), (1, 52));
    // The third of ten, two of which failed before.
    fail(&mut world, 1);
    world.pass(1);
    assert!(reason(&mut world).contains("3 of the last 10 "));
}

#[test]
fn what_a_rolled_back_group_saw_is_not_known() {
    let mut world = world_of_dead(10);
    retry(&mut world, 3);
    let jids: Vec<String> = (0..3)
        .map(|_| world.fetch(&["q"], "w").jid().to_owned())
        .collect();
    for jid in &jids {
        let ticket = world.next_ticket();
        let op = World::fail_op(jid, "w");
        world.try_slice(&[Request { ticket, op }], false).unwrap();
    }
    world.pass(1);
    assert_eq!(show(&mut world).state, OperationState::Running);
    for jid in &jids {
        world.ack(jid, "w");
    }
    world.pass(3);
    assert_eq!(world.size("q"), 7);
}

/// How many jobs are written down as watched.
fn rows(world: &mut World) -> usize {
    let mut rows = 0;
    world.transact(|tx| rows = tx.due::<WatchedJob>(SteadyTime::MAX, 9_999).unwrap().len());
    rows
}

#[test]
fn each_watched_job_is_a_row_until_it_has_ended() {
    let mut world = world_of_dead(60);
    retry(&mut world, 10);
    assert_eq!(rows(&mut world), 10);
    work(&mut world, 3);
    assert_eq!(rows(&mut world), 7);
    // How far it is, is written with each of them, and names none.
    let action = show(&mut world).action.unwrap();
    let mut part = None;
    world.transact(|tx| {
        part = tx
            .get(&[(action, PartOf::Progress)])
            .unwrap()
            .pop()
            .flatten();
    });
    let ActionPart(bytes) = part.unwrap();
    let text = String::from_utf8(bytes).unwrap();
    assert!(!text.contains("job-"), "{text}");
    work(&mut world, 7);
    world.pass(6);
    assert_eq!(rows(&mut world), 50);
    work(&mut world, 50);
    world.pass(1);
    assert_eq!(show(&mut world).state, OperationState::Done);
    assert_eq!(rows(&mut world), 0);
}

#[test]
fn rows_of_watched_jobs_go_with_what_ends_before_them() {
    let cancel = |world: &mut World| drop(world.run(Op::Operations(OperationsOp::Cancel(ID))));
    for end in [
        (|world| {
            fail(world, 5);
            world.pass(1);
        }) as fn(&mut World),
        |world| world.ok(Op::Flush),
    ] {
        let mut world = world_of_dead(20);
        retry(&mut world, 10);
        end(&mut world);
        assert_eq!(rows(&mut world), 0);
    }
    let mut world = world_of_dead(20);
    retry(&mut world, 10);
    cancel(&mut world);
    world.pass(1);
    assert_eq!(rows(&mut world), 0);
    // The server is killed before it notices that it was cancelled.
    let mut world = world_of_dead(20);
    retry(&mut world, 10);
    cancel(&mut world);
    world.forget_engine();
    world.run(Op::Operations(OperationsOp::Resume));
    assert_eq!(rows(&mut world), 0);
}

#[test]
fn jobs_of_a_removed_queue_are_waited_for_no_more_but_for_those_that_a_worker_has() {
    let mut world = world_of_dead(4);
    retry(&mut world, 4);
    let held = world.fetch(&["q"], "w").jid().to_owned();
    world.queue("REMOVE q");
    world.pass(3);
    assert_eq!(show(&mut world).state, OperationState::Running);
    assert_eq!(rows(&mut world), 1);
    world.ack(&held, "w");
    world.pass(3);
    assert_eq!(show(&mut world).state, OperationState::Done);
}

#[test]
fn job_that_is_moved_is_watched_in_its_new_queue() {
    let mut world = world_of_dead(2);
    retry(&mut world, 2);
    let query = Query::parse("queue:q").unwrap();
    let verb = ChangeVerb::move_to("r").unwrap();
    world.run(Op::change(Change::of_matching(verb, query)));
    world.queue("REMOVE q");
    world.pass(3);
    assert_eq!(show(&mut world).state, OperationState::Running);
    // The next server knows that, too.
    world.forget_engine();
    world.run(Op::Operations(OperationsOp::Resume));
    world.queue("REMOVE r");
    world.pass(3);
    assert_eq!(show(&mut world).state, OperationState::Done);
}

#[test]
fn promotion_has_no_part_in_it() {
    let mut world = world_of_dead(60);
    retry(&mut world, 10);
    work(&mut world, 10);
    world.tick(Duty::RetryCarefully);
    world.now = world.now.plus_secs(1);
    // What hinders one of them does not hinder the other.
    world.faults.fail_write(0, WriteFault::Statement);
    let ticket = world.next_ticket();
    let op = Op::Tick(Duty::RetryCarefully);
    world
        .try_slice(&[Request { ticket, op }], true)
        .unwrap_err();
    world.tick(Duty::Promote);
    assert_eq!(world.size("q"), 0);
    world.tick(Duty::RetryCarefully);
    assert_eq!(world.size("q"), 20);
}

#[test]
fn care_has_bounds() {
    for (first, rate, percent, within) in [
        (0, 20, 20, 600),
        (1_001, 20, 20, 600),
        (10, 0, 20, 600),
        (10, 20, 101, 600),
        (10, 20, 20, 9),
    ] {
        assert!(Care::new(first, rate, percent, within).is_err());
    }
}
