//! What operators delete and kill can be put back for a time.

mod evicted;
mod features;
mod long;

use std::sync::Arc;

use serde_json::json;
use workmill_engine::query::Query;
use workmill_engine::{
    Change, ChangeVerb, Duty, Op, OperationId, OperationReport, OperationState, OperationsOp,
    Outcome, Rules,
};
use workmill_proto::MutationVerb;
use workmill_store::reading::Bounds;
use workmill_store::{AuditState, Operator, Place, Reading as _, TrackState, Trash};

use crate::world::{World, change, mutate_op, nameless_fetch, of_type, queue};

fn anna() -> Arc<Operator> {
    Arc::new(Operator::new("anna", "operator", "10.0.0.7"))
}

fn operate(world: &mut World, change: Change) -> Op {
    let id = world.next_ticket().0;
    Op::operate(OperationId(id), change).by(&anna())
}

/// Does something to all jobs that match a query; gives how that ended.
fn run(world: &mut World, verb: ChangeVerb, query: &str) -> OperationReport {
    let op = operate(
        world,
        Change::of_matching(verb, Query::parse(query).unwrap()),
    );
    match world.run(op) {
        Outcome::Operations(mut reports) => reports.remove(0),
        other => panic!("{other:?}"),
    }
}

/// Does it, and gives its number in the audit log.
fn take(world: &mut World, verb: ChangeVerb, query: &str) -> u64 {
    run(world, verb, query).action.unwrap()
}

fn undo(world: &mut World, action: u64) -> OperationReport {
    let op = operate(world, Change::undo_of(action));
    match world.run(op) {
        Outcome::Operations(mut reports) => reports.remove(0),
        other => panic!("{other:?}"),
    }
}

/// The next server goes on with an action that is under way.
fn resume(world: &mut World) -> Outcome {
    world.run(Op::Operations(OperationsOp::Resume))
}

fn undo_refused(world: &mut World, action: u64) -> String {
    let op = operate(world, Change::undo_of(action));
    world.refused(op)
}

fn trash(world: &World) -> Vec<(u64, Trash)> {
    let slice = world.reader().trash(None, Bounds::of_rows(100)).unwrap();
    let items = slice.items.into_iter();
    items
        .map(|(action, trash)| (action, trash.unwrap()))
        .collect()
}

/// How many jobs are left in the trash of each action.
fn left(world: &World) -> Vec<(u64, u64)> {
    let trash = trash(world).into_iter();
    trash
        .map(|(action, trash)| (action, trash.jobs()))
        .collect()
}

/// Two jobs of a kind in each place: in a queue, scheduled, to be tried again, dead, with a worker.
fn world_of_all_places() -> World {
    let mut world = World::new();
    let at = world.now.plus_secs(3_000).to_string();
    for n in 0..2 {
        for place in ["dead", "retry", "works"] {
            let retry = if place == "dead" { -1 } else { 5 };
            world.push(&format!("{place}-000{n}"), place, json!({ "retry": retry }));
        }
        world.push(&format!("later-000{n}"), "later", json!({ "at": at }));
        world.push(&format!("waits-000{n}"), "waits", json!({}));
    }
    for place in ["dead", "retry"] {
        for _ in 0..2 {
            let jid = world.fetch(&[place], "w").jid().to_owned();
            world.fail(&jid, "w");
        }
    }
    for _ in 0..2 {
        world.fetch(&["works"], "w");
    }
    world
}

fn sizes(world: &mut World) -> [u64; 5] {
    let totals = world.totals();
    let waiting = totals.queues.values().map(|queue| queue.size).sum();
    let sets = [totals.scheduled, totals.retries, totals.dead];
    [waiting, sets[0], sets[1], sets[2], totals.working]
}

#[test]
fn what_was_deleted_comes_back_to_where_it_was() {
    let mut world = world_of_all_places();
    world.run(Op::Tick(Duty::KeepClocks));
    let before = world.everything();
    assert_eq!(sizes(&mut world), [2, 2, 2, 2, 2]);
    let query = "-state:working";
    let report = run(&mut world, ChangeVerb::Discard, query);
    assert_eq!(report.changed, 8);
    assert_eq!(sizes(&mut world), [0, 0, 0, 0, 2]);
    world.now = world.now.plus_secs(60);
    let action = report.action.unwrap();
    assert_eq!(left(&world), [(action, 8)]);
    let undone = undo(&mut world, action);
    assert_eq!(
        (
            undone.changed,
            undone.looked_at,
            undone.unknown,
            undone.left
        ),
        (8, 8, 0, 0)
    );
    assert_eq!(undone.state, OperationState::Done);
    assert_eq!(sizes(&mut world), [2, 2, 2, 2, 2]);
    let in_sets = |lines: Vec<String>| -> Vec<String> {
        let lines = lines.into_iter();
        lines.filter(|line| line.starts_with("SetTime")).collect()
    };
    assert_eq!(in_sets(world.everything()), in_sets(before));
    let waiting = [0, 1].map(|_| world.fetch(&["waits"], "w").jid().to_owned());
    assert_eq!(waiting, ["waits-0000", "waits-0001"]);
    assert_eq!(left(&world), []);
}

