//! Changes to all jobs that match a query, wherever they are.

use std::sync::Arc;

use serde_json::json;
use workmill_engine::query::{Query, Redaction};
use workmill_engine::{
    CHANGE_JOBS_MAX, Change, ChangeVerb, Mutate, Op, OperationId, OperationReport, OperationState,
    OperationsOp, Outcome, Request, Rules,
};

use workmill_proto::SetName;
use workmill_store::reading::Bounds;
use workmill_store::{JobKey, JobRef, Place, Reading as _};

use crate::world::{World, queue, working};

fn matching(verb: ChangeVerb, query: &str) -> Op {
    let change = Change::of_matching(verb, Query::parse(query).unwrap());
    Op::operate(OperationId(7), change)
}

fn run(world: &mut World, verb: ChangeVerb, query: &str) -> OperationReport {
    run_again(world, verb, query, 7)
}

fn run_again(world: &mut World, verb: ChangeVerb, query: &str, id: u64) -> OperationReport {
    let change = Change::of_matching(verb, Query::parse(query).unwrap());
    operate(world, change, id)
}

fn operate(world: &mut World, change: Change, id: u64) -> OperationReport {
    match world.run(Op::operate(OperationId(id), change)) {
        Outcome::Operations(mut reports) => reports.remove(0),
        other => panic!("{other:?}"),
    }
}

fn move_to(queue: &str) -> ChangeVerb {
    ChangeVerb::move_to(queue).unwrap()
}

/// Two jobs in each kind of place, one of type `Even` and one `Odd`: `jid-work1`, `jid-work2`, `jid-queu1`, and so on.
fn world_of_all() -> World {
    let mut world = World::new();
    let later = world.now.plus_secs(3_000).to_string();
    let jobtype = |number: usize| ["Even", "Odd"][number % 2];
    for (name, retry) in [("dead", -1), ("retr", 5)] {
        for number in [1, 2] {
            let jid = format!("jid-{name}{number}");
            let more = json!({"jobtype": jobtype(number), "retry": retry});
            world.push(&jid, "q", more);
            world.fetch(&["q"], "w");
            world.fail(&jid, "w");
        }
    }
    for number in [1, 2] {
        let more = json!({"jobtype": jobtype(number)});
        world.push(&format!("jid-work{number}"), "q", more.clone());
        world.fetch(&["q"], "w");
        world.push(&format!("jid-queu{number}"), "waiting", more);
        let more = json!({"jobtype": jobtype(number), "at": later});
        world.push(&format!("jid-sche{number}"), "q", more);
    }
    world
}

/// How many jobs work, wait in `q`, wait in `waiting`, are scheduled, are to be retried, are dead.
fn sizes(world: &mut World) -> [u64; 6] {
    let totals = world.totals();
    let [q, waiting] =
        ["q", "waiting"].map(|queue| totals.queues.get(queue).map_or(0, |it| it.size));
    [
        totals.working,
        q,
        waiting,
        totals.scheduled,
        totals.retries,
        totals.dead,
    ]
}

