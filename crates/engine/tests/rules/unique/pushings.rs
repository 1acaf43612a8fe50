//! A lock belongs to one pushing of a job: the end of an old copy leaves the lock of a newer one with the same id alone.

use serde_json::{Value, json};
use workmill_engine::{Duty, Op};

use super::{assert_locked, until_start};
use crate::world::World;

fn unique_for(secs: u64) -> Value {
    json!({"custom": {"unique_for": secs}, "retry": 1})
}

/// A worker has the first copy, and its lock has run out; the second copy waits in the queue with the lock.
fn world_of_two_copies() -> World {
    let mut world = World::new();
    world.push("jid-00001", "q", unique_for(10));
    world.fetch(&["q"], "old");
    world.pass(10);
    world.push("jid-00001", "q", unique_for(5_000));
    assert_locked(&mut world, unique_for(9));
    world
}

/// The second copy still has its lock, and frees it when it succeeds.
#[track_caller]
fn assert_the_newer_holds(world: &mut World) {
    assert_locked(world, unique_for(9));
    world.restart();
    assert_locked(world, unique_for(9));
    world.fetch(&["q"], "new");
    world.ack("jid-00001", "new");
    world.push("jid-00002", "q", unique_for(9));
}

#[test]
fn the_ack_of_an_old_copy_leaves_the_lock() {
    let mut world = world_of_two_copies();
    world.ack("jid-00001", "old");
    assert_the_newer_holds(&mut world);
}

#[test]
fn the_ack_of_an_old_copy_after_a_restart_leaves_the_lock() {
    let mut world = world_of_two_copies();
    world.restart();
    world.ack("jid-00001", "old");
    assert_the_newer_holds(&mut world);
}

#[test]
fn the_death_of_an_old_copy_leaves_the_lock() {
    let mut world = world_of_two_copies();
    world.fail("jid-00001", "old");
    world.mutate(json!({"cmd": "kill", "target": "retries"}));
    assert_locked(&mut world, unique_for(9));
    world.mutate(json!({"cmd": "discard", "target": "dead", "filter": {"jids": ["jid-00001"]}}));
    world.tick(Duty::Sweep);
    assert_the_newer_holds(&mut world);
}

#[test]
fn a_dead_old_copy_that_succeeds_after_all_leaves_the_lock() {
    let mut world = world_of_two_copies();
    world.fail("jid-00001", "old");
    world.mutate(json!({"cmd": "kill", "target": "retries"}));
    world.mutate(json!({"cmd": "requeue", "target": "dead"}));
    world.fetch(&["q"], "new");
    world.fetch(&["q"], "old");
    world.ack("jid-00001", "old");
    assert_locked(&mut world, unique_for(9));
    world.ack("jid-00001", "new");
    world.push("jid-00002", "q", unique_for(9));
}

#[test]
fn the_expiry_of_an_old_copy_leaves_the_lock() {
    let mut world = World::new();
    let custom = json!({"unique_for": 5, "expires_in": 5});
    world.push("jid-00001", "q", json!({ "custom": custom }));
    world.pass(5);
    world.push("jid-00001", "q", unique_for(5_000));
    // The old one is dropped on the way.
    world.fetch(&["q"], "new");
    assert_eq!(world.totals().counts.expired, 1);
    assert_locked(&mut world, unique_for(9));
    world.ack("jid-00001", "new");
    world.push("jid-00002", "q", unique_for(9));
}

#[test]
fn a_late_start_of_an_old_copy_leaves_the_lock() {
    let mut world = World::new();
    let custom = json!({"unique_for": 10, "unique_until": "start"});
    world.push("jid-00001", "q", json!({ "custom": custom }));
    world.pass(10);
    world.push("jid-00001", "r", json!({}));
    world.push("jid-00001", "q", unique_for(5_000));
    world.fetch(&["q"], "old");
    assert_locked(&mut world, unique_for(9));
    world.ack("jid-00001", "old");
    assert_the_newer_holds(&mut world);
}

#[test]
fn an_old_copy_that_comes_back_does_not_take_over_the_lock() {
    for undelivered in [true, false] {
        let mut world = World::new();
        world.push("jid-00001", "q", until_start());
        let fetched = world.fetch(&["q"], "old");
        // At the same moment, with the same end.
        world.push("jid-00001", "q", until_start());
        match undelivered {
            true => world.ok(Op::Nack(vec![fetched.tag])),
            false => world.requeue("jid-00001", "old"),
        }
        // The old one goes first, as it came first.
        world.fetch(&["q"], "old");
        assert_locked(&mut world, until_start());
        world.ack("jid-00001", "old");
        assert_locked(&mut world, until_start());
        world.fetch(&["q"], "new");
        world.push("jid-00002", "q", until_start());
    }
}

#[test]
fn a_copy_that_took_its_lock_again_gives_it_back() {
    let mut world = World::new();
    world.push("jid-00001", "q", until_start());
    world.fetch(&["q"], "w");
    world.requeue("jid-00001", "w");
    world.restart();
    assert_locked(&mut world, until_start());
    world.fetch(&["q"], "w");
    world.push("jid-00001", "q", until_start());
    assert_locked(&mut world, until_start());
}

#[test]
fn copies_in_one_bulk_are_pushings_of_their_own() {
    let mut world = World::new();
    let at = world.now.plus_secs(100).to_string();
    let job = |world: &World, args: Value| {
        let more = json!({"args": args, "at": at, "custom": {"unique_for": 10}});
        world.job("jid-00001", "q", more)
    };
    let jobs = [json!([1]), json!([1]), json!([2])].map(|args| job(&world, args));
    let refused = world.push_bulk(jobs.into_iter());
    assert_eq!(refused.len(), 1);
    assert_eq!(refused[0].0, "jid-00001");
    world.pass(100);
    // Each frees its own.
    assert_eq!(world.fetch(&["q"], "w").payload["args"], json!([1]));
    world.ack("jid-00001", "w");
    let locked = |args: Value| json!({"args": args, "custom": {"unique_for": 10}});
    assert_locked(&mut world, locked(json!([2])));
    world.push("jid-00002", "q", locked(json!([1])));
}
