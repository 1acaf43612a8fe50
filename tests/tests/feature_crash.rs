//! The server is killed again and again while unique jobs, batches, expiring and tracked jobs, throttles and cron entries
//! are at work: no lock is held past its time or by a job that succeeded, no batch counts wrongly or waits for ever, no slot
//! leaks, and no tick comes twice.
//!
//! `WORKMILL_CRASH_CYCLES` says how often (default 25), `WORKMILL_CRASH_SEED` what the clients do, and whether the server
//! has one thread or several first: from start to start it is the one and the other in turn.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use workmill_tests::{FeatureFleet, FeatureLedger, Server, cycles, features_config, seed};

/// Everything is run to its end after this many crashes; in between only what is under way is compared.
const CYCLES_PER_AUDIT: u32 = 5;

/// How long the server works between two crashes, in milliseconds.
const LOAD_MS: std::ops::RangeInclusive<u64> = 50..=1_600;

/// Of this many crashes, one leaves the server dead for a while.
const CYCLES_PER_DOWNTIME: u32 = 4;

/// How long that is: a tick is missed.
const DOWNTIME: Duration = Duration::from_secs(1);

fn start_again(server: &mut Server, ledger: &FeatureLedger) {
    ledger.server_starts();
    server.start_again();
}

fn kill(server: &mut Server, ledger: &FeatureLedger) {
    server.kill9();
    ledger.server_died();
}

#[test]
fn nothing_that_jobs_ask_for_goes_wrong_when_the_server_is_killed() {
    let (cycles, seed) = (cycles(25), seed());
    println!("WORKMILL_CRASH_SEED={seed}, {cycles} cycles");
    let mut rng = SmallRng::seed_from_u64(seed);
    let ledger = Arc::new(FeatureLedger::default());
    let builder = Server::builder()
        .config(&features_config())
        .threads_in_turn(seed);
    ledger.server_starts();
    let mut server = builder.start();
    for cycle in 1..=cycles {
        let name = format!("c{cycle}");
        let fleet = FeatureFleet::start(server.addr(), &ledger, &name, rng.random());
        thread::sleep(Duration::from_millis(rng.random_range(LOAD_MS)));
        kill(&mut server, &ledger);
        fleet.stop();
        if cycle % CYCLES_PER_DOWNTIME == 1 {
            thread::sleep(DOWNTIME);
        }
        start_again(&mut server, &ledger);
        if rng.random_bool(0.25) {
            // Once more, while it may still be busy with what the first crash left.
            kill(&mut server, &ledger);
            start_again(&mut server, &ledger);
        }
        ledger.resolve(&server, &mut rng);
        if cycle % CYCLES_PER_AUDIT == 0 || cycle == cycles {
            ledger.audit(&server, &name);
        }
        ledger.assert_kept(&format!("cycle {cycle}, seed {seed}"));
    }
    let checked = ledger.checked();
    println!("{checked:?}");
    let cycles = u64::from(cycles);
    let enough = [
        (checked.jobs, 100),
        (checked.reservations_kept, 2),
        (checked.locks_taken, 10),
        (checked.duplicates_refused, 10),
        (checked.locks_free, 2),
        (checked.statuses, 20),
        (checked.batches, 5),
        (checked.callbacks, 5),
        (checked.tracks, 20),
        (checked.expired, 1),
        (checked.limits_reached, 5),
    ];
    let is_enough = |(number, per_cycle)| number >= per_cycle * cycles;
    assert!(enough.into_iter().all(is_enough), "{checked:?}");
    let rare = [checked.unknown, checked.ticks, checked.ticks_caught_up];
    assert!(rare.into_iter().all(|number| number > 0), "{checked:?}");
}