#[test]
fn what_was_killed_comes_back_out_of_the_dead_set() {
    let mut world = world_of_all_places();
    let before = world.everything();
    let action = take(&mut world, ChangeVerb::Kill, "-state:working");
    assert_eq!(sizes(&mut world), [0, 0, 0, 8, 2]);
    assert_eq!(left(&world), [(action, 8)]);
    assert_eq!(trash(&world)[0].1.bytes, 0, "nothing is kept twice");
    assert_eq!(undo(&mut world, action).changed, 8);
    assert_eq!(sizes(&mut world), [2, 2, 2, 2, 2]);
    let in_sets = |lines: Vec<String>| -> Vec<String> {
        let lines = lines.into_iter();
        lines.filter(|line| line.starts_with("SetTime")).collect()
    };
    assert_eq!(in_sets(world.everything()), in_sets(before));
}

#[test]
fn killed_job_that_has_left_the_dead_set_since_is_left_where_it_is() {
    let mut world = World::of_jobs(6);
    let action = take(&mut world, ChangeVerb::Kill, "queue:q");
    run(&mut world, ChangeVerb::Requeue, "jid:job-000000");
    run(&mut world, ChangeVerb::Discard, "jid:job-000001");
    let undone = undo(&mut world, action);
    assert_eq!((undone.changed, undone.unknown), (4, 2));
    assert_eq!((world.size("q"), world.totals().dead), (5, 0));
    let jids: Vec<String> = (0..5)
        .map(|_| world.fetch(&["q"], "w").jid().to_owned())
        .collect();
    assert_eq!(
        jids,
        [
            "job-000000",
            "job-000002",
            "job-000003",
            "job-000004",
            "job-000005"
        ]
    );
}

#[test]
fn job_that_was_taken_from_its_worker_comes_back_to_its_queue() {
    for verb in [ChangeVerb::Discard, ChangeVerb::Kill] {
        let mut world = world_of_all_places();
        let action = take(&mut world, verb, "state:working");
        assert_eq!(undo(&mut world, action).changed, 2);
        assert_eq!(world.size("works"), 2);
        // Its worker has lost it.
        world.ack("works-0000", "w");
        assert_eq!(world.size("works"), 2);
        assert_eq!(world.fetch(&["works"], "v").jid(), "works-0000");
    }
}

#[test]
fn job_that_its_worker_has_done_meanwhile_does_not_come_back() {
    for verb in [ChangeVerb::Discard, ChangeVerb::Kill] {
        let mut world = world_of_all_places();
        let action = take(&mut world, verb.clone(), "state:working");
        let dead = world.totals().dead;
        world.ack("works-0000", "w");
        world.ack("works-0000", "w");
        assert_eq!(left(&world), [(action, 1)]);
        assert_eq!(world.totals().dead, dead, "a killed one stays dead");
        let undone = undo(&mut world, action);
        assert_eq!((undone.changed, undone.unknown), (1, 0));
        assert_eq!(world.fetch(&["works"], "v").jid(), "works-0001");
        assert_eq!(world.size("works"), 0);
        // When all of them are done, there is nothing to be undone.
        let action = take(&mut world, verb, "jid:works-0001 state:working");
        world.ack("works-0001", "v");
        assert_eq!(left(&world), []);
        undo_refused(&mut world, action);
    }
}

#[test]
fn job_that_its_worker_has_failed_meanwhile_and_one_of_another_worker_come_back() {
    let mut world = world_of_all_places();
    let action = take(&mut world, ChangeVerb::Discard, "state:working");
    world.refused(World::fail_op("works-0000", "w"));
    world.ack("works-0001", "x");
    assert_eq!(left(&world), [(action, 2)]);
    // One that was put back and taken again is another one.
    undo(&mut world, action);
    world.fetch(&["works"], "x");
    let again = take(&mut world, ChangeVerb::Discard, "state:working");
    world.ack("works-0000", "w");
    assert_eq!(left(&world), [(again, 1)]);
}

