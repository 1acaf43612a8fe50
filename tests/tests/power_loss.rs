//! The machine loses power under load: every write that was not synced is gone, or any part of them. Nothing
//! acknowledged may be lost.
//!
//! The power is cut by a library that is loaded into the server (`shim/disk.c`) and notes what each write replaces
//! until the file is synced. That the tests can fail is shown by two servers that do lose jobs: one that syncs
//! rarely, and one whose syncs do nothing.
//!
//! From start to start the server has one thread and several in turn; `WORKMILL_CRASH_SEED` says which first.

use std::collections::BTreeSet;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};
use workmill_tests::{
    Client, Disk, Fleet, FleetPlan, Ledger, Loss, Lost, Server, ServerBuilder, ServerFiles,
    Threads, binary_path, cycles, job, seed,
};

/// How long the server works between two losses, in milliseconds.
const LOAD_MS: std::ops::RangeInclusive<u64> = 50..=1_200;

/// At which change of the database in a checkpoint the server is killed, at the latest. A checkpoint writes more pages.
const CHECKPOINT_CHANGES_MAX: u32 = 200;

/// Losses after which every job is looked for; in between only numbers are compared.
const CYCLES_PER_AUDIT: u32 = 4;

/// ACKs that have to be answered before power is lost: on a busy machine the load alone says nothing about how many were.
const ACKS_MIN: u64 = 25;

/// How long they may take.
const LOAD_WITHIN: Duration = Duration::from_secs(60);

/// A server on a disk that can lose power, and what its clients know.
struct Machine {
    disk: Disk,
    server: Server,
    ledger: Arc<Ledger>,
    rng: SmallRng,
    seed: u64,
    lost: Lost,
}

/// Puts a server onto a disk of some kind.
type Carry = fn(&Disk, ServerBuilder) -> ServerBuilder;

impl Machine {
    fn new(durability: &str, carry: Carry) -> Self {
        let seed = seed();
        println!("WORKMILL_CRASH_SEED={seed}, durability {durability}");
        let files = ServerFiles::new();
        let disk = Disk::under(&files);
        let builder = Server::builder()
            .files(files)
            .config_file("40-durability.toml", durability)
            .threads_in_turn(seed);
        Self {
            server: carry(&disk, builder).start(),
            disk,
            ledger: Arc::new(Ledger::default()),
            rng: SmallRng::seed_from_u64(seed),
            seed,
            lost: Lost::default(),
        }
    }

    fn fleet(&mut self, name: &str, plan: FleetPlan) -> Fleet {
        Fleet::start(
            self.server.addr(),
            &self.ledger,
            plan,
            name,
            self.rng.random(),
        )
    }

    /// Some load, and a loss of power in the middle of it; sometimes another one as soon as the server is back.
    fn lose_power_under_load(&mut self, name: &str, loss: Loss) {
        let acks_before = self.ledger.checked().acks_kept;
        let fleet = self.fleet(name, FleetPlan::default());
        thread::sleep(Duration::from_millis(self.rng.random_range(LOAD_MS)));
        let until = Instant::now() + LOAD_WITHIN;
        while self.ledger.checked().acks_kept < acks_before + ACKS_MIN && Instant::now() < until {
            thread::sleep(Duration::from_millis(5));
        }
        self.server.kill9();
        fleet.stop();
        self.come_back(loss);
        if self.rng.random_bool(0.25) {
            self.server.kill9();
            self.come_back(loss);
        }
    }

    /// The server is dead; power is lost, and returns.
    fn come_back(&mut self, loss: Loss) {
        let lost = self.disk.lose_power(loss, &mut self.rng);
        self.lost.changes += lost.changes;
        self.lost.kept += lost.kept;
        self.lost.names += lost.names;
        self.server.start_again();
    }

    fn check_info(&mut self) {
        self.ledger.check_info(&mut self.server.client());
    }

    fn audit(&mut self) {
        self.ledger.audit(&mut self.server.client());
    }
}

fn lose_power_again_and_again(carry: Carry, loss: Loss, cycles: u32) {
    let mut machine = Machine::new(ALWAYS, carry);
    for cycle in 1..=cycles {
        machine.lose_power_under_load(&format!("c{cycle}"), loss);
        machine.check_info();
        if cycle % CYCLES_PER_AUDIT == 0 || cycle == cycles {
            machine.audit();
        }
        machine
            .ledger
            .assert_kept(&format!("cycle {cycle}, {loss:?}, seed {}", machine.seed));
    }
    let checked = machine.ledger.checked();
    println!("{checked:?}, {:?}", machine.lost);
    let cycles = u64::from(cycles);
    assert!(checked.pushes_kept >= 50 * cycles, "{checked:?}");
    assert!(checked.acks_kept >= ACKS_MIN * cycles, "{checked:?}");
    assert!(checked.fails_kept >= 5 * cycles, "{checked:?}");
    assert!(checked.numbers >= 4 * cycles, "{checked:?}");
    assert!(
        machine.lost.changes > 0,
        "no loss took anything: {:?}",
        machine.lost
    );
    if loss != Loss::Everything {
        assert!(
            machine.lost.kept > 0,
            "every loss took everything: {:?}",
            machine.lost
        );
    }
}

