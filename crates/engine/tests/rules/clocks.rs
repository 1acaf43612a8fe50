//! Two kinds of time: durations go by the server's own clock, which nobody can set; what people write down goes by the
//! wall clock as it is now.

use std::time::Duration;

use serde_json::{Value, json};
use workmill_engine::{Duty, Rules, Throttle};

use crate::world::{World, throttled};

const HOUR: i64 = 3_600;

/// By how much the wall clock is set.
const STEPS: [i64; 4] = [-8 * HOUR, -HOUR, HOUR, 8 * HOUR];

/// How a world's clock comes to be set.
#[derive(Clone, Copy, Debug)]
enum When {
    Running,
    /// The server is stopped and started again.
    Restarted,
}

/// Every way in which the clock can be set.
fn ways() -> impl Iterator<Item = (i64, When)> {
    let steps = STEPS.into_iter();
    steps.flat_map(|secs| [(secs, When::Running), (secs, When::Restarted)])
}

fn set_clock(world: &mut World, secs: i64, when: When) {
    world.clock_set_secs += secs;
    if matches!(when, When::Restarted) {
        world.restart();
    }
}

/// Asserts that something holds for so many more seconds, and then no more.
fn lasts(world: &mut World, secs: i64, what: &str, mut holds: impl FnMut(&mut World) -> bool) {
    for passed in 0..secs {
        assert!(holds(world), "{what} after {passed} of {secs} s");
        world.pass(1);
    }
    assert!(!holds(world), "{what} after {secs} s");
}

#[test]
fn a_reservation_lasts_as_long_as_it_is_whatever_the_wall_clock_shows() {
    for (secs, when) in ways() {
        let mut world = World::new();
        world.push("jid-00001", "q", json!({ "reserve_for": 90 }));
        world.fetch(&["q"], "w");
        world.pass(10);
        set_clock(&mut world, secs, when);
        lasts(&mut world, 80, &format!("{secs} {when:?}"), |world| {
            world.totals().working == 1
        });
        assert_eq!(world.totals().retries, 1);
    }
}

#[test]
fn a_longer_reservation_ends_when_its_worker_meant_it_to() {
    for (secs, when) in ways() {
        let mut world = World::new();
        world.push("jid-00001", "q", json!({ "reserve_for": 60 }));
        world.fetch(&["q"], "w");
        let until = world.wall().plus_secs(90).to_string();
        world.set_track(&json!({ "jid": "jid-00001", "reserve_until": until }), "w");
        set_clock(&mut world, secs, when);
        lasts(&mut world, 90, &format!("{secs} {when:?}"), |world| {
            world.totals().working == 1
        });
        // By another clock it means another span.
        world.push("jid-00002", "q", json!({ "reserve_for": 60 }));
        world.fetch(&["q"], "w");
        let until = world.wall().plus_secs(100).to_string();
        world.set_track(&json!({ "jid": "jid-00002", "reserve_until": until }), "w");
        lasts(&mut world, 100, &format!("{secs} {when:?}"), |world| {
            world.totals().working == 1
        });
    }
}

#[test]
fn a_retry_comes_after_its_delay_whatever_the_wall_clock_shows() {
    for (secs, when) in ways() {
        let mut world = World::new();
        world.push(
            "jid-00001",
            "q",
            json!({ "custom": { "retry_delays": [7] } }),
        );
        world.fetch(&["q"], "w");
        world.fail("jid-00001", "w");
        world.pass(3);
        set_clock(&mut world, secs, when);
        lasts(&mut world, 4, &format!("{secs} {when:?}"), |world| {
            world.totals().retries == 1
        });
        assert_eq!(world.fetch(&["q"], "w").jid(), "jid-00001");
    }
}

#[test]
fn a_lock_lasts_as_long_as_it_is_whatever_the_wall_clock_shows() {
    let unique = json!({ "custom": { "unique_for": 30 } });
    for (secs, when) in ways() {
        let mut world = World::new();
        world.push("jid-00001", "q", unique.clone());
        world.pass(10);
        set_clock(&mut world, secs, when);
        for _ in 0..20 {
            world.push_refused("jid-00002", "q", unique.clone());
            world.pass(1);
        }
        world.push("jid-00002", "q", unique.clone());
    }
}

#[test]
fn a_slot_times_out_whatever_the_wall_clock_shows() {
    for (secs, when) in ways() {
        let mut world = World::with_rules(throttled(Throttle {
            concurrency: Some(1),
            timeout_secs: Some(30),
            ..Throttle::default()
        }));
        world.push("jid-00001", "q", json!({}));
        world.push("jid-00002", "q", json!({}));
        world.fetch(&["q"], "w");
        world.pass(10);
        set_clock(&mut world, secs, when);
        world.pass(18);
        world.assert_nothing(&["q"]);
        world.pass(1);
        assert_eq!(world.fetch(&["q"], "w").jid(), "jid-00002");
    }
}

#[test]
fn a_waiting_fetch_waits_as_long_as_ever() {
    for secs in STEPS {
        let mut world = World::new();
        let waiting = world.wait(&["q"], "w");
        let deadline = world.next_deadline().unwrap();
        world.clock_set_secs = secs;
        world.group(vec![]);
        assert_eq!(world.next_deadline(), Some(deadline));
        world.push("jid-00001", "q", json!({}));
        assert_eq!(world.served(waiting).jid(), "jid-00001");
    }
}