#[test]
fn job_that_a_nameless_worker_has_done_meanwhile_does_not_come_back() {
    let mut world = World::of_jobs(1);
    let ticket = world.group(vec![nameless_fetch("q", 3)])[0];
    world.take_job(ticket).unwrap();
    let action = take(&mut world, ChangeVerb::Discard, "state:working");
    world.ack("job-000000", "");
    undo_refused(&mut world, action);
}

#[test]
fn trash_of_which_some_is_done_is_forgotten_and_put_back_whole() {
    for undone in [false, true] {
        let mut world = World::of_jobs(4_500);
        for n in [0, 1, 3_000] {
            while world.fetch(&["q"], "w").jid() != format!("job-{n:06}") {}
        }
        let action = take(&mut world, ChangeVerb::Discard, "");
        for n in [1, 3_000] {
            world.ack(&format!("job-{n:06}"), "w");
        }
        assert_eq!(left(&world), [(action, 4_498)]);
        if undone {
            assert_eq!(undo(&mut world, action).changed, 4_498);
            assert_eq!(world.size("q"), 4_498);
        } else {
            let op = operate(&mut world, Change::empty_trash());
            let Outcome::Operations(reports) = world.run(op) else {
                panic!("an operation");
            };
            assert_eq!(reports[0].changed, 4_498);
        }
        assert_eq!(left(&world), []);
    }
}

#[test]
fn an_action_is_undone_once() {
    let mut world = World::of_jobs(4);
    let action = take(&mut world, ChangeVerb::Discard, "type:Even");
    assert_eq!(undo(&mut world, action).changed, 2);
    let refused = undo_refused(&mut world, action);
    assert!(refused.starts_with(&format!(
        "there is nothing in the trash of action {action}:"
    )));
    assert!(undo_refused(&mut world, 99).starts_with("there is nothing in the trash of action 99"));
    assert_eq!(world.size("q"), 4);
}

#[test]
fn an_undo_is_an_action_of_its_own_that_says_which_one_it_takes_back() {
    let mut world = World::of_jobs(4);
    let action = take(&mut world, ChangeVerb::Discard, "type:Even");
    let undone = undo(&mut world, action);
    let log = world.audit_log();
    let [deleted, put_back] = &log[..] else {
        panic!("{log:?}");
    };
    assert_eq!((&*deleted.action, deleted.undoes), ("job.delete", None));
    assert_eq!(
        (&*put_back.action, &*put_back.target, put_back.undoes),
        ("action.undo", &*format!("action {action}"), Some(action))
    );
    assert_eq!((put_back.changed, &put_back.state), (2, &AuditState::Done));
    assert_eq!(undone.action, Some(action + 1));
    assert!(
        undo_refused(&mut world, action + 1).contains("it took no jobs away"),
        "an undo is not undone"
    );
}

#[test]
fn jobs_that_were_named_say_under_which_action_they_were_taken_away() {
    let mut world = World::of_jobs(2);
    let found = world.reader().jobs(&queue("q"), None, Bounds::of_rows(1));
    let key = found.unwrap().items[0].key;
    let change = Change::of_jobs(ChangeVerb::Discard, vec![(queue("q"), key)]).unwrap();
    let Outcome::Changed { jobs: 1, action } = world.run(Op::change(change).by(&anna())) else {
        panic!("it was changed");
    };
    let undone = undo(&mut world, action.unwrap());
    assert_eq!((undone.changed, world.size("q")), (1, 2));
}

#[test]
fn trash_is_forgotten_when_its_time_is_over() {
    let mut world = World::of_jobs(4);
    let first = take(&mut world, ChangeVerb::Discard, "type:Even");
    world.pass(86_000);
    let second = take(&mut world, ChangeVerb::Kill, "type:Odd");
    world.pass(399);
    assert_eq!(left(&world), [(first, 2), (second, 2)]);
    world.pass(1);
    assert_eq!(left(&world), [(second, 2)]);
    undo_refused(&mut world, first);
    // The wall clock means nothing.
    world.clock_set_secs = 400_000;
    world.tick(Duty::Purge);
    assert_eq!(undo(&mut world, second).changed, 2);
}

#[test]
fn nothing_is_kept_if_that_is_switched_off_and_nothing_of_what_clients_clear() {
    let mut world = world_of_all_places();
    world.set_rules(Rules {
        trash_secs: 0,
        ..Rules::default()
    });
    let action = take(&mut world, ChangeVerb::Discard, "state:enqueued");
    undo_refused(&mut world, action);
    world.set_rules(Rules::default());
    world.run(mutate_op(&json!({"cmd": "clear", "target": "scheduled"})).by(&anna()));
    world.run(mutate_op(&json!({"cmd": "kill", "target": "retries"})));
    assert_eq!(left(&world), []);
    let filtered = change(
        MutationVerb::Discard,
        Place::Set(workmill_proto::SetName::Dead),
        Some(of_type("Thing")),
    );
    world.run(Op::change(filtered).by(&anna()));
    assert_eq!(left(&world).len(), 1, "what a client filters is kept");
}

