//! What a job that comes back is bound to: its lock, its batch.

use serde_json::json;
use workmill_engine::ChangeVerb;
use workmill_store::CallbackState::{Done, Queued, Waiting};

use super::{left, take, undo};
use crate::world::World;

/// A committed batch with both callbacks and two members.
fn world_of_a_batch() -> (World, String) {
    let mut world = World::new();
    let bid = world.batch_with(&["complete", "success"], "");
    world.push_member("member-001", &bid);
    world.push_member("member-002", &bid);
    world.commit(&bid);
    (world, bid)
}

#[test]
fn member_that_comes_back_is_waited_for_again() {
    let (mut world, bid) = world_of_a_batch();
    let action = take(&mut world, ChangeVerb::Discard, "jid:member-002");
    assert_eq!(world.members(&bid), (2, 1, 0));
    undo(&mut world, action);
    assert_eq!(world.members(&bid), (2, 2, 0));
    world.perform("q");
    assert_eq!(world.callbacks(&bid), (Waiting, Waiting));
    world.perform("q");
    assert_eq!(world.callbacks(&bid), (Queued, Waiting));
}

#[test]
fn batch_that_has_gone_on_is_not_opened_again() {
    let (mut world, bid) = world_of_a_batch();
    let action = take(&mut world, ChangeVerb::Discard, "jid:member-002");
    world.perform("q");
    assert_eq!(world.members(&bid), (2, 0, 0));
    assert_eq!(world.callbacks(&bid), (Queued, Waiting));
    assert_eq!(undo(&mut world, action).changed, 1);
    assert_eq!(world.members(&bid), (2, 0, 0));
    // It runs, and counts nowhere.
    world.perform("q");
    assert_eq!(world.members(&bid), (2, 0, 0));
    assert_eq!(world.run_callback()["jobtype"], "complete");
    assert_eq!(world.run_callback()["jobtype"], "success");
    assert_eq!(world.size("cb"), 0);
}

#[test]
fn failed_member_comes_back_as_one_unless_the_batch_has_succeeded() {
    let (mut world, bid) = world_of_a_batch();
    let failed = world.fetch(&["q"], "w").jid().to_owned();
    world.fail(&failed, "w");
    assert_eq!(world.members(&bid), (2, 1, 1));
    let action = take(&mut world, ChangeVerb::Discard, "state:retries");
    assert_eq!(world.members(&bid), (2, 1, 0));
    undo(&mut world, action);
    assert_eq!(world.members(&bid), (2, 1, 1));
    world.perform("q");
    assert_eq!(world.run_callback()["jobtype"], "complete");
    assert_eq!(world.callbacks(&bid), (Done, Waiting));
    let action = take(&mut world, ChangeVerb::Discard, "state:retries");
    assert_eq!(world.callbacks(&bid), (Done, Queued));
    undo(&mut world, action);
    assert_eq!(world.members(&bid), (2, 0, 0), "it has succeeded");
}

#[test]
fn killed_member_that_comes_back_is_still_to_run() {
    let (mut world, bid) = world_of_a_batch();
    let action = take(&mut world, ChangeVerb::Kill, "jid:member-002");
    assert_eq!(world.members(&bid), (2, 1, 1));
    undo(&mut world, action);
    assert_eq!(world.members(&bid), (2, 2, 0));
    let action = take(&mut world, ChangeVerb::Kill, "jid:member-002");
    world.perform("q");
    assert_eq!(world.callbacks(&bid), (Queued, Waiting));
    undo(&mut world, action);
    assert_eq!(world.members(&bid), (2, 0, 1), "all were executed");
    world.perform("q");
    assert_eq!(world.members(&bid), (2, 0, 0));
}

#[test]
fn batch_that_is_forgotten_is_not_missed() {
    let mut world = World::new();
    let bid = world.batch_with(&["complete"], "");
    world.push_member("member-001", &bid);
    let action = take(&mut world, ChangeVerb::Discard, "");
    world.pass(3_600);
    assert!(
        world
            .batch_refused(&format!("STATUS {bid}"))
            .starts_with("No such batch")
    );
    assert_eq!(undo(&mut world, action).changed, 1);
    world.perform("q");
}

#[test]
fn callback_that_comes_back_is_a_job_like_any_other() {
    let (mut world, bid) = world_of_a_batch();
    world.perform("q");
    world.perform("q");
    let action = take(&mut world, ChangeVerb::Discard, "queue:cb");
    assert_eq!(world.callbacks(&bid), (Done, Queued), "it counts as done");
    assert_eq!(undo(&mut world, action).changed, 1);
    assert_eq!(world.run_callback()["jobtype"], "success");
    assert_eq!(world.callbacks(&bid), (Done, Done));
    assert_eq!(world.run_callback()["jobtype"], "complete");
    assert_eq!(world.callbacks(&bid), (Done, Done));
}

#[test]
fn unique_job_that_comes_back_has_its_lock() {
    let mut world = World::new();
    let unique = || json!({"custom": {"unique_for": 600}});
    world.push("unique-001", "q", unique());
    let action = take(&mut world, ChangeVerb::Discard, "");
    world.push_refused("unique-002", "q", unique());
    undo(&mut world, action);
    world.push_refused("unique-002", "q", unique());
    world.perform("q");
    world.push("unique-002", "q", unique());
}

#[test]
fn job_whose_lock_is_another_ones_stays_in_the_trash() {
    let mut world = World::new();
    world.push("unique-001", "q", json!({"custom": {"unique_for": 600}}));
    world.push("job-plain", "q", json!({}));
    let action = take(&mut world, ChangeVerb::Discard, "");
    world.give_locks_to("somebody");
    let undone = undo(&mut world, action);
    assert_eq!((undone.changed, undone.unknown), (1, 1));
    assert_eq!((world.size("q"), left(&world)), (1, vec![(action, 1)]));
    world.pass(600);
    assert_eq!(undo(&mut world, action).changed, 1, "its time is over");
    assert_eq!((world.size("q"), left(&world)), (2, vec![]));
}

#[test]
fn lock_that_nobody_has_is_taken_again() {
    let mut world = World::new();
    let unique = || json!({"custom": {"unique_for": 600}});
    world.push("unique-001", "q", unique());
    let action = take(&mut world, ChangeVerb::Discard, "");
    world.remove_locks();
    undo(&mut world, action);
    world.push_refused("unique-002", "q", unique());
}

#[test]
fn job_that_gave_its_lock_back_when_it_started_comes_back_beside_another() {
    let mut world = World::new();
    let unique = || json!({"custom": {"unique_for": 600, "unique_until": "start"}});
    world.push("unique-001", "q", unique());
    world.fetch(&["q"], "w");
    world.fail("unique-001", "w");
    world.push("unique-002", "q", unique());
    let action = take(&mut world, ChangeVerb::Discard, "state:retries");
    assert_eq!(undo(&mut world, action).changed, 1);
    assert_eq!((world.totals().retries, world.size("q")), (1, 1));
}
