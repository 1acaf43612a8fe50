//! What the settings mean to the engine.

use std::collections::BTreeMap;
use std::sync::Arc;

use workmill_engine::{Rate, Rules, Throttle};
use workmill_proto::CustomReading;

use super::{RateSettings, Settings, ThrottleSettings};

impl Settings {
    /// The rules of jobs.
    pub(crate) fn engine_rules(&self) -> Rules {
        let throttles = self.throttles.iter();
        let throttles: BTreeMap<String, Throttle> = throttles
            .map(|(queue, limits)| (queue.clone(), throttle(limits)))
            .collect();
        Rules {
            batch_uncommitted_secs: secs(self.batch.uncommitted_timeout_minutes, 60),
            batch_committed_secs: secs(self.batch.committed_timeout_days, 86_400),
            custom_reading: self.custom_reading(),
            throttles: Arc::new(throttles),
            redactions: self.web.redactions.clone(),
            ..self.rules.clone()
        }
    }

    /// Which features are on.
    pub(crate) fn custom_reading(&self) -> CustomReading {
        CustomReading {
            unique: self.uniq,
            batch: self.batch.enabled,
        }
    }
}

fn secs(count: usize, unit_secs: i64) -> i64 {
    i64::try_from(count)
        .unwrap_or(i64::MAX)
        .saturating_mul(unit_secs)
}

fn throttle(limits: &ThrottleSettings) -> Throttle {
    Throttle {
        worker: limits.worker.map(|count| count as u64),
        concurrency: limits.concurrency.map(|count| count as u64),
        timeout_secs: limits.timeout_secs.map(u64::cast_signed),
        rate: limits
            .rate
            .map(|RateSettings { rate, per, burst }| Rate::new(rate, per, burst)),
    }
}