#[test]
fn a_flush_forgets_the_trash() {
    let mut world = World::of_jobs(4);
    let action = take(&mut world, ChangeVerb::Discard, "type:Even");
    world.ok(Op::Flush);
    assert_eq!(left(&world), []);
    undo_refused(&mut world, action);
    while let Outcome::Operations(_) = world.run(Op::Tick(Duty::Sweep)) {}
}

#[test]
fn trash_can_be_emptied() {
    let mut world = World::of_jobs(5_000);
    let first = take(&mut world, ChangeVerb::Discard, "type:Even");
    let second = take(&mut world, ChangeVerb::Kill, "jid:job-000001");
    let op = operate(&mut world, Change::empty_trash());
    let Outcome::Operations(reports) = world.run(op) else {
        panic!("an operation");
    };
    assert_eq!(
        (&reports[0].state, reports[0].changed),
        (&OperationState::Done, 2_501)
    );
    assert_eq!(left(&world), []);
    for action in [first, second] {
        undo_refused(&mut world, action);
    }
    assert_eq!((world.size("q"), world.totals().dead), (2_499, 1));
    let entry = world.audit_log().pop().unwrap();
    assert_eq!(
        (&*entry.action, &*entry.target, entry.changed),
        ("trash.empty", "everything in the trash", 2_501)
    );
}

#[test]
fn bytes_of_the_trash_are_those_of_its_payloads() {
    let mut world = World::of_jobs(5_000);
    let action = take(&mut world, ChangeVerb::Discard, "");
    let [(_, whole)] = trash(&world)[..] else {
        panic!("one action");
    };
    let op = operate(&mut world, Change::undo_of(action));
    let ticket = world.next_ticket();
    world.slice(&[workmill_engine::Request { ticket, op }]);
    let [(_, rest)] = trash(&world)[..] else {
        panic!("one action");
    };
    assert!(rest.jobs() < whole.jobs());
    assert_eq!(
        rest.bytes * whole.jobs(),
        whole.bytes * rest.jobs(),
        "all are equally large"
    );
}

#[test]
fn tracked_job_is_tracked_again() {
    let mut world = World::new();
    let tracked = json!({"custom": {"track": 1}});
    world.push("job-tracked", "q", tracked);
    let action = take(&mut world, ChangeVerb::Discard, "");
    assert_eq!(
        world.tracked("job-tracked").unwrap().state,
        TrackState::Unknown
    );
    undo(&mut world, action);
    let track = world.tracked("job-tracked").unwrap();
    assert_eq!((track.state, track.forget_at), (TrackState::Enqueued, None));
}

#[test]
fn what_the_dead_set_has_no_room_for_stays_in_the_trash() {
    let mut world = World::with_rules(Rules {
        dead_jobs_max: 3,
        ..Rules::default()
    });
    let die = |world: &mut World, name: &str| {
        let jid = format!("{name}-0000");
        world.push(&jid, "q", json!({ "retry": -1, "jobtype": name }));
        world.fetch(&["q"], "w");
        world.fail(&jid, "w");
    };
    for name in ["old1", "old2", "old3"] {
        die(&mut world, name);
    }
    let action = take(&mut world, ChangeVerb::Discard, "state:dead");
    die(&mut world, "new1");
    die(&mut world, "new2");
    assert_eq!(undo(&mut world, action).changed, 1);
    assert_eq!(world.totals().dead, 3);
    assert_eq!(left(&world), [(action, 2)]);
    // When there is room, they come back.
    take(&mut world, ChangeVerb::Discard, "jid:new1-0000");
    assert_eq!(undo(&mut world, action).changed, 1);
}

#[test]
fn a_killed_job_that_was_deleted_and_put_back_stays_dead() {
    let mut world = World::new();
    world.push("job-0001", "mail", json!({}));
    world.push("job-0002", "mail", json!({}));
    let killed = take(&mut world, ChangeVerb::Kill, "queue:mail");
    let deleted = take(&mut world, ChangeVerb::Discard, "jid:job-0001");
    assert_eq!(undo(&mut world, deleted).changed, 1);
    assert_eq!(sizes(&mut world), [0, 0, 0, 2, 0]);
    let undone = undo(&mut world, killed);
    assert_eq!((undone.changed, undone.unknown), (1, 1));
    assert_eq!(sizes(&mut world), [1, 0, 0, 1, 0]);
    assert_eq!(world.fetch(&["mail"], "w").jid(), "job-0002");
}