#[test]
fn all_matching_jobs_are_changed_wherever_they_are() {
    assert_eq!(sizes(&mut world_of_all()), [2, 0, 2, 2, 2, 2]);
    for (verb, query, looked_at, changed, wanted) in [
        (ChangeVerb::Discard, "type:Odd", 10, 5, [1, 0, 1, 1, 1, 1]),
        (ChangeVerb::Kill, "type:Odd", 10, 5, [1, 0, 1, 1, 1, 6]),
        (ChangeVerb::Requeue, "type:Odd", 10, 5, [1, 4, 2, 1, 1, 1]),
        (
            ChangeVerb::Discard,
            "type:Odd state:(dead OR retries)",
            4,
            2,
            [2, 0, 2, 2, 1, 1],
        ),
        (ChangeVerb::Kill, "-state:dead", 8, 8, [0, 0, 0, 0, 0, 10]),
        (ChangeVerb::Discard, "worker:w", 2, 2, [0, 0, 2, 2, 2, 2]),
        (
            ChangeVerb::Requeue,
            "error:broke state:dead",
            2,
            2,
            [2, 2, 2, 2, 2, 0],
        ),
        (
            ChangeVerb::Discard,
            "jid:jid-sche2",
            10,
            1,
            [2, 0, 2, 1, 2, 2],
        ),
        (ChangeVerb::Discard, "type:None", 10, 0, [2, 0, 2, 2, 2, 2]),
        (ChangeVerb::Discard, "", 10, 10, [0, 0, 0, 0, 0, 0]),
        (ChangeVerb::Clear, "state:dead", 2, 2, [2, 0, 2, 2, 2, 0]),
    ] {
        let mut world = world_of_all();
        let report = run(&mut world, verb.clone(), query);
        let told = (
            report.looked_at,
            report.changed,
            report.unknown,
            report.left,
        );
        assert_eq!(told, (looked_at, changed, 0, 0), "{verb:?} {query}");
        assert_eq!(report.state, OperationState::Done, "{verb:?} {query}");
        assert_eq!(sizes(&mut world), wanted, "{verb:?} {query}");
    }
}

#[test]
fn a_moved_job_belongs_to_its_new_queue_from_then_on() {
    let mut world = world_of_all();
    let report = run(&mut world, move_to("other"), "type:Odd");
    assert_eq!(
        (report.looked_at, report.changed),
        (8, 4),
        "what works is left alone"
    );
    assert_eq!(sizes(&mut world), [2, 0, 1, 2, 2, 2]);
    let moved = world.fetch(&["other"], "w2");
    assert_eq!(
        (moved.jid(), &moved.payload["queue"]),
        ("jid-queu1", &json!("other"))
    );
    world.fail("jid-queu1", "w2");
    run_again(&mut world, ChangeVerb::Requeue, "queue:other", 8);
    assert_eq!(world.size("other"), 4, "also when it is retried");
    for jid in ["jid-sche1", "jid-retr1", "jid-queu1", "jid-dead1"] {
        let job = world.fetch(&["other"], "w2");
        assert_eq!((job.jid(), &job.payload["queue"]), (jid, &json!("other")));
    }
    let report = run_again(&mut world, move_to("other"), "queue:other", 9);
    assert_eq!(
        (report.looked_at, report.changed),
        (3, 0),
        "none is anywhere else"
    );
    world.ack("jid-queu1", "w2");
}

#[test]
fn a_name_that_no_queue_can_have_is_refused() {
    assert!(ChangeVerb::move_to("a b").is_err());
    assert!(ChangeVerb::move_to("").is_err());
}

#[test]
fn what_comes_while_it_runs_is_left_alone() {
    let mut world = World::new();
    for index in 0..1_500 {
        world.push(&format!("old-{index:05}"), ["a", "b"][index % 2], json!({}));
    }
    let ticket = world.next_ticket();
    let op = matching(ChangeVerb::Kill, "");
    let rest = world.slice(&[Request { ticket, op }]);
    let mut dead = world.totals().dead;
    assert_eq!(dead, 100, "what one slice does");
    for queue in ["a", "b", "c"] {
        world.push(&format!("new-{queue}0000"), queue, json!({}));
    }
    let mut rest = rest;
    while !rest.is_empty() {
        rest = world.slice(&rest);
        dead = world.totals().dead;
    }
    assert_eq!(dead, 1_500);
    for queue in ["a", "b", "c"] {
        let job = world.fetch(&[queue], "w");
        assert_eq!(job.jid(), format!("new-{queue}0000"));
    }
}

