//! Servers on one database are killed, frozen and cut off from it again and again under load; nothing that was acknowledged may
//! be lost, come back, or be in two places, and clients of a server that lives see no error.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use nix::sys::signal::Signal;
use rand::rngs::SmallRng;
use rand::{Rng as _, SeedableRng as _};
use workmill_tests::{Fleet, FleetPlan, Ledger, cycles, seed};

use super::fixture::Members;

/// Losses for every 25 cycles that are asked for.
const CYCLES: u32 = 8;

const LOAD_MS: std::ops::RangeInclusive<u64> = 200..=1_200;

#[test]
fn nothing_acknowledged_is_lost_and_clients_see_no_error_whichever_server_dies() {
    let (cycles, seed) = (cycles(CYCLES), seed());
    println!("WORKMILL_CRASH_SEED={seed}, {cycles} cycles");
    let mut rng = SmallRng::seed_from_u64(seed);
    let ledger = Arc::new(Ledger::default());
    let mut members = Members::start("crash", 3);
    // Its clients are watched, so it lives.
    let door = members.follower();
    let addr = members.servers[door].addr();
    let fleet = Fleet::start(addr, &ledger, FleetPlan::default(), "c", rng.random());
    for _ in 0..cycles {
        thread::sleep(Duration::from_millis(rng.random_range(LOAD_MS)));
        disturb(&mut members, door, &mut rng);
    }
    thread::sleep(Duration::from_millis(500));
    fleet.stop();
    println!("epoch {}", members.epoch());
    let mut client = members.servers[door].client();
    ledger.assert_all_answered_and_kept(&mut client, &format!("seed {seed}"));
}

/// Does something to the server that leads, or to its database, and waits until one leads again.
fn disturb(members: &mut Members, door: usize, rng: &mut SmallRng) {
    let (epoch, leader) = (members.epoch(), members.leader());
    match rng.random_range(0..4) {
        0 => members.end_sessions(),
        1 => {
            let server = &members.servers[leader];
            server.signal(Signal::SIGSTOP);
            thread::sleep(Duration::from_millis(rng.random_range(500..3_500)));
            server.signal(Signal::SIGCONT);
            return;
        }
        // The clients of the one that lives are not to lose it.
        _ if leader == door => members.end_sessions(),
        _ => {
            members.kill(leader);
            members.start_again(leader);
            return;
        }
    }
    members.wait_for_epoch_after(epoch);
}
