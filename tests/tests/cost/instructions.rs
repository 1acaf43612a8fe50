//! Instructions per job of protocol, engine and store.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

use crate::figure::{Figure, Tolerance, check};
use crate::profile::Instructions;

// Instructions per job, as measured on 2026-11-26, `ALONE` on 2026-11-28. The workloads are described in
// crates/engine/examples/job_cost.
const PROTOCOL: u64 = 14_500;
const ALONE: u64 = 129_000;
const TOGETHER: u64 = 40_400;
const BULK: u64 = 14_700;

/// Of those of `TOGETHER`, what history costs, as measured on 2026-11-30: 1 %. At most 3 % were asked for. What is written of it
/// every ten seconds, whatever the number of jobs, is not in it.
const HISTORY: u64 = 460;

/// Another C compiler or C library makes the difference.
const TOLERANCE: Tolerance = Tolerance {
    percent: 10,
    absolute: 0,
};

const TITLE: &str = "Instructions per job";

/// The jobs of a run whose instructions are taken off: start and end of the program, and what is done once.
const JOBS_BEFORE: u64 = 1_000;

/// The jobs that are counted.
const JOBS: u64 = 1_000;

/// Where the workload keeps its files, if it is there: in memory. On a disk that is busy the log gets longer before it is copied, and
/// looking something up in a longer log takes more instructions.
const MEMORY: &str = "/dev/shm";

fn check_workload(workload: &str, what: &'static str, committed: u64) {
    let measured = per_job(workload).all;
    check(TITLE, &[figure(what, committed, measured)]);
}

fn figure(what: &'static str, committed: u64, measured: u64) -> Figure {
    Figure {
        what,
        committed,
        measured,
        tolerance: TOLERANCE,
    }
}

fn per_job(workload: &str) -> Instructions {
    let before = instructions(workload, JOBS_BEFORE);
    (instructions(workload, JOBS_BEFORE + JOBS) - before).per(JOBS)
}

fn instructions(workload: &str, jobs: u64) -> Instructions {
    let dir = TempDir::with_prefix_in("workmill-test-", MEMORY)
        .or_else(|_| TempDir::with_prefix("workmill-test-"))
        .expect("make a temporary directory");
    let profile = dir.path().join("callgrind.out");
    let mut command = Command::new("valgrind");
    command
        .arg("--tool=callgrind")
        // The thread that copies the log takes turns with the other one, or when it copies would be chance.
        .arg("--fair-sched=yes")
        .arg(format!("--callgrind-out-file={}", profile.display()))
        .arg(driver_path())
        .args([workload, &jobs.to_string()])
        .env("TMPDIR", dir.path());
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("cannot start valgrind, which this test needs: {error}"));
    assert!(
        output.status.success(),
        "{command:?} failed:\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let profile = fs::read_to_string(profile).expect("read what callgrind has counted");
    Instructions::parse(&profile)
}

/// The release build of the example `job_cost`, beside the folder of the profile of this test.
fn driver_path() -> PathBuf {
    let test = std::env::current_exe().expect("know the path of the test executable");
    let target_dir = test
        .ancestors()
        .nth(3)
        .expect("a test executable lies in target/<profile>/deps");
    let path = target_dir.join("release/examples/job_cost");
    assert!(
        path.exists(),
        "there is no {}: run `cargo build --release -p workmill-engine --example job_cost`",
        path.display()
    );
    path
}

#[test]
fn protocol_takes_no_more_instructions_than_committed() {
    check_workload("protocol", "protocol alone", PROTOCOL);
}

#[test]
fn jobs_in_groups_of_their_own_take_no_more_instructions_than_committed() {
    check_workload("alone", "one command a group", ALONE);
}

#[test]
fn jobs_that_share_groups_take_no_more_instructions_than_committed() {
    let measured = per_job("together");
    let all = figure("48 commands a group", TOGETHER, measured.all);
    let of_history = figure("of them for history", HISTORY, measured.of_history);
    check(TITLE, &[all, of_history]);
}

#[test]
fn bulk_takes_no_more_instructions_than_committed() {
    check_workload("bulk", "PUSHB", BULK);
}
