//! Undoing in slices: killed, rolled back, cancelled in the middle.

use workmill_engine::{
    Change, ChangeVerb, Op, OperationId, OperationState, OperationsOp, Outcome, Request,
};
use workmill_store::AuditState;

use super::{left, operate, resume, run, take, undo, undo_refused};
use crate::world::World;

/// Runs the first slice of an undo; gives the rest.
fn started(world: &mut World, action: u64) -> Vec<Request> {
    let op = operate(world, Change::undo_of(action));
    let ticket = world.next_ticket();
    let rest = world.slice(&[Request { ticket, op }]);
    assert_eq!(rest.len(), 1, "it takes more than a slice");
    rest
}

#[test]
fn undo_that_a_crash_ended_is_gone_on_with_and_puts_nothing_back_twice() {
    let mut world = World::of_jobs(2_000);
    for verb in [ChangeVerb::Discard, ChangeVerb::Kill] {
        let action = take(&mut world, verb, "");
        started(&mut world, action);
        let back = world.size("q");
        assert!(back > 0 && back < 2_000, "{back}");
        assert_eq!(left(&world), [(action, 2_000 - back)]);
        world.crash();
        resume(&mut world);
        assert_eq!((world.size("q"), world.totals().dead), (2_000, 0));
        assert_eq!(left(&world), []);
        let entry = world.audit_log().pop().unwrap();
        assert_eq!((entry.state, entry.changed), (AuditState::Done, 2_000));
    }
    let mut jids: Vec<String> = (0..2_000)
        .map(|_| world.fetch(&["q"], "w").jid().to_owned())
        .collect();
    let all = jids.len();
    jids.sort();
    jids.dedup();
    assert_eq!(jids.len(), all);
}

#[test]
fn deletion_that_is_under_way_is_stopped_before_it_is_undone() {
    let mut world = World::of_jobs(2_000);
    let query = workmill_engine::query::Query::parse("").unwrap();
    let op = operate(&mut world, Change::of_matching(ChangeVerb::Discard, query));
    let ticket = world.next_ticket();
    let rest = world.slice(&[Request { ticket, op }]);
    let [(action, taken)] = left(&world)[..] else {
        panic!("one action");
    };
    let said = undo_refused(&mut world, action);
    assert!(said.contains("is under way: stop it first"), "{said}");
    let Op::Mutate(mutate) = &rest[0].op else {
        panic!("{rest:?}")
    };
    let id = mutate.operation.unwrap();
    world.run(Op::Operations(OperationsOp::Cancel(id)));
    world.slice(&rest);
    assert_eq!(undo(&mut world, action).changed, taken);
    assert_eq!(world.size("q"), 2_000);
}

#[test]
fn emptying_the_trash_leaves_what_a_deletion_under_way_has_put_there() {
    let mut world = World::of_jobs(2_001);
    take(&mut world, ChangeVerb::Discard, "jid:job-000000");
    let query = workmill_engine::query::Query::parse("").unwrap();
    let op = operate(&mut world, Change::of_matching(ChangeVerb::Discard, query));
    let ticket = world.next_ticket();
    let mut rest = world.slice(&[Request { ticket, op }]);
    let before = left(&world);
    assert_eq!(before.len(), 2);
    let empty = operate(&mut world, Change::empty_trash());
    let Outcome::Operations(reports) = world.run(empty) else {
        panic!("an operation");
    };
    assert_eq!(
        (&reports[0].state, reports[0].changed),
        (&OperationState::Done, 1)
    );
    assert_eq!(left(&world), before[1..]);
    while !rest.is_empty() {
        rest = world.slice(&rest);
    }
    let (action, _) = before[1];
    assert_eq!(left(&world), [(action, 2_000)]);
    assert_eq!(undo(&mut world, action).changed, 2_000);
}