const ALWAYS: &str = "[storage]\ndurability = \"always\"\n";

#[test]
fn nothing_acknowledged_is_lost_with_everything_that_was_not_synced() {
    lose_power_again_and_again(Disk::carry, Loss::Everything, cycles(10));
}

#[test]
fn nothing_acknowledged_is_lost_with_the_last_writes() {
    lose_power_again_and_again(Disk::carry, Loss::Tail, cycles(6));
}

#[test]
fn nothing_acknowledged_is_lost_with_any_part_of_what_was_not_synced() {
    lose_power_again_and_again(Disk::carry, Loss::Scattered, cycles(10));
}

/// A server whose syncs are slow makes them in another thread, and commits on meanwhile.
#[test]
fn nothing_acknowledged_is_lost_by_a_server_that_commits_while_it_syncs() {
    lose_power_again_and_again(Disk::carry_slow, Loss::Everything, cycles(4));
    lose_power_again_and_again(Disk::carry_slow, Loss::Scattered, cycles(4));
}

/// Two cycles with each loss, so that a server with one thread meets both, and one with several too.
fn loss_of_cycle(cycle: u32) -> Loss {
    [Loss::Scattered, Loss::Everything][cycle as usize / 2 % 2]
}

/// The database itself is written only while the log is copied into it, so that random moments hardly ever meet it.
#[test]
fn nothing_acknowledged_is_lost_in_the_middle_of_a_checkpoint() {
    let mut machine = Machine::new(ALWAYS, Disk::carry);
    for cycle in 1..=cycles(6) {
        let fleet = machine.fleet(&format!("c{cycle}"), FleetPlan::default());
        machine
            .disk
            .kill_at_change(machine.rng.random_range(1..=CHECKPOINT_CHANGES_MAX));
        let ended = machine.server.wait_exit();
        assert!(!ended.status.success(), "{}", ended.log);
        fleet.stop();
        machine.disk.spare();
        machine.come_back(loss_of_cycle(cycle));
        machine.check_info();
        machine.audit();
        machine
            .ledger
            .assert_kept(&format!("cycle {cycle}, seed {}", machine.seed));
    }
    assert!(
        machine.lost.changes > 0 && machine.lost.kept > 0,
        "{:?}",
        machine.lost
    );
}

/// What the kernel failed to write it may forget, so nothing can be promised any more: nobody is answered, the server
/// ends, and a new one finds what had been promised before.
#[test]
fn failed_sync_ends_the_server_and_loses_nothing_acknowledged() {
    let mut machine = Machine::new(ALWAYS, Disk::carry);
    // Commands that come when the end has begun are refused, and so must not have happened.
    let plan = FleetPlan {
        errors_expected: true,
        ..FleetPlan::default()
    };
    for cycle in 1..=cycles(3) {
        let fleet = machine.fleet(&format!("c{cycle}"), plan);
        thread::sleep(Duration::from_millis(machine.rng.random_range(LOAD_MS)));
        machine.disk.fall_sick();
        let ended = machine.server.wait_exit();
        assert!(
            ended.status.code().is_some_and(|code| code != 0),
            "{:?}\n{}",
            ended.status,
            ended.log
        );
        assert!(!ended.log.contains("panicked"), "{}", ended.log);
        fleet.stop();
        machine.disk.heal();
        machine.come_back(loss_of_cycle(cycle));
        machine.check_info();
        machine.audit();
        machine
            .ledger
            .assert_kept(&format!("cycle {cycle}, seed {}", machine.seed));
    }
    let checked = machine.ledger.checked();
    assert!(
        checked.pushes_kept > 0 && checked.acks_kept > 0,
        "{checked:?}"
    );
}

