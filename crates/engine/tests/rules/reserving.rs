//! Reservations: ACK, expiry, lost workers, and whose reservation a word means.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::json;
use workmill_engine::{Duty, Op};

use crate::world::World;

/// A minute passes in which nothing was heard but from `alive`.
fn recover(world: &mut World, alive: &[&str]) {
    world.pass(60);
    let alive: BTreeSet<String> = alive.iter().map(|wid| (*wid).to_owned()).collect();
    world.tick(Duty::RecoverLost {
        alive: Arc::new(alive),
    });
}

#[test]
fn an_acknowledged_job_is_gone_and_counted() {
    let mut world = World::new();
    world.push("jid-00001", "q", json!({}));
    world.fetch(&["q"], "w");
    assert_eq!(world.totals().working, 1);
    world.ack("jid-00001", "w");
    let totals = world.totals();
    assert_eq!(
        (
            totals.working,
            totals.counts.processed,
            totals.counts.failures
        ),
        (0, 1, 0)
    );
    assert_eq!(totals.queues["q"].size, 0);
}

#[test]
fn an_unknown_job_is_acknowledged_without_effect_but_cannot_fail() {
    let mut world = World::new();
    world.ack("nobody-knows", "w");
    assert_eq!(world.totals().counts.processed, 0);
    assert_eq!(
        world.refused(World::fail_op("nobody-knows", "w")),
        "Job not found nobody-knows"
    );
}

#[test]
fn every_copy_of_a_job_id_can_be_acknowledged() {
    let mut world = World::new();
    world.push("jid-twice", "q", json!({}));
    world.push("jid-twice", "q", json!({}));
    world.fetch(&["q"], "w");
    world.fetch(&["q"], "w");
    let ack = || {
        Op::Ack(workmill_engine::Ack {
            jid: "jid-twice".to_owned(),
            wid: "w".into(),
        })
    };
    world.group(vec![ack(), ack()]);
    assert_eq!(world.totals().working, 0);
    assert_eq!(world.totals().counts.processed, 2);
}

#[test]
fn an_expired_reservation_goes_to_the_retries() {
    let mut world = World::new();
    world.push("jid-00001", "q", json!({"reserve_for": 60}));
    world.fetch(&["q"], "w");
    world.pass(59);
    assert_eq!(world.totals().working, 1);
    world.pass(2);
    let totals = world.totals();
    assert_eq!(
        (totals.working, totals.retries, totals.counts.failures),
        (0, 1, 1)
    );
    world.pass(60);
    let failure = world.fetch(&["q"], "w").payload["failure"].clone();
    assert_eq!(failure["errtype"], "ReservationExpired");
    assert_eq!(failure["message"], "Faktory job reservation expired");
}

#[test]
fn reserve_for_is_half_an_hour_by_default_and_a_minute_at_least() {
    for (reserve_for, secs) in [(json!(0), 1_800), (json!(null), 1_800), (json!(5), 60)] {
        let mut world = World::new();
        world.push("jid-00001", "q", json!({"reserve_for": reserve_for}));
        world.fetch(&["q"], "w");
        for _ in 0..secs / 60 {
            assert_eq!(world.totals().working, 1);
            world.pass(60);
        }
        assert_eq!(world.totals().working, 0, "{reserve_for}");
    }
}

#[test]
fn nothing_expires_for_a_minute_after_a_restart() {
    let mut world = World::new();
    world.push("jid-00001", "q", json!({"reserve_for": 60}));
    world.fetch(&["q"], "w");
    world.restart();
    world.now = world.now.plus_secs(7_200);
    world.tick(Duty::ExpireReservations);
    world.pass(59);
    assert_eq!(world.totals().working, 1);
    world.ack("jid-00001", "w");
    assert_eq!(world.totals().counts.processed, 1);
}

#[test]
fn a_late_word_does_not_touch_a_job_that_is_somebody_elses() {
    let mut world = World::new();
    world.push("jid-00001", "q", json!({"reserve_for": 60}));
    world.fetch(&["q"], "slow");
    world.pass(130);
    world.fetch(&["q"], "quick");
    world.ack("jid-00001", "slow");
    assert_eq!(world.totals().working, 1);
    assert_eq!(
        world.refused(World::fail_op("jid-00001", "slow")),
        "Job not found jid-00001"
    );
    world.ack("jid-00001", "quick");
    assert_eq!(world.totals().working, 0);
}

