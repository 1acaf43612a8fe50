//! TRACK: what is known of a job, and for how long; and longer reservations.

mod reserve_until;

use serde_json::{Value, json};
use workmill_engine::{Duty, Op, Rules};
use workmill_store::TrackState::{self, Dead, Enqueued, Failed, Success, Unknown, Working};

use crate::world::World;

fn tracked() -> Value {
    json!({"custom": {"track": 1}})
}

/// A world with one tracked job in `q`, with more payload members.
fn world_of_one(more: Value) -> World {
    let mut world = World::new();
    let mut payload = tracked();
    payload
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    world.push("jid-00001", "q", payload);
    world
}

#[track_caller]
fn assert_state(world: &mut World, state: TrackState) {
    let track = world.tracked("jid-00001").expect("something is known");
    assert_eq!(track.state, state);
}

#[test]
fn a_job_is_followed_from_its_push_to_its_success() {
    let mut world = world_of_one(json!({}));
    assert_state(&mut world, Enqueued);
    world.pass(5);
    world.fetch(&["q"], "w");
    let track = world.tracked("jid-00001").unwrap();
    assert_eq!((track.state, track.updated_at), (Working, world.now));
    world.pass(5);
    world.ack("jid-00001", "w");
    let track = world.tracked("jid-00001").unwrap();
    assert_eq!((track.state, track.updated_at), (Success, world.now));
    assert_eq!((track.percent, track.desc), (None, None));
}

#[test]
fn a_job_is_followed_through_its_retries_to_its_death_and_back() {
    let mut world = world_of_one(json!({"retry": 1}));
    world.fetch(&["q"], "w");
    world.fail("jid-00001", "w");
    assert_state(&mut world, Failed);
    world.pass(60);
    assert_state(&mut world, Enqueued);
    world.fetch(&["q"], "w");
    assert_state(&mut world, Working);
    world.fail("jid-00001", "w");
    assert_state(&mut world, Dead);
    world.mutate(json!({"cmd": "requeue", "target": "dead"}));
    assert_state(&mut world, Enqueued);
    world.perform("q");
    assert_state(&mut world, Success);
}

#[test]
fn a_scheduled_job_is_enqueued_from_the_start() {
    let mut world = World::new();
    let mut more = tracked();
    more["at"] = json!(world.now.plus_secs(60).to_string());
    world.push("jid-00001", "q", more);
    assert_state(&mut world, Enqueued);
    world.mutate(json!({"cmd": "kill", "target": "scheduled"}));
    assert_state(&mut world, Dead);
}

#[test]
fn a_job_that_fails_for_good_without_a_trace_has_failed() {
    let mut world = world_of_one(json!({"retry": 0}));
    world.fetch(&["q"], "w");
    world.fail("jid-00001", "w");
    assert_state(&mut world, Failed);
    world.pass(1_800);
    assert_eq!(world.tracked("jid-00001"), None);
}

#[test]
fn a_job_that_comes_back_is_enqueued() {
    let mut world = world_of_one(json!({}));
    let fetched = world.fetch(&["q"], "w");
    world.ok(Op::Nack(vec![fetched.tag]));
    assert_state(&mut world, Enqueued);
    world.fetch(&["q"], "w");
    world.requeue("jid-00001", "w");
    assert_state(&mut world, Enqueued);
    world.fetch(&["q"], "lost");
    world.pass(60);
    world.tick(Duty::RecoverLost {
        alive: std::sync::Arc::default(),
    });
    assert_state(&mut world, Enqueued);
}

#[test]
fn an_expired_reservation_is_a_failure() {
    let mut world = world_of_one(json!({"reserve_for": 60}));
    world.fetch(&["q"], "w");
    world.pass(62);
    assert_state(&mut world, Failed);
}

#[test]
fn nothing_is_known_of_a_job_that_is_deleted_or_has_expired() {
    let mut world = world_of_one(json!({"custom": {"track": true, "expires_in": 5}}));
    world.pass(5);
    assert_state(&mut world, Enqueued);
    world.assert_nothing(&["q"]);
    assert_state(&mut world, Unknown);
    let mut world = world_of_one(json!({}));
    world.queue("REMOVE q");
    world.tick(Duty::Sweep);
    assert_state(&mut world, Unknown);
    let mut world = world_of_one(json!({}));
    world.fetch(&["q"], "w");
    world.fail("jid-00001", "w");
    let filter = json!({"jids": ["jid-00001"]});
    world.mutate(json!({"cmd": "discard", "target": "retries", "filter": filter}));
    assert_state(&mut world, Unknown);
}

#[test]
fn nothing_is_known_of_a_job_that_is_not_tracked_but_what_it_says_itself() {
    let mut world = World::new();
    for (jid, custom) in [
        ("jid-00001", json!(null)),
        ("jid-00002", json!({"track": 0})),
    ] {
        world.push(jid, "q", json!({ "custom": custom }));
        world.fetch(&["q"], "w");
        assert_eq!(world.tracked(jid), None);
        world.set_track(&json!({"jid": jid, "percent": 50, "desc": "half"}), "w");
        world.ack(jid, "w");
        let track = world.tracked(jid).unwrap();
        assert_eq!(track.state, Unknown);
        assert_eq!(
            (track.percent, track.desc.as_deref()),
            (Some(50), Some("half"))
        );
    }
    assert_eq!(world.tracked("nobody-knows"), None);
    world.set_track(&json!({"jid": "nobody-knows", "percent": 1}), "w");
    assert_eq!(world.tracked("nobody-knows").unwrap().percent, Some(1));
}

