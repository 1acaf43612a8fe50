//! TRACK SET with `reserve_until`: a worker keeps its job for longer.

use std::sync::Arc;

use serde_json::json;
use workmill_engine::{Op, Outcome, Request, TrackOp};
use workmill_proto::{Command, parse_command};
use workmill_store::TrackState::{Failed, Success, Working};
use workmill_store::fault::CommitFault;

use super::{assert_state, world_of_one};
use crate::world::World;

/// Asks for a reservation until so many seconds from now.
fn reserve(world: &mut World, secs: i64, wid: &str) -> Outcome {
    let until = world.now.plus_secs(secs).to_string();
    let update = json!({"jid": "jid-00001", "percent": 7, "reserve_until": until});
    world.track(&format!("SET {update}"), wid)
}

#[test]
fn a_reservation_is_lengthened_also_over_a_restart() {
    let mut world = world_of_one(json!({"reserve_for": 60}));
    world.fetch(&["q"], "w");
    assert!(matches!(reserve(&mut world, 300, "w"), Outcome::Ok));
    world.pass(100);
    world.restart();
    world.pass(198);
    assert_state(&mut world, Working);
    world.pass(3);
    assert_state(&mut world, Failed);
    assert_eq!(world.totals().retries, 1);
}

#[test]
fn a_job_whose_reservation_was_lengthened_can_fail_after_a_restart() {
    let mut world = world_of_one(json!({"reserve_for": 60}));
    world.fetch(&["q"], "w");
    assert!(matches!(reserve(&mut world, 300, "w"), Outcome::Ok));
    world.restart();
    world.pass(200);
    world.fail("jid-00001", "w");
    assert_eq!(world.totals().retries, 1);
}

#[test]
fn a_reservation_is_never_shortened() {
    for secs in [-3_600, 0, 1, 59] {
        let mut world = world_of_one(json!({"reserve_for": 120}));
        world.fetch(&["q"], "w");
        assert!(matches!(reserve(&mut world, secs, "w"), Outcome::Ok));
        world.pass(119);
        assert_state(&mut world, Working);
        world.pass(2);
        assert_state(&mut world, Failed);
    }
}

#[test]
fn a_reservation_is_lengthened_by_a_day_at_most() {
    for secs in [86_399, 86_400, 86_401, 50 * 365 * 86_400] {
        let mut world = world_of_one(json!({}));
        world.fetch(&["q"], "w");
        for _ in 0..2 {
            assert!(matches!(reserve(&mut world, secs, "w"), Outcome::Ok));
            let track = world.tracked("jid-00001").unwrap();
            assert_eq!(track.percent, Some(7), "all else is done too");
            world.pass(86_398);
            assert_eq!(world.totals().working, 1, "{secs}: again for a day");
        }
        world.pass(3);
        assert_eq!(world.totals().working, 0, "{secs}");
    }
}

#[test]
fn without_a_reservation_all_else_of_an_update_is_kept() {
    let noted = |world: &mut World, wid: &str, percent: i64| {
        for secs in [300, 86_401] {
            let until = world.now.plus_secs(secs).to_string();
            let update = json!({"jid": "jid-00001", "percent": percent, "desc": wid, "reserve_until": until});
            world.set_track(&update, wid);
        }
        let track = world.tracked("jid-00001").unwrap();
        assert_eq!(track.percent, Some(percent));
        assert_eq!(track.desc.as_deref(), Some(wid));
    };
    let mut world = world_of_one(json!({"reserve_for": 60}));
    noted(&mut world, "early", 1);
    world.fetch(&["q"], "slow");
    world.pass(62);
    assert_state(&mut world, Failed);
    noted(&mut world, "slow", 2);
    world.pass(62);
    world.fetch(&["q"], "quick");
    noted(&mut world, "slow", 3);
    world.pass(62);
    assert_eq!(world.totals().retries, 1, "what others sent moved its end");
    world.pass(100);
    world.fetch(&["q"], "last");
    world.ack("jid-00001", "last");
    noted(&mut world, "last", 4);
    assert_state(&mut world, Success);
}

#[test]
fn a_job_need_not_be_tracked_for_a_longer_reservation() {
    let mut world = World::new();
    world.push("jid-00001", "q", json!({"reserve_for": 60}));
    world.fetch(&["q"], "w");
    assert!(matches!(reserve(&mut world, 300, ""), Outcome::Ok));
    world.pass(299);
    assert_eq!(world.totals().working, 1);
    world.ack("jid-00001", "w");
    assert_eq!(world.totals().counts.processed, 1);
}

#[test]
fn a_reservation_lengthened_by_a_group_that_fails_ends_when_it_would_have() {
    let mut world = world_of_one(json!({"reserve_for": 60}));
    world.fetch(&["q"], "w");
    world.faults.fail_commit(CommitFault::Full);
    let until = world.now.plus_secs(300).to_string();
    let line = json!({"jid": "jid-00001", "reserve_until": until});
    let op = match parse_command(format!("TRACK SET {line}").as_bytes()) {
        Ok(Command::Track(command)) => Op::Track(Arc::new(TrackOp {
            command,
            wid: "w".into(),
        })),
        other => panic!("{other:?}"),
    };
    let ticket = world.next_ticket();
    let request = [Request { ticket, op }];
    world.try_slice(&request, true).unwrap_err();
    world.pass(62);
    assert_state(&mut world, Failed);
}