#[test]
fn a_batch_and_a_track_and_a_dead_job_are_kept_as_long_as_ever() {
    for (secs, when) in ways() {
        let mut world = World::with_rules(Rules {
            dead_ttl_secs: 1_500,
            ..Rules::default()
        });
        let bid = world.batch_with(&["success"], "");
        world.push(
            "jid-00001",
            "q",
            json!({ "retry": -1, "custom": { "track": 1 } }),
        );
        world.fetch(&["q"], "w");
        world.fail("jid-00001", "w");
        set_clock(&mut world, secs, when);
        world.pass(1_400);
        assert_eq!(world.totals().dead, 1, "{secs} {when:?}");
        world.status(&bid);
        assert!(world.tracked("jid-00001").is_some());
        world.pass(100);
        assert_eq!(world.totals().dead, 0, "{secs} {when:?}");
        world.pass(300);
        world.batch_refused(&format!("STATUS {bid}"));
        assert!(world.tracked("jid-00001").is_none());
    }
}

#[test]
fn a_scheduled_job_runs_when_the_wall_clock_says_so() {
    for when in [When::Running, When::Restarted] {
        let mut world = World::new();
        let at = world.wall().plus_secs(100).to_string();
        world.push("jid-00001", "q", json!({ "at": at }));
        set_clock(&mut world, -200, when);
        lasts(&mut world, 300, &format!("{when:?}"), |world| {
            world.totals().scheduled == 1
        });
        let at = world.wall().plus_secs(HOUR).to_string();
        world.push("jid-00002", "q", json!({ "at": at }));
        world.pass(1);
        assert_eq!(world.totals().scheduled, 1);
        set_clock(&mut world, HOUR, when);
        world.tick(Duty::Promote);
        assert_eq!(world.totals().scheduled, 0);
    }
}

#[test]
fn a_job_expires_when_the_wall_clock_says_so() {
    for when in [When::Running, When::Restarted] {
        let expiring = |world: &World| {
            let at = world.wall().plus_secs(HOUR / 2).to_string();
            json!({ "custom": { "expires_at": at } })
        };
        let mut world = World::new();
        let more = expiring(&world);
        world.push("jid-00001", "q", more);
        set_clock(&mut world, -HOUR, when);
        assert_eq!(world.fetch(&["q"], "w").jid(), "jid-00001", "{when:?}");
        let more = expiring(&world);
        world.push("jid-00002", "q", more);
        set_clock(&mut world, HOUR, when);
        world.assert_nothing(&["q"]);
        assert_eq!(world.totals().counts.expired, 1);
    }
}

#[test]
fn what_is_shown_follows_the_wall_clock() {
    let mut world = World::new();
    world.clock_set_secs = -HOUR;
    let wall = world.wall().to_string();
    world.push("jid-00001", "q", json!({ "retry": 1 }));
    let job = world.fetch(&["q"], "w");
    assert_eq!(job.payload["created_at"], wall);
    assert_eq!(job.payload["enqueued_at"], wall);
    world.fail("jid-00001", "w");
    world.pass(120);
    let failure: Value = world.fetch(&["q"], "w").payload["failure"].clone();
    assert_eq!(failure["failed_at"], wall);
    assert!(failure["next_at"].as_str().unwrap() > wall.as_str());
}

#[test]
fn time_without_a_server_counts_against_nobody() {
    let mut world = World::new();
    let bid = world.batch_with(&["success"], "");
    let unique = json!({ "reserve_for": 90, "custom": { "unique_for": 60 } });
    world.push("jid-00001", "q", unique.clone());
    world.fetch(&["q"], "w");
    world.pass(30);
    world.down(40 * 60);
    world.push_refused("jid-00002", "q", unique.clone());
    world.pass(59);
    assert_eq!(world.totals().working, 1);
    world.push("jid-00002", "q", unique);
    world.pass(1);
    assert_eq!(world.totals().working, 0);
    world.commit(&bid);
}

#[test]
fn nobodys_time_is_over_right_after_a_start() {
    let mut world = World::new();
    let bid = world.batch_with(&["success"], "");
    world.pass(30 * 60 - 10);
    world.push("jid-00001", "q", json!({ "reserve_for": 60 }));
    world.fetch(&["q"], "w");
    world.pass(1);
    world.down(0);
    world.pass(59);
    assert_eq!(world.totals().working, 1);
    world.commit(&bid);
    let other = world.batch_with(&["success"], "");
    world.pass(1);
    assert_eq!(world.totals().working, 0);
    world.status(&other);
}

#[test]
fn a_frozen_server_ends_nothing_before_its_workers_can_be_heard() {
    let mut world = World::new();
    world.push("jid-00001", "q", json!({ "reserve_for": 60 }));
    world.fetch(&["q"], "w");
    world.pass(59);
    // The wall clock has gone on, and the server's own has not.
    world.frozen += Duration::from_secs(75);
    world.clock_set_secs += 75;
    world.pass(59);
    assert_eq!(world.totals().working, 1);
    world.ack("jid-00001", "w");
    assert_eq!(world.totals().retries, 0);
}

#[test]
fn a_killed_server_adds_ten_seconds_at_most() {
    let mut world = World::new();
    world.push(
        "jid-00001",
        "q",
        json!({ "custom": { "retry_delays": [30] } }),
    );
    world.fetch(&["q"], "w");
    world.fail("jid-00001", "w");
    world.pass(25);
    world.crash();
    world.pass(15);
    assert_eq!(world.totals().retries, 0);
}