/// The power goes while the server makes its database, or right after the first job.
#[test]
fn first_start_can_be_cut_short_at_any_moment() {
    let seed = seed();
    println!("WORKMILL_CRASH_SEED={seed}");
    let mut rng = SmallRng::seed_from_u64(seed);
    for round in 0..cycles(20) {
        let threads = Threads::in_turn(seed.wrapping_add(u64::from(round)));
        let files = ServerFiles::new();
        let disk = Disk::under(&files);
        start_and_kill(
            &files,
            &disk,
            threads,
            Duration::from_millis(rng.random_range(0..60)),
        );
        let loss = [Loss::Everything, Loss::Tail, Loss::Scattered][round as usize % 3];
        disk.lose_power(loss, &mut rng);
        let builder = Server::builder().files(files).threads(threads);
        let mut server = disk.carry(builder).start();
        server.client().push(&job("jid-first", "q"));
        server.kill9();
        disk.lose_power(Loss::Everything, &mut rng);
        server.start_again();
        assert_eq!(server.client().fetch_jid("q"), "jid-first", "round {round}");
    }
}

/// Starts a server and kills it after this time, whether it is ready or not.
fn start_and_kill(files: &ServerFiles, disk: &Disk, threads: Threads, after: Duration) {
    let mut child = Command::new(binary_path())
        .args(["-b", "127.0.0.1:0", "-w", ":0", "-d"])
        .arg(files.storage_dir())
        .arg("-c")
        .arg(files.config_dir())
        .env("HOME", files.home_dir())
        .envs(disk.environment())
        .envs([threads.environment()])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("start the server");
    thread::sleep(after);
    child.kill().expect("kill the server");
    child.wait().expect("wait for the server");
}

/// How often a canary may lose power until the ledger sees a loss: a checkpoint just before it syncs too, and then
/// what is missing can hide behind what was under way.
const CANARY_LOSSES_MAX: u32 = 5;

/// Whether the ledger sees that acknowledged jobs are gone after a loss of power.
fn a_loss_shows(durability: &str, carry: Carry) -> bool {
    (0..CANARY_LOSSES_MAX).any(|_| {
        let mut machine = Machine::new(durability, carry);
        machine.lose_power_under_load("c1", Loss::Everything);
        machine.check_info();
        !machine.ledger.violations().is_empty()
    })
}

/// Canary: acknowledged jobs of the last seconds are lost, and the ledger sees it.
#[test]
fn loss_of_power_shows_when_syncs_are_rare() {
    let rare = "[storage]\ndurability = \"interval\"\ninterval_ms = 10000\n";
    assert!(
        a_loss_shows(rare, Disk::carry),
        "a server that had not synced lost nothing"
    );
}

/// Canary: the same with a server that syncs, and a disk that does not.
#[test]
fn loss_of_power_shows_when_the_disk_lies() {
    assert!(
        a_loss_shows(ALWAYS, Disk::carry_lying),
        "a disk that never synced lost nothing"
    );
}

/// What an interval may cost are the last commits, never the sense of what is left: no job is in two places, none is
/// torn, and every job that is counted can be fetched.
#[test]
fn what_survives_rare_syncs_is_whole() {
    let mut machine = Machine::new(
        "[storage]\ndurability = \"interval\"\ninterval_ms = 20\n",
        Disk::carry,
    );
    let mut survivors = 0;
    for cycle in 1..=cycles(5) {
        let name = format!("c{cycle}");
        machine.lose_power_under_load(&name, Loss::Scattered);
        let mut client = machine.server.client();
        survivors += drain_whole(
            &mut client,
            &format!("cycle {cycle}, seed {}", machine.seed),
        );
        client.ok("FLUSH");
        machine.ledger = Arc::default();
    }
    assert!(
        survivors > 0 && machine.lost.changes > 0,
        "{survivors} jobs, {:?}",
        machine.lost
    );
}

/// Fetches everything that is not reserved; returns how many jobs that were.
fn drain_whole(client: &mut Client, context: &str) -> usize {
    let sizes = client.info()["faktory"].clone();
    let sum = |sizes: &Value| {
        sizes
            .as_object()
            .expect("sizes")
            .values()
            .filter_map(Value::as_u64)
            .sum::<u64>()
    };
    let working = sizes["sets"]["working"].as_u64().expect("a size");
    let waiting = sum(&sizes["queues"]) + sum(&sizes["sets"]) - working;
    let mut seen = BTreeSet::new();
    for set in ["retries", "scheduled", "dead"] {
        client.ok(format!(
            "MUTATE {}",
            json!({"cmd": "requeue", "target": set})
        ));
    }
    while sum(&client.info()["faktory"]["queues"]) > 0 {
        let jid = client.fetch_jid("critical default bulk low");
        client.ack(&jid);
        assert!(seen.insert(jid.clone()), "{context}: {jid} was there twice");
    }
    assert_eq!(
        seen.len() as u64,
        waiting,
        "{context}: jobs fetched, and those counted"
    );
    assert_eq!(
        client.task_size("Busy"),
        working,
        "{context}: jobs under reservation"
    );
    seen.len()
}
