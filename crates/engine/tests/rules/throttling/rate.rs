//! Throttles: how fast jobs of a queue are handed out.

use std::time::Duration;

use serde_json::json;
use workmill_engine::{Op, Rate, Rules, Throttle};
use workmill_proto::Timestamp;

use super::request;
use crate::world::{World, fetch_op, throttled};

/// Two jobs a second, `burst` at once.
fn rate(burst: u64) -> Throttle {
    Throttle {
        rate: Some(Rate::new(2.0, Duration::from_secs(1), burst)),
        ..Throttle::default()
    }
}

/// A world in which queue `q` has these limits and ten jobs; its bucket is as the start and what followed left it.
fn world_of(limits: Throttle) -> World {
    let mut world = World::with_rules(throttled(limits));
    for index in 1..=10 {
        world.push(&format!("jid-{index:05}"), "q", json!({}));
    }
    world
}

/// The same, its bucket empty as after a start.
fn world_of_empty_bucket(limits: Throttle) -> World {
    let mut world = world_of(limits);
    world.restart();
    world.group(vec![]);
    world
}

/// How many FETCHes are served now.
fn count_now(world: &mut World) -> usize {
    let mut count = 0;
    loop {
        match world.try_fetch(&["q"], "w") {
            Ok(_) => count += 1,
            Err(waiting) => {
                world.ok(Op::Forget(waiting));
                world.answer(waiting);
                return count;
            }
        }
    }
}

fn wait_millis(world: &mut World, millis: u64) {
    world.now = world.now.plus(Duration::from_millis(millis));
}

#[test]
fn a_bucket_is_empty_after_a_start_and_fills_up_to_its_burst() {
    let mut world = world_of_empty_bucket(rate(3));
    assert_eq!(count_now(&mut world), 0);
    wait_millis(&mut world, 499);
    assert_eq!(count_now(&mut world), 0);
    wait_millis(&mut world, 1);
    assert_eq!(count_now(&mut world), 1);
    wait_millis(&mut world, 1_000);
    assert_eq!(count_now(&mut world), 2);
    wait_millis(&mut world, 60_000);
    assert_eq!(count_now(&mut world), 3);
}

#[test]
fn a_bucket_fills_from_the_start_on_though_nobody_fetches() {
    let mut world = world_of_empty_bucket(rate(5));
    wait_millis(&mut world, 1_000);
    assert_eq!(count_now(&mut world), 2);
}

#[test]
fn whoever_waits_is_served_at_the_instant_at_which_a_token_is_there() {
    let mut world = world_of_empty_bucket(rate(3));
    let start = world.now;
    let waiting = [(); 3].map(|()| world.wait(&["q"], "w"));
    for (nth, ticket) in waiting.into_iter().enumerate() {
        let at = start.plus(Duration::from_millis(500 * (nth as u64 + 1)));
        assert_eq!(world.next_deadline(), Some(at));
        world.now = Timestamp::from_micros(at.as_micros() - 1);
        world.group(vec![]);
        assert!(world.answer(ticket).is_none());
        world.now = at;
        world.group(vec![]);
        assert_eq!(world.served(ticket).jid(), format!("jid-{:05}", nth + 1));
    }
}

#[test]
fn an_interval_of_fractions_never_lets_too_many_through() {
    let limits = Throttle {
        rate: Some(Rate::new(7.0, Duration::from_secs(1), 1)),
        ..Throttle::default()
    };
    let mut world = world_of_empty_bucket(limits);
    let start = world.now;
    for nth in 1..=10 {
        let waiting = world.wait(&["q"], "w");
        world.now = world.next_deadline().unwrap();
        world.group(vec![]);
        world.served(waiting);
        let micros = world.now.since(start).as_micros() * 7;
        let (least, most) = (nth * 1_000_000, nth * 1_000_000 + 80);
        assert!((least..=most).contains(&micros), "{nth}: {micros}");
    }
}

#[test]
fn a_fetch_passes_over_a_queue_without_a_token() {
    let mut world = world_of_empty_bucket(rate(1));
    world.push("jid-in-r-1", "r", json!({}));
    assert_eq!(world.fetch(&["q", "r"], "w").jid(), "jid-in-r-1");
}

#[test]
fn within_one_group_no_more_are_handed_out_than_there_are_tokens() {
    let mut world = world_of(rate(3));
    let fetches = ["w1", "w2", "w3", "w4", "w5"].map(|wid| fetch_op(&["q"], wid));
    let tickets = world.group(fetches.into());
    let served = tickets.iter().filter_map(|ticket| world.take_job(*ticket));
    assert_eq!(served.count(), 3);
}