#[test]
fn what_a_worker_says_is_kept_until_it_says_something_else() {
    let mut world = world_of_one(json!({}));
    world.fetch(&["q"], "w");
    for (update, percent, desc) in [
        (
            json!({"percent": 10, "desc": "begun"}),
            Some(10),
            Some("begun"),
        ),
        (json!({"percent": 0}), Some(0), Some("begun")),
        (json!({"desc": ""}), Some(0), Some("")),
        (json!({"percent": null, "desc": null}), Some(0), Some("")),
        (
            json!({"percent": 90, "desc": "nearly"}),
            Some(90),
            Some("nearly"),
        ),
    ] {
        world.pass(1);
        let mut update = update;
        update["jid"] = json!("jid-00001");
        world.set_track(&update, "w");
        let track = world.tracked("jid-00001").unwrap();
        assert_eq!((track.percent, track.desc.as_deref()), (percent, desc));
        assert_eq!((track.state, track.updated_at), (Working, world.now));
    }
    world.fail("jid-00001", "w");
    world.pass(60);
    world.perform("q");
    world.restart();
    let track = world.tracked("jid-00001").unwrap();
    assert_eq!(
        (track.percent, track.desc.as_deref()),
        (Some(90), Some("nearly"))
    );
    assert_eq!(track.state, Success);
}

#[test]
fn a_track_lives_as_long_as_its_job_and_half_an_hour() {
    let mut world = world_of_one(json!({}));
    world.pass(86_400);
    assert_state(&mut world, Enqueued);
    world.fetch(&["q"], "w");
    world.ack("jid-00001", "w");
    world.pass(1_799);
    assert_state(&mut world, Success);
    world.pass(1);
    assert_eq!(world.tracked("jid-00001"), None);
}

#[test]
fn a_track_is_not_told_any_more_when_its_time_is_over_though_nobody_cleared_up() {
    let mut world = world_of_one(json!({}));
    world.perform("q");
    world.now = world.now.plus_secs(1_800);
    assert_eq!(world.tracked("jid-00001"), None);
}

#[test]
fn an_update_after_the_end_keeps_the_track_half_an_hour_from_then() {
    let mut world = world_of_one(json!({}));
    world.perform("q");
    world.pass(1_000);
    world.set_track(&json!({"jid": "jid-00001", "desc": "late"}), "w");
    world.pass(1_799);
    assert_state(&mut world, Success);
    world.pass(1);
    assert_eq!(world.tracked("jid-00001"), None);
}

#[test]
fn an_update_of_a_living_job_does_not_limit_its_track() {
    let mut world = world_of_one(json!({}));
    world.set_track(&json!({"jid": "jid-00001", "percent": 5}), "w");
    world.pass(3_600);
    assert_eq!(world.tracked("jid-00001").unwrap().percent, Some(5));
}

#[test]
fn what_is_said_of_an_untracked_job_is_kept_half_an_hour() {
    let mut world = World::new();
    let update = json!({"jid": "nobody-knows", "percent": 1});
    world.set_track(&update, "w");
    world.pass(1_799);
    world.set_track(&update, "w");
    world.pass(1_799);
    assert!(world.tracked("nobody-knows").is_some());
    world.pass(1);
    assert_eq!(world.tracked("nobody-knows"), None);
}

#[test]
fn a_dead_job_is_known_half_an_hour_and_again_when_it_is_requeued() {
    let mut world = world_of_one(json!({"retry": -1}));
    world.fetch(&["q"], "w");
    world.fail("jid-00001", "w");
    world.pass(1_800);
    assert_eq!(world.tracked("jid-00001"), None);
    world.mutate(json!({"cmd": "requeue", "target": "dead"}));
    assert_state(&mut world, Enqueued);
    world.pass(3_600);
    assert_state(&mut world, Enqueued);
}

#[test]
fn a_job_that_is_evicted_from_the_dead_stays_known_as_dead() {
    let mut world = World::with_rules(Rules {
        dead_jobs_max: 0,
        ..Rules::default()
    });
    let mut more = tracked();
    more["retry"] = json!(-1);
    world.push("jid-00001", "q", more);
    world.fetch(&["q"], "w");
    world.fail("jid-00001", "w");
    assert_eq!(world.totals().dead, 0);
    assert_state(&mut world, Dead);
}

#[test]
fn a_flush_forgets_the_tracks() {
    let mut world = world_of_one(json!({}));
    world.fetch(&["q"], "w");
    world.ok(Op::Flush);
    world.ack("jid-00001", "w");
    assert_eq!(world.tracked("jid-00001"), None);
}

#[test]
fn a_group_that_fails_writes_nothing_down() {
    let mut world = world_of_one(json!({}));
    let ticket = world.next_ticket();
    let op = crate::world::fetch_op(&["q"], "w");
    let fetch = [workmill_engine::Request { ticket, op }];
    world.try_slice(&fetch, false).unwrap();
    assert_state(&mut world, Enqueued);
}