#[test]
fn a_worker_ends_the_reservation_it_holds_itself() {
    let mut world = World::new();
    world.push("jid-twice", "q", json!({"retry": 0}));
    world.push("jid-twice", "q", json!({"retry": -1}));
    world.fetch(&["q"], "first");
    world.fetch(&["q"], "second");
    world.fail("jid-twice", "second");
    assert_eq!(world.totals().dead, 1, "the second copy was meant");
    world.fail("jid-twice", "stranger");
    assert_eq!(world.totals().dead, 1, "the oldest was meant");
    assert_eq!(world.totals().working, 0);
}

#[test]
fn a_reservation_survives_a_restart() {
    let mut world = World::new();
    world.push("jid-00001", "q", json!({}));
    world.push("jid-00002", "q", json!({}));
    world.fetch(&["q"], "w");
    world.restart();
    assert_eq!(world.totals().working, 1);
    assert_eq!(world.fetch(&["q"], "w").jid(), "jid-00002");
    world.ack("jid-00001", "w");
    assert_eq!(world.totals().working, 1);
}

#[test]
fn jobs_of_a_lost_worker_go_back_to_the_front_without_using_a_retry() {
    let mut world = World::new();
    for jid in ["jid-00001", "jid-00002", "jid-00003"] {
        world.push(jid, "q", json!({}));
    }
    world.fetch(&["q"], "lost");
    world.fetch(&["q"], "alive");
    recover(&mut world, &["alive"]);
    assert_eq!(world.totals().working, 1);
    let again = world.fetch(&["q"], "w");
    assert_eq!(again.jid(), "jid-00001");
    assert!(again.payload.get("failure").is_none());
    world.ack("jid-00001", "lost");
    assert_eq!(world.totals().working, 2, "the job is another worker's now");
}

#[test]
fn a_worker_that_reserved_a_moment_ago_is_not_lost() {
    let mut world = World::new();
    world.push("jid-00001", "q", json!({}));
    world.fetch(&["q"], "new");
    world.pass(59);
    world.tick(Duty::RecoverLost {
        alive: Arc::default(),
    });
    assert_eq!(world.totals().working, 1);
    world.pass(1);
    world.tick(Duty::RecoverLost {
        alive: Arc::default(),
    });
    assert_eq!(world.totals().working, 0);
}

#[test]
fn connections_without_a_name_are_never_lost() {
    let mut world = World::new();
    world.push("jid-00001", "q", json!({}));
    world.fetch(&["q"], "");
    recover(&mut world, &[]);
    assert_eq!(world.totals().working, 1);
}

#[test]
fn a_job_that_loses_three_workers_in_72_hours_is_dead() {
    let mut world = World::new();
    world.push("jid-poison", "q", json!({}));
    for round in 0..3 {
        assert_eq!(world.totals().dead, 0, "round {round}");
        world.fetch(&["q"], &format!("lost-{round}"));
        recover(&mut world, &[]);
    }
    let totals = world.totals();
    assert_eq!(
        (totals.dead, totals.working, totals.queues["q"].size),
        (1, 0, 0)
    );
}

#[test]
fn recoveries_long_ago_do_not_make_a_poison_pill() {
    let mut world = World::new();
    world.push("jid-unlucky", "q", json!({}));
    for round in 0..5 {
        world.fetch(&["q"], &format!("lost-{round}"));
        recover(&mut world, &[]);
        world.pass(37 * 3_600);
    }
    assert_eq!(world.totals().dead, 0);
    assert_eq!(world.size("q"), 1);
}

#[test]
fn nobody_is_lost_during_the_grace_after_a_start() {
    let mut world = World::new();
    world.push("jid-00001", "q", json!({}));
    world.fetch(&["q"], "w");
    world.pass(60);
    world.restart();
    world.tick(Duty::RecoverLost {
        alive: Arc::default(),
    });
    assert_eq!(world.totals().working, 1);
}

#[test]
fn ends_are_forgotten_after_a_day() {
    let mut world = World::new();
    world.push("jid-00001", "q", json!({"reserve_for": 60}));
    world.fetch(&["q"], "slow");
    world.pass(130);
    world.fetch(&["q"], "");
    world.pass(25 * 3_600 - 120);
    world.push("jid-00001", "r", json!({}));
    world.fetch(&["r"], "other");
    world.ack("jid-00001", "slow");
    let totals = world.totals();
    assert_eq!(
        totals.working, 0,
        "after a day the word counts for the oldest again"
    );
}