#[test]
fn a_job_that_could_not_be_delivered_gives_its_token_back() {
    let mut world = world_of(rate(2));
    let first = world.fetch(&["q"], "w");
    world.fetch(&["q"], "w");
    let waiting = world.wait(&["q"], "w");
    wait_millis(&mut world, 1);
    world.ok(Op::Nack(vec![first.tag]));
    let again = world.served(waiting);
    assert_eq!(again.jid(), "jid-00001");
    world.ok(Op::Nack(vec![first.tag]));
    assert_eq!(count_now(&mut world), 0, "a token comes back once");
    wait_millis(&mut world, 60_000);
    world.ok(Op::Nack(vec![again.tag]));
    assert_eq!(count_now(&mut world), 2, "never more than the burst");
}

#[test]
fn a_job_that_ends_or_is_requeued_gives_no_token_back() {
    let mut world = world_of(rate(3));
    for _ in 0..3 {
        world.fetch(&["q"], "w");
    }
    world.ack("jid-00001", "w");
    world.fail("jid-00002", "w");
    world.requeue("jid-00003", "w");
    assert_eq!(count_now(&mut world), 0);
}

#[test]
fn all_limits_hold_together() {
    let limits = Throttle {
        concurrency: Some(2),
        ..rate(3)
    };
    let mut world = world_of(limits);
    assert_eq!(count_now(&mut world), 2);
    world.ack("jid-00001", "w");
    assert_eq!(
        count_now(&mut world),
        1,
        "what could not start took no token"
    );
    world.ack("jid-00002", "w");
    assert_eq!(count_now(&mut world), 0);
    wait_millis(&mut world, 500);
    assert_eq!(count_now(&mut world), 1);
}

#[test]
fn a_paused_or_empty_queue_spends_no_tokens() {
    let mut world = world_of(rate(2));
    world.queue("PAUSE q");
    assert_eq!(count_now(&mut world), 0);
    let waiting = world.wait(&["q"], "w");
    world.queue("RESUME q");
    world.served(waiting);
    assert_eq!(count_now(&mut world), 1);
    let mut world = World::with_rules(throttled(rate(2)));
    assert_eq!(count_now(&mut world), 0);
    world.push("jid-00001", "q", json!({"custom": {"expires_in": 0}}));
    for jid in ["jid-00002", "jid-00003", "jid-00004"] {
        world.push(jid, "q", json!({}));
    }
    assert_eq!(count_now(&mut world), 2, "nor does one that has expired");
}

#[test]
fn a_new_rate_holds_at_once_and_wakes_whoever_waits() {
    let mut world = world_of_empty_bucket(rate(1));
    let waiting = world.wait(&["q"], "w");
    world.set_rules(Rules::default());
    assert_eq!(world.settle(), 1, "a group is due at once");
    world.served(waiting);
    world.set_rules(throttled(Throttle {
        rate: Some(Rate::new(1.0, Duration::from_secs(3_600), 5)),
        ..Throttle::default()
    }));
    world.group(vec![]);
    let waiting = world.wait(&["q"], "w");
    world.set_rules(throttled(Throttle {
        rate: Some(Rate::new(1.0, Duration::from_millis(10), 5)),
        ..Throttle::default()
    }));
    world.group(vec![]);
    let at = world.now.plus(Duration::from_millis(10));
    assert_eq!(world.next_deadline(), Some(at));
    world.now = at;
    world.group(vec![]);
    world.served(waiting);
    assert_eq!(count_now(&mut world), 0, "no burst after a change");
}

#[test]
fn a_queue_whose_rate_was_taken_away_begins_empty_when_it_has_one_again() {
    let mut world = world_of(rate(3));
    assert_eq!(count_now(&mut world), 3);
    world.set_rules(Rules::default());
    wait_millis(&mut world, 60_000);
    world.fetch(&["q"], "w");
    world.set_rules(throttled(rate(3)));
    assert_eq!(count_now(&mut world), 0);
}

#[test]
fn a_group_that_fails_spends_and_gives_back_no_token() {
    let mut world = world_of(rate(2));
    let fetch = request(&mut world, fetch_op(&["q"], "w"));
    for _ in 0..3 {
        world.try_slice(&fetch, false).unwrap();
    }
    let first = world.fetch(&["q"], "w");
    world.fetch(&["q"], "w");
    let op = Op::Nack(vec![first.tag]);
    let back = request(&mut world, op);
    world.try_slice(&back, false).unwrap();
    assert_eq!(count_now(&mut world), 0);
    world.slice(&back);
    assert_eq!(count_now(&mut world), 1);
}

#[test]
fn a_token_that_a_failed_group_woke_for_is_not_forgotten() {
    let mut world = world_of_empty_bucket(rate(1));
    let waiting = world.wait(&["q"], "w");
    world.now = world.next_deadline().unwrap();
    world.try_slice(&[], false).unwrap();
    assert_eq!(world.next_deadline(), Some(world.now));
    world.settle();
    world.served(waiting);
}

#[test]
fn a_bucket_fills_from_the_start_on_though_the_first_group_failed() {
    let mut world = world_of(rate(5));
    world.restart();
    world.try_slice(&[], false).unwrap();
    wait_millis(&mut world, 1_000);
    assert_eq!(count_now(&mut world), 2);
}
