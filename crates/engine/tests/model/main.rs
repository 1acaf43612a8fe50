//! Random operations against a naive model of the rules.
//!
//! After each step the whole store is read and compared with the model: every job in exactly one place, in
//! the right order, with the right counts. `WORKMILL_MODEL_SEED` runs one seed, `WORKMILL_MODEL_SEEDS` and
//! `WORKMILL_MODEL_STEPS` make a run longer.

#![expect(unreachable_pub, reason = "a test binary has no readers outside of it")]
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod acts;
mod answers;
mod compare;
mod compare_features;
mod naive;
mod ops;
mod predict;
mod predict_act;
mod programs;
mod runner;
mod step;

use naive::Mutant;

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name)
        .ok()
        .and_then(|value| value.parse().ok())
        .unwrap_or(default)
}

#[test]
fn random_operations_agree_with_the_naive_model() {
    let steps = setting("WORKMILL_MODEL_STEPS", 1_000);
    let first = setting("WORKMILL_MODEL_SEED", 0);
    let count = if first == 0 {
        setting("WORKMILL_MODEL_SEEDS", 4)
    } else {
        1
    };
    let mut checked = 0;
    for seed in first..first + count {
        match runner::run(seed, steps, Mutant::None) {
            Ok(report) => checked += report.jobs_compared,
            Err(difference) => panic!("WORKMILL_MODEL_SEED={seed}: {difference}"),
        }
    }
    assert!(
        checked > 1_000,
        "only {checked} jobs were compared: the test says nothing"
    );
}

/// The canary: a model with one rule broken must be told apart from the engine, for each rule.
#[test]
fn a_broken_rule_is_noticed() {
    let goes_unnoticed =
        |mutant: &Mutant| (1..30).all(|seed| runner::run(seed, 600, *mutant).is_ok());
    let unnoticed: Vec<_> = Mutant::ALL.iter().copied().filter(goes_unnoticed).collect();
    assert!(unnoticed.is_empty(), "{unnoticed:?} went unnoticed");
}

#[test]
fn random_programs_with_crashes_leave_nothing_stuck_and_fire_nothing_twice_or_early() {
    let first = setting("WORKMILL_MODEL_SEED", 0);
    let count = if first == 0 {
        setting("WORKMILL_MODEL_SEEDS", 4) * 2
    } else {
        1
    };
    let mut callbacks_fired = 0;
    for seed in first..first + count {
        match programs::run(seed, 150) {
            Ok(report) => callbacks_fired += report.callbacks_fired,
            Err(wrong) => panic!("WORKMILL_MODEL_SEED={seed}: {wrong}"),
        }
    }
    assert!(
        callbacks_fired >= 20 * count,
        "only {callbacks_fired} callbacks fired"
    );
}