#[test]
fn what_comes_into_a_set_before_its_turn_is_left_alone() {
    let mut world = World::new();
    let dies = json!({"retry": -1});
    world.push("old-dead", "q", dies.clone());
    world.fetch(&["q"], "w");
    world.fail("old-dead", "w");
    for index in 0..1_500 {
        world.push(&format!("old-{index:05}"), "q", json!({}));
    }
    let ticket = world.next_ticket();
    let op = matching(ChangeVerb::Discard, "");
    let mut rest = world.slice(&[Request { ticket, op }]);
    assert_eq!(world.totals().dead, 1, "the sets come after the queues");
    world.push("new-dead", "other", dies);
    world.fetch(&["other"], "w");
    world.fail("new-dead", "w");
    while !rest.is_empty() {
        rest = world.slice(&rest);
    }
    assert_eq!((world.size("q"), world.totals().dead), (0, 1));
    let report = run_again(&mut world, ChangeVerb::Requeue, "jid:new-dead", 8);
    assert_eq!(report.changed, 1);
}

#[test]
fn times_from_now_are_from_when_it_began() {
    let mut world = World::new();
    for index in 0..1_500 {
        world.push(&format!("job-{index:05}"), "q", json!({}));
    }
    let ticket = world.next_ticket();
    let op = matching(ChangeVerb::Discard, "enqueued:-10s");
    let mut rest = world.slice(&[Request { ticket, op }]);
    world.now = world.now.plus_secs(3_600);
    while !rest.is_empty() {
        rest = world.slice(&rest);
    }
    assert_eq!(world.size("q"), 0);
}

#[test]
fn many_small_places_share_a_slice() {
    let mut world = World::new();
    for index in 0..100 {
        world.push(&format!("job-{index:05}"), &format!("q{index}"), json!({}));
    }
    let ticket = world.next_ticket();
    let op = matching(ChangeVerb::Discard, "");
    assert!(world.slice(&[Request { ticket, op }]).is_empty());
    assert!(world.totals().queues.values().all(|queue| queue.size == 0));
}

#[test]
fn what_cannot_be_told_is_left_alone_and_counted() {
    let mut world = World::new();
    world.push("job-small", "q", json!({"args": ["x"]}));
    world.push("job-large", "q", json!({"args": ["y".repeat(2 << 20)]}));
    let report = run(&mut world, ChangeVerb::Discard, "-z");
    assert_eq!(
        (report.looked_at, report.changed, report.unknown),
        (2, 1, 1)
    );
    assert_eq!(world.fetch(&["q"], "w").jid(), "job-large");
}

#[test]
fn a_bad_record_is_quarantined_only_if_its_place_is_all_that_is_asked_for() {
    for (query, dead, unknown) in [("state:enqueued", 2, 0), ("state:enqueued type:x", 0, 1)] {
        let mut world = World::new();
        world.push("job-00001", "q", json!({}));
        world.push("job-00002", "q", json!({}));
        world.spoil_first_job(b"rubbish");
        let report = run(&mut world, ChangeVerb::Kill, query);
        assert_eq!(
            (world.totals().dead, report.unknown),
            (dead, unknown),
            "{query}"
        );
    }
}

#[test]
fn it_can_be_asked_for_and_cancelled_by_its_name() {
    let mut world = World::new();
    for index in 0..1_500 {
        world.push(&format!("job-{index:05}"), ["a", "b"][index % 2], json!({}));
    }
    let ticket = world.next_ticket();
    let op = matching(ChangeVerb::Kill, "nothing");
    let wanted = match &op {
        Op::Mutate(Mutate { change, .. }) => Arc::clone(change),
        other => panic!("{other:?}"),
    };
    let rest = world.slice(&[Request { ticket, op }]);
    match world.run(Op::Operations(OperationsOp::Cancel(OperationId(7)))) {
        Outcome::Operations(reports) => {
            assert_eq!(reports[0].change, wanted);
            assert_eq!((reports[0].looked_at, reports[0].left), (500, 1_000));
            assert_eq!(reports[0].state, OperationState::Cancelled);
        }
        other => panic!("{other:?}"),
    }
    assert!(world.slice(&rest).is_empty());
}

