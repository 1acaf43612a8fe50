//! Servers of a cluster are killed again and again under load; nothing that was acknowledged may be lost, come back, or be in
//! two places, and clients of servers that live see no error.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use rand::rngs::SmallRng;
use rand::{Rng as _, SeedableRng as _};
use workmill_tests::{Cluster, Fleet, FleetPlan, Ledger, cycles, seed};

/// Deaths of the leader and of followers, each, for every 25 cycles that are asked for.
const CYCLES: u32 = 6;

const LOAD_MS: std::ops::RangeInclusive<u64> = 200..=1_200;

#[test]
fn clients_of_a_follower_lose_nothing_and_see_no_error_when_the_leader_is_killed() {
    let (cycles, seed) = (cycles(CYCLES), seed());
    println!("WORKMILL_CRASH_SEED={seed}, {cycles} cycles");
    let mut rng = SmallRng::seed_from_u64(seed);
    let ledger = Arc::new(Ledger::default());
    let mut cluster = Cluster::start();
    let follower = cluster.follower().start();
    let fleet = Fleet::start(
        follower.addr(),
        &ledger,
        FleetPlan::default(),
        "c",
        rng.random(),
    );
    for _ in 0..cycles {
        thread::sleep(Duration::from_millis(rng.random_range(LOAD_MS)));
        match rng.random_range(0..3) {
            0 => cluster.relay.cut(),
            _ => cluster.crash_leader(),
        }
    }
    thread::sleep(Duration::from_millis(500));
    fleet.stop();
    let mut client = cluster.leader.client();
    ledger.assert_all_answered_and_kept(&mut client, &format!("seed {seed}"));
}

/// The workers are the leader's: what one of a follower has said as that died may be lost with the follower's word that it has
/// the job, which then goes back as if it never had it.
#[test]
fn nothing_acknowledged_is_lost_when_followers_are_killed() {
    let (cycles, seed) = (cycles(CYCLES), seed());
    println!("WORKMILL_CRASH_SEED={seed}, {cycles} cycles");
    let mut rng = SmallRng::seed_from_u64(seed);
    let ledger = Arc::new(Ledger::default());
    let cluster = Cluster::start();
    let workers = FleetPlan {
        producers: 0,
        ..FleetPlan::default()
    };
    let leader = cluster.leader.addr();
    let workers = Fleet::start(leader, &ledger, workers, "w", rng.random());
    let producers = FleetPlan {
        workers: 0,
        ..FleetPlan::default()
    };
    for cycle in 1..=cycles {
        let mut follower = cluster.follower().start();
        let (addr, name) = (follower.addr(), format!("c{cycle}"));
        let fleet = Fleet::start(addr, &ledger, producers, &name, rng.random());
        thread::sleep(Duration::from_millis(rng.random_range(LOAD_MS)));
        let mark = cluster.leader.log().mark();
        follower.kill9();
        fleet.stop();
        cluster
            .leader
            .wait_for_log_after(mark, "the link of a server is broken");
    }
    workers.stop();
    ledger.check_info(&mut cluster.leader.client());
    ledger.audit(&mut cluster.leader.client());
    ledger.assert_kept(&format!("seed {seed}"));
    let checked = ledger.checked();
    println!("{checked:?}");
    assert!(checked.pushes_kept >= 100, "{checked:?}");
    assert!(
        checked.pushes_unknown > 0,
        "no death met a command on its way: {checked:?}"
    );
}
