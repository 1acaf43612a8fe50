//! How carefully jobs are retried.

use serde::{Deserialize, Serialize};
use workmill_proto::WireError;

/// How carefully jobs are retried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Care {
    /// How many jobs are retried first, and watched until they end; also how many of the last ends are judged later.
    pub(super) first: u32,
    /// How many jobs a second are retried afterwards.
    pub(super) rate: u32,
    /// At most so many percent of the judged ends may be failures.
    pub(super) failed_percent_max: u32,
    /// How long a retried job may take to end, in seconds, its wait in its queue included.
    pub(super) within_secs: u32,
}

impl Care {
    /// `first` and `rate` are from 1 to 1,000, `failed_percent_max` is at most 100, `within_secs` from 10 to 86,400.
    ///
    /// # Errors
    /// One of them is not.
    pub fn new(
        first: u32,
        rate: u32,
        failed_percent_max: u32,
        within_secs: u32,
    ) -> Result<Self, WireError> {
        let fits = (1..=1_000).contains(&first)
            && (1..=1_000).contains(&rate)
            && failed_percent_max <= 100
            && (10..=86_400).contains(&within_secs);
        let care = Self {
            first,
            rate,
            failed_percent_max,
            within_secs,
        };
        fits.then_some(care).ok_or_else(|| {
            WireError::err(
                "first and rate are to be from 1 to 1000, stop_percent at most 100, within_secs from 10 to 86400",
            )
        })
    }

    /// What [`Care::new`] takes: `first`, `rate`, `failed_percent_max` and `within_secs`.
    pub fn parts(&self) -> [u32; 4] {
        [
            self.first,
            self.rate,
            self.failed_percent_max,
            self.within_secs,
        ]
    }

    /// What it means, for people to read.
    pub(crate) fn words(&self) -> String {
        let Self {
            first,
            rate,
            failed_percent_max,
            ..
        } = self;
        format!("first {first}, then {rate} a second, while at most {failed_percent_max} % fail")
    }
}