#[test]
fn deletion_that_a_crash_ended_is_undone_as_one() {
    let mut world = World::of_jobs(2_000);
    let query = workmill_engine::query::Query::parse("").unwrap();
    let op = operate(&mut world, Change::of_matching(ChangeVerb::Discard, query));
    let ticket = world.next_ticket();
    world.slice(&[Request { ticket, op }]);
    world.crash();
    resume(&mut world);
    assert_eq!(world.size("q"), 0);
    let [(action, jobs)] = left(&world)[..] else {
        panic!("one action");
    };
    assert_eq!(jobs, 2_000);
    assert_eq!(undo(&mut world, action).changed, 2_000);
    assert_eq!(world.fetch(&["q"], "w").jid(), "job-000000");
}

#[test]
fn slice_of_an_undo_that_is_rolled_back_has_not_happened() {
    let mut world = World::of_jobs(2_000);
    let action = take(&mut world, ChangeVerb::Discard, "");
    let mut rest = started(&mut world, action);
    let (back, kept) = (world.size("q"), left(&world));
    world.try_slice(&rest, false).unwrap();
    assert_eq!((world.size("q"), left(&world)), (back, kept));
    while !rest.is_empty() {
        rest = world.slice(&rest);
    }
    assert_eq!((world.size("q"), left(&world)), (2_000, vec![]));
}

#[test]
fn cancelled_undo_leaves_the_rest_in_the_trash() {
    let mut world = World::of_jobs(2_000);
    let action = take(&mut world, ChangeVerb::Discard, "");
    let mut rest = started(&mut world, action);
    let Op::Mutate(mutate) = &rest[0].op else {
        panic!("{rest:?}");
    };
    let id = mutate.operation.unwrap();
    world.run(Op::Operations(OperationsOp::Cancel(id)));
    while !rest.is_empty() {
        rest = world.slice(&rest);
    }
    let back = world.size("q");
    assert!(back < 2_000);
    assert_eq!(left(&world), [(action, 2_000 - back)]);
    assert_eq!(undo(&mut world, action).changed, 2_000 - back);
    undo_refused(&mut world, action);
}

#[test]
fn two_undos_of_one_action_share_its_jobs() {
    let mut world = World::of_jobs(2_000);
    let action = take(&mut world, ChangeVerb::Discard, "");
    let undos = [901, 902].map(|id| Request {
        ticket: world.next_ticket(),
        op: Op::operate(OperationId(id), Change::undo_of(action)).by(&super::anna()),
    });
    let mut rest = undos.to_vec();
    while !rest.is_empty() {
        rest = world.slice(&rest);
    }
    let mut changed = 0;
    for request in undos {
        match world.answer(request.ticket).unwrap() {
            Outcome::Operations(reports) => {
                assert_eq!(reports[0].state, OperationState::Done);
                changed += reports[0].changed;
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((changed, world.size("q")), (2_000, 2_000));
}

#[test]
fn many_killed_jobs_come_back_between_others_that_are_dead_or_gone() {
    let mut world = World::of_jobs(300);
    let others = take(&mut world, ChangeVerb::Kill, "jid:*7");
    let action = take(&mut world, ChangeVerb::Kill, "state:enqueued");
    run(&mut world, ChangeVerb::Requeue, "state:dead jid:*3");
    run(&mut world, ChangeVerb::Discard, "state:dead jid:*5*");
    let undone = undo(&mut world, action);
    let is_back = |n: &usize| !n.to_string().contains('5') && n % 10 != 3 && n % 10 != 7;
    let back = (0..300).filter(is_back).count() as u64;
    assert_eq!((undone.changed, undone.unknown), (back, 270 - back));
    let is_other = |n: &usize| n % 10 == 7 && !n.to_string().contains('5');
    let dead = (0..300).filter(is_other).count() as u64;
    assert_eq!(world.totals().dead, dead);
    assert_eq!(undo(&mut world, others).changed, dead);
    assert_eq!(world.totals().dead, 0);
}