/// Every second job of each place, as a page shows them.
fn seen(world: &mut World) -> Vec<(Place, JobRef)> {
    let reader = world.reader();
    let places = [queue("q"), queue("waiting"), working()];
    let sets = SetName::ALL.map(Place::Set);
    let mut seen = Vec::new();
    for place in places.into_iter().chain(sets) {
        let jobs = reader.jobs(&place, None, Bounds::of_rows(10)).unwrap();
        let odd = jobs.items.iter().skip(1).step_by(2);
        seen.extend(odd.map(|job| (place.clone(), job.key)));
    }
    seen
}

#[test]
fn change_of_named_jobs_tells_how_many_it_has_changed() {
    let mut world = world_of_all();
    let jobs = seen(&mut world);
    let discard = Change::of_jobs(ChangeVerb::Discard, jobs).unwrap();
    for wanted in [5, 0] {
        let outcome = world.run(Op::change(discard.clone()));
        assert!(
            matches!(outcome, Outcome::Changed { jobs, .. } if jobs == wanted),
            "{outcome:?}"
        );
    }
    let outcome = world.run(Op::Operations(OperationsOp::List));
    assert!(
        matches!(&outcome, Outcome::Operations(all) if all.is_empty()),
        "{outcome:?}"
    );
}

#[test]
fn named_jobs_are_changed_where_they_were_seen() {
    for (verb, wanted) in [
        (ChangeVerb::Discard, [1, 0, 1, 1, 1, 1]),
        (ChangeVerb::Clear, [1, 0, 1, 1, 1, 1]),
        (ChangeVerb::Kill, [1, 0, 1, 1, 1, 6]),
        (ChangeVerb::Requeue, [1, 4, 2, 1, 1, 1]),
    ] {
        let mut world = world_of_all();
        let jobs = seen(&mut world);
        assert_eq!(jobs.len(), 5);
        let change = Change::of_jobs(verb.clone(), jobs).unwrap();
        let report = operate(&mut world, change.clone(), 1);
        let told = (report.looked_at, report.changed, report.left);
        assert_eq!((told, sizes(&mut world)), ((5, 5, 0), wanted), "{verb:?}");
        let before = sizes(&mut world);
        let report = operate(&mut world, change, 2);
        assert_eq!(report.changed, 0, "they are not there any more: {verb:?}");
        assert_eq!(sizes(&mut world), before);
    }
}

#[test]
fn more_jobs_than_a_page_shows_are_named_by_a_query() {
    let job = (working(), JobRef::Job(JobKey(1)));
    let jobs = |count| vec![job.clone(); count];
    assert!(Change::of_jobs(ChangeVerb::Kill, jobs(CHANGE_JOBS_MAX)).is_ok());
    assert!(Change::of_jobs(ChangeVerb::Kill, jobs(CHANGE_JOBS_MAX + 1)).is_err());
}

#[test]
fn a_job_that_goes_back_to_its_queue_meanwhile_is_changed_once() {
    let mut world = World::new();
    for number in 1..=3 {
        world.push(&format!("jid-0000{number}"), "q", json!({}));
    }
    world.fetch(&["q"], "w");
    let report = run(&mut world, ChangeVerb::Requeue, "");
    assert_eq!((report.looked_at, report.changed), (3, 3));
    let next = world.fetch(&["q"], "w");
    assert_eq!(next.jid(), "jid-00001", "it has its old place");
}

#[test]
fn jobs_are_not_told_apart_by_what_is_hidden_of_them() {
    let hidden = Redaction::new("T", &["arg.0".to_owned()]).unwrap();
    let mut world = World::with_rules(Rules {
        redactions: [hidden].into_iter().collect(),
        ..Rules::default()
    });
    world.push(
        "jid-00001",
        "q",
        json!({"args": ["4111", 7], "jobtype": "T"}),
    );
    assert_eq!(run(&mut world, ChangeVerb::Kill, "arg.0:4111").changed, 0);
    assert_eq!(
        run_again(&mut world, ChangeVerb::Kill, "arg.1:7", 8).changed,
        1
    );
}
