//! TRACK SET with `reserve_until`: a worker keeps its job for longer.

use std::sync::Arc;

use serde_json::json;
use workmill_engine::{Op, Outcome, Request, TrackOp};
use workmill_proto::{Command, parse_command};
use workmill_store::TrackState::{Failed, Working};
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
fn there_must_be_a_reservation_to_lengthen() {
    let wanted = "there is no reservation for job jid-00001: reserve_until cannot be kept";
    let refused = |world: &mut World, wid: &str| {
        for secs in [60, 86_401] {
            match reserve(world, secs, wid) {
                Outcome::Refused(error) => assert_eq!(error.text, wanted),
                other => panic!("{other:?}"),
            }
        }
    };
    let mut world = world_of_one(json!({"reserve_for": 60}));
    refused(&mut world, "w");
    assert_eq!(world.tracked("jid-00001").unwrap().percent, None);
    world.fetch(&["q"], "slow");
    world.pass(130);
    refused(&mut world, "slow");
    world.fetch(&["q"], "quick");
    refused(&mut world, "slow");
    world.ack("jid-00001", "quick");
    refused(&mut world, "quick");
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
