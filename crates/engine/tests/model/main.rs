//! Random operations against a naive model of the rules.
//!
//! After each step the whole store is read and compared with the model: every job in exactly one place, in
//! the right order, with the right counts. `WORKMILL_MODEL_SEED` runs one seed, `WORKMILL_MODEL_SEEDS` and
//! `WORKMILL_MODEL_STEPS` make a run longer.

#![expect(unreachable_pub, reason = "a test binary has no readers outside of it")]
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod acts;
mod answers;
mod backing;
mod compare;
mod compare_features;
mod naive;
mod ops;
mod predict;
mod predict_act;
mod programs;
mod runner;
mod step;

use std::ops::Range;

use backing::Backing;
use naive::Mutant;
use tempfile::TempDir;
use workmill_store::memory::MemoryDisk;

/// How many seeds a run has, if the settings do not say.
const SEEDS: u64 = 4;

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name)
        .ok()
        .and_then(|value| value.parse().ok())
        .unwrap_or(default)
}

/// The seeds to run: `default` ones, or as many times as many as the settings want, or the one they name.
fn seeds(default: u64) -> Range<u64> {
    match setting("WORKMILL_MODEL_SEED", 0) {
        0 => 0..default * setting("WORKMILL_MODEL_SEEDS", SEEDS) / SEEDS,
        seed => seed..seed + 1,
    }
}

fn agree_with_the_naive_model<B: Backing>(seeds: Range<u64>) {
    let steps = setting("WORKMILL_MODEL_STEPS", 1_000);
    let mut checked = 0;
    for seed in seeds {
        match runner::run::<B>(seed, steps, Mutant::None) {
            Ok(report) => checked += report.jobs_compared,
            Err(difference) => panic!("WORKMILL_MODEL_SEED={seed}: {difference}"),
        }
    }
    assert!(
        checked > 1_000,
        "only {checked} jobs were compared: the test says nothing"
    );
}

#[test]
fn random_operations_agree_with_the_naive_model() {
    agree_with_the_naive_model::<MemoryDisk>(seeds(SEEDS));
}

#[test]
fn random_operations_on_sqlite_agree_with_the_naive_model() {
    agree_with_the_naive_model::<TempDir>(seeds(SEEDS / 2));
}

/// The canary: a model with one rule broken must be told apart from the engine, for each rule.
#[test]
fn a_broken_rule_is_noticed() {
    let goes_unnoticed =
        |mutant: &Mutant| (1..30).all(|seed| runner::run::<MemoryDisk>(seed, 600, *mutant).is_ok());
    let unnoticed: Vec<_> = Mutant::ALL.iter().copied().filter(goes_unnoticed).collect();
    assert!(unnoticed.is_empty(), "{unnoticed:?} went unnoticed");
}

fn leave_nothing_stuck<B: Backing>(seeds: Range<u64>) {
    let count = seeds.end - seeds.start;
    let mut callbacks_fired = 0;
    for seed in seeds {
        match programs::run::<B>(seed, 150) {
            Ok(report) => callbacks_fired += report.callbacks_fired,
            Err(wrong) => panic!("WORKMILL_MODEL_SEED={seed}: {wrong}"),
        }
    }
    assert!(
        callbacks_fired >= 20 * count,
        "only {callbacks_fired} callbacks fired"
    );
}

#[test]
fn random_programs_with_crashes_leave_nothing_stuck_and_fire_nothing_twice_or_early() {
    leave_nothing_stuck::<MemoryDisk>(seeds(SEEDS * 2));
}

#[test]
fn random_programs_on_sqlite_leave_nothing_stuck_either() {
    leave_nothing_stuck::<TempDir>(seeds(SEEDS / 2));
}
