//! What is kept of the last runs of an entry.

use serde_json::json;
use workmill_engine::{Duty, Op};
use workmill_proto::MutationVerb;
use workmill_store::{Reading as _, TrackState};

use super::{fire, one, set_time, size_at, table, world};
use crate::world::{World, change_op, queue};

/// The last runs of the entry `q`: their states, whether they have a job, and whether it was ever handed out.
fn runs(world: &World) -> Vec<(TrackState, bool, bool)> {
    let runs = world.reader().past_runs("q").unwrap();
    let runs = runs.map(|runs| runs.0).unwrap_or_default();
    runs.iter()
        .map(|run| (run.state, run.jid.is_some(), run.started_at.is_some()))
        .collect()
}

#[test]
fn each_run_is_kept_with_what_became_of_its_job_also_over_a_crash() {
    let table = one("*/10 * * * *", false);
    let mut world = world(&table);
    assert_eq!(runs(&world), []);
    assert_eq!(size_at(&mut world, "10:10:00", &table), 1);
    assert_eq!(runs(&world), [(TrackState::Enqueued, true, false)]);
    let first = world.fetch(&["q"], "w1");
    assert_eq!(runs(&world), [(TrackState::Working, true, true)]);
    world.fail(first.jid(), "w1");
    assert_eq!(runs(&world), [(TrackState::Failed, true, true)]);
    world.crash();
    assert_eq!(size_at(&mut world, "10:20:00", &table), 1);
    let second = world.fetch(&["q"], "w1");
    world.ack(second.jid(), "w1");
    assert_eq!(
        runs(&world),
        [
            (TrackState::Success, true, true),
            (TrackState::Failed, true, true)
        ]
    );
}

#[test]
fn run_whose_job_dies_or_is_deleted_is_told_as_that() {
    let lines = [(
        "q",
        "*/10 * * * *",
        false,
        json!({"retry": 0, "custom": {"track": 1}}),
    )];
    let table = table(&lines);
    let mut world = world(&table);
    size_at(&mut world, "10:10:00", &table);
    let dies = world.fetch(&["q"], "w1");
    world.fail(dies.jid(), "w1");
    let state = runs(&world).remove(0).0;
    assert_eq!(world.tracked(dies.jid()).unwrap().state, state);
    size_at(&mut world, "10:20:00", &table);
    world.ok(change_op(MutationVerb::Discard, queue("q"), None));
    assert_eq!(runs(&world)[0], (TrackState::Unknown, true, false));
}

#[test]
fn run_whose_job_is_refused_is_told_as_one_without_a_job() {
    let unique = json!({"custom": {"unique_for": 6000}});
    let table = table(&[("q", "*/10 * * * *", false, unique)]);
    let mut world = world(&table);
    assert_eq!(size_at(&mut world, "10:10:00", &table), 1);
    assert_eq!(size_at(&mut world, "10:20:00", &table), 1);
    assert_eq!(
        runs(&world),
        [
            (TrackState::Unknown, false, false),
            (TrackState::Enqueued, true, false)
        ]
    );
}

#[test]
fn ten_runs_are_kept_and_a_flush_forgets_them() {
    let table = one("* * * * *", false);
    let mut world = world(&table);
    for minute in 1..=12 {
        set_time(&mut world, &format!("10:{minute:02}:00"));
        fire(&mut world, &table);
    }
    assert_eq!(world.size("q"), 12);
    assert_eq!(runs(&world).len(), 10);
    // A job that has left the list is an ordinary one.
    let oldest = world.fetch(&["q"], "w1");
    world.ack(oldest.jid(), "w1");
    assert!(runs(&world).iter().all(|run| run.0 == TrackState::Enqueued));
    world.ok(Op::Flush);
    assert_eq!(runs(&world), []);
    world.tick(Duty::FireCron(table));
    assert_eq!(runs(&world), []);
}
