//! How long a failed job waits before it is tried again.

use rand::Rng;
use workmill_proto::limits::RETRY_DELAY_SECS_MAX;
use workmill_proto::{BackOff, BackOffFormula, BackOffKind};

/// The delay after a job has failed `failures_before` times and then once more, in seconds.
pub(crate) fn delay_secs(back_off: &BackOff, failures_before: u32) -> i64 {
    match back_off {
        BackOff::Delays(delays) => {
            let index = usize::try_from(failures_before).unwrap_or(usize::MAX);
            delays.get(index).or(delays.last()).copied().unwrap_or(0)
        }
        BackOff::Formula(formula) => formula_delay_secs(*formula, failures_before),
    }
}

/// Faktory's formula, for a job without a back-off of its own: `count⁴ + 15 + rand(0..29) × (count + 1)` seconds.
pub(crate) fn faktory_delay_secs(failures_before: u32, rng: &mut impl Rng) -> i64 {
    let count = i64::from(failures_before);
    let jitter = rng.random_range(0..30_i64).saturating_mul(count + 1);
    count
        .saturating_pow(4)
        .saturating_add(15)
        .saturating_add(jitter)
        .min(RETRY_DELAY_SECS_MAX)
}

fn formula_delay_secs(formula: BackOffFormula, failures_before: u32) -> i64 {
    let BackOffFormula {
        kind,
        base_secs,
        max_secs,
    } = formula;
    let count = i64::from(failures_before);
    let delay = match kind {
        BackOffKind::Exponential => {
            base_secs.saturating_mul(2_i64.saturating_pow(failures_before.min(62)))
        }
        BackOffKind::Linear => base_secs.saturating_mul(count + 1),
        BackOffKind::Constant => base_secs,
    };
    delay.min(max_secs.unwrap_or(RETRY_DELAY_SECS_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand::rngs::SmallRng;

    #[test]
    fn no_delay_overflows() {
        let formula = |kind| {
            BackOff::Formula(BackOffFormula {
                kind,
                base_secs: RETRY_DELAY_SECS_MAX,
                max_secs: None,
            })
        };
        let mut rng = SmallRng::seed_from_u64(1);
        for failures_before in [0, 1, 62, 63, 64, u32::MAX] {
            for kind in [
                BackOffKind::Exponential,
                BackOffKind::Linear,
                BackOffKind::Constant,
            ] {
                let delay_secs = delay_secs(&formula(kind), failures_before);
                assert_eq!(
                    delay_secs, RETRY_DELAY_SECS_MAX,
                    "{kind:?} {failures_before}"
                );
            }
            let delay_secs = faktory_delay_secs(failures_before, &mut rng);
            assert!((15..=RETRY_DELAY_SECS_MAX).contains(&delay_secs));
        }
    }

    #[test]
    fn the_jitter_of_faktorys_formula_covers_its_whole_range() {
        let mut rng = SmallRng::seed_from_u64(7);
        let delays: std::collections::BTreeSet<i64> = (0..2_000)
            .map(|_| faktory_delay_secs(1, &mut rng))
            .collect();
        assert_eq!(delays.first(), Some(&16));
        assert_eq!(delays.last(), Some(&(16 + 29 * 2)));
        assert_eq!(delays.len(), 30);
    }
}
