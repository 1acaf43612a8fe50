//! The server is killed or stopped again and again under load; nothing it acknowledged may be lost, come back, or be in
//! two places.
//!
//! `WORKMILL_CRASH_CYCLES` says how often (default 25), `WORKMILL_CRASH_SEED` what the clients do, and whether the server
//! has one thread or several first: from start to start it is the one and the other in turn.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use workmill_tests::{Fleet, FleetPlan, Ledger, Server, cycles, seed};

/// Every job is looked for after this many crashes; in between only numbers are compared.
const CYCLES_PER_AUDIT: u32 = 5;

/// Crashes in the mode that is not the default, for every 25 in the other.
const INTERVAL_CYCLES: u32 = 8;

/// Stops, for every 25 crashes.
const STOP_CYCLES: u32 = 8;

/// How long the server works between two crashes, in milliseconds.
const LOAD_MS: std::ops::RangeInclusive<u64> = 50..=1_600;

fn crash_again_and_again(durability: &str, cycles: u32) {
    let seed = seed();
    println!("WORKMILL_CRASH_SEED={seed}, {cycles} cycles, durability {durability}");
    let mut rng = SmallRng::seed_from_u64(seed);
    let ledger = Arc::new(Ledger::default());
    let mut server = Server::builder()
        .durability(durability)
        .threads_in_turn(seed)
        .start();
    for cycle in 1..=cycles {
        let fleet = Fleet::start(
            server.addr(),
            &ledger,
            FleetPlan::default(),
            &format!("c{cycle}"),
            rng.random(),
        );
        thread::sleep(Duration::from_millis(rng.random_range(LOAD_MS)));
        server.kill9();
        fleet.stop();
        server.start_again();
        if rng.random_bool(0.25) {
            // Once more, while it may still be busy with what the first crash left.
            server.kill9();
            server.start_again();
        }
        ledger.check_info(&mut server.client());
        if cycle % CYCLES_PER_AUDIT == 0 || cycle == cycles {
            ledger.audit(&mut server.client());
        }
        ledger.assert_kept(&format!(
            "cycle {cycle}, seed {seed}, durability {durability}"
        ));
    }
    let checked = ledger.checked();
    println!("{checked:?}");
    let cycles = u64::from(cycles);
    assert!(checked.pushes_kept >= 100 * cycles, "{checked:?}");
    assert!(checked.acks_kept >= 50 * cycles, "{checked:?}");
    assert!(checked.fails_kept >= 10 * cycles, "{checked:?}");
    assert!(checked.reservations_kept >= cycles, "{checked:?}");
    assert!(checked.numbers >= 4 * cycles, "{checked:?}");
    let unknown = [
        checked.pushes_unknown,
        checked.acks_unknown,
        checked.fails_unknown,
        checked.fetches_unknown,
    ];
    assert!(
        unknown.iter().all(|unknown| *unknown > 0),
        "no crash met a command on its way: {checked:?}"
    );
    assert_eq!(checked.pushes_refused, 0);
}

#[test]
fn nothing_acknowledged_is_lost_when_the_server_is_killed() {
    crash_again_and_again("always", cycles(25));
}

#[test]
fn death_of_the_process_loses_nothing_with_interval_durability_either() {
    crash_again_and_again("interval", cycles(INTERVAL_CYCLES));
}

/// A stop leaves no job in the hands of nobody, and nothing else to put in order.
#[test]
fn nothing_acknowledged_is_lost_when_the_server_is_stopped_under_load() {
    let (cycles, seed) = (cycles(STOP_CYCLES), seed());
    println!("WORKMILL_CRASH_SEED={seed}, {cycles} cycles");
    let mut rng = SmallRng::seed_from_u64(seed);
    let ledger = Arc::new(Ledger::default());
    let mut server = Server::builder().threads_in_turn(seed).start();
    // Commands that come when the end has begun are refused, and so must not have happened.
    let plan = FleetPlan {
        errors_expected: true,
        ..FleetPlan::default()
    };
    for cycle in 1..=cycles {
        let name = format!("c{cycle}");
        let fleet = Fleet::start(server.addr(), &ledger, plan, &name, rng.random());
        thread::sleep(Duration::from_millis(rng.random_range(LOAD_MS)));
        let ended = server.stop();
        fleet.stop();
        assert!(
            ended.status.success() && !ended.log.contains("ERROR"),
            "{}\n{}",
            ended.status,
            ended.log
        );
        server.start_again();
        ledger.check_info(&mut server.client());
        ledger.audit(&mut server.client());
        ledger.assert_kept(&format!("cycle {cycle}, seed {seed}"));
    }
    let checked = ledger.checked();
    println!("{checked:?}");
    let cycles = u64::from(cycles);
    assert!(checked.pushes_kept >= 50 * cycles, "{checked:?}");
    assert!(checked.acks_kept >= 25 * cycles, "{checked:?}");
}
