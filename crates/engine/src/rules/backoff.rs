//! How long a failed job waits before it is tried again.

use rand::Rng;
use serde::Deserialize;
use workmill_proto::{Job, WireError};

use crate::limits::{RETRY_DELAY_SECS_MAX, RETRY_DELAYS_MAX};

/// A job's own back-off, from its `custom`. Without one, Faktory's formula holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum BackOff {
    /// `retry_delays`: the delay of each retry in seconds; the last one repeats.
    Delays(Vec<i64>),
    /// `retry_backoff`: a formula.
    Formula(Formula),
}

/// `{"kind": "exponential|linear|constant", "base": seconds, "max": seconds}`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Formula {
    kind: Kind,
    base: i64,
    max: Option<i64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    /// base, 2 × base, 4 × base, …
    Exponential,
    /// base, 2 × base, 3 × base, …
    Linear,
    /// base, base, base, …
    Constant,
}

#[derive(Deserialize)]
struct Custom {
    retry_delays: Option<serde_json::Value>,
    retry_backoff: Option<serde_json::Value>,
}

impl BackOff {
    /// The back-off a job asks for, if it does; an error says what is wrong with it.
    pub(crate) fn of(job: &Job) -> Result<Option<Self>, WireError> {
        let Some(custom) = job.custom().map(serde_json::value::RawValue::get) else {
            return Ok(None);
        };
        if !custom.contains("\"retry_") {
            return Ok(None);
        }
        let custom: Custom = serde_json::from_str(custom)
            .map_err(|error| WireError::err(format!("invalid custom: {error}")))?;
        match (custom.retry_delays, custom.retry_backoff) {
            (None, None) => Ok(None),
            (Some(delays), None) => Self::delays(delays).map(Some),
            (None, Some(formula)) => Self::formula(formula).map(Some),
            (Some(_), Some(_)) => Err(WireError::err(
                "custom has both retry_delays and retry_backoff: give one of them",
            )),
        }
    }

    /// The delay after a job has failed `failures_before` times and then once more, in seconds.
    pub(crate) fn delay_secs(&self, failures_before: u32) -> i64 {
        match self {
            Self::Delays(delays) => {
                let index = usize::try_from(failures_before).unwrap_or(usize::MAX);
                delays.get(index).or(delays.last()).copied().unwrap_or(0)
            }
            Self::Formula(formula) => formula.delay_secs(failures_before),
        }
    }

    /// Faktory's formula: `count⁴ + 15 + rand(0..29) × (count + 1)` seconds.
    pub(crate) fn faktory_delay_secs(failures_before: u32, rng: &mut impl Rng) -> i64 {
        let count = i64::from(failures_before);
        let jitter = rng.random_range(0..30_i64).saturating_mul(count + 1);
        count
            .saturating_pow(4)
            .saturating_add(15)
            .saturating_add(jitter)
            .min(RETRY_DELAY_SECS_MAX)
    }

    fn delays(value: serde_json::Value) -> Result<Self, WireError> {
        let delays: Vec<i64> = serde_json::from_value(value).unwrap_or_default();
        let valid = (1..=RETRY_DELAYS_MAX).contains(&delays.len())
            && delays
                .iter()
                .all(|delay| (0..=RETRY_DELAY_SECS_MAX).contains(delay));
        if valid {
            return Ok(Self::Delays(delays));
        }
        Err(WireError::err(format!(
            "retry_delays must be a list of 1 to {RETRY_DELAYS_MAX} whole numbers of seconds from 0 to \
             {RETRY_DELAY_SECS_MAX}"
        )))
    }

    fn formula(value: serde_json::Value) -> Result<Self, WireError> {
        let in_range = |secs: i64| (0..=RETRY_DELAY_SECS_MAX).contains(&secs);
        match serde_json::from_value::<Formula>(value) {
            Ok(formula) if in_range(formula.base) && formula.max.is_none_or(in_range) => {
                Ok(Self::Formula(formula))
            }
            _ => Err(WireError::err(format!(
                "retry_backoff must be {{\"kind\":\"exponential\"|\"linear\"|\"constant\",\"base\":seconds,\
                 \"max\":seconds}} with whole numbers of seconds from 0 to {RETRY_DELAY_SECS_MAX}"
            ))),
        }
    }
}

impl Formula {
    fn delay_secs(&self, failures_before: u32) -> i64 {
        let count = i64::from(failures_before);
        let delay = match self.kind {
            Kind::Exponential => self
                .base
                .saturating_mul(2_i64.saturating_pow(failures_before.min(62))),
            Kind::Linear => self.base.saturating_mul(count + 1),
            Kind::Constant => self.base,
        };
        delay.min(self.max.unwrap_or(RETRY_DELAY_SECS_MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand::rngs::SmallRng;

    #[test]
    fn no_delay_overflows() {
        let formula = |kind| Formula {
            kind,
            base: RETRY_DELAY_SECS_MAX,
            max: None,
        };
        let mut rng = SmallRng::seed_from_u64(1);
        for failures_before in [0, 1, 62, 63, 64, u32::MAX] {
            for kind in [Kind::Exponential, Kind::Linear, Kind::Constant] {
                let delay_secs = formula(kind).delay_secs(failures_before);
                assert_eq!(
                    delay_secs, RETRY_DELAY_SECS_MAX,
                    "{kind:?} {failures_before}"
                );
            }
            let delay_secs = BackOff::faktory_delay_secs(failures_before, &mut rng);
            assert!((15..=RETRY_DELAY_SECS_MAX).contains(&delay_secs));
        }
    }

    #[test]
    fn the_jitter_of_faktorys_formula_covers_its_whole_range() {
        let mut rng = SmallRng::seed_from_u64(7);
        let delays: std::collections::BTreeSet<i64> = (0..2_000)
            .map(|_| BackOff::faktory_delay_secs(1, &mut rng))
            .collect();
        assert_eq!(delays.first(), Some(&16));
        assert_eq!(delays.last(), Some(&(16 + 29 * 2)));
        assert_eq!(delays.len(), 30);
    }
}
