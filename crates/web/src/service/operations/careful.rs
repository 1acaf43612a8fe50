//! How carefully jobs are retried.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use workmill_engine::Care;

use crate::service::Problem;

/// A few jobs are retried first and watched until they end, then the rest at a rate; it stops by itself if too many fail again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CarefulRetry {
    /// How many are retried first; 10 if it is left out.
    #[schema(minimum = 1, maximum = 1_000, required = false)]
    pub first: u32,
    /// How many a second are retried afterwards; 20 if it is left out.
    #[schema(minimum = 1, maximum = 1_000, required = false)]
    pub rate: u32,
    /// At most so many of a hundred that have ended may have failed again; 20 if it is left out.
    #[schema(maximum = 100, required = false)]
    pub stop_percent: u32,
    /// How long a retried job may take to end, in seconds, its wait in its queue included; 600 if it is left out.
    #[schema(minimum = 10, maximum = 86_400, required = false)]
    pub within_secs: u32,
}

impl Default for CarefulRetry {
    fn default() -> Self {
        Self {
            first: 10,
            rate: 20,
            stop_percent: 20,
            within_secs: 600,
        }
    }
}

impl CarefulRetry {
    /// # Errors
    /// A number is out of its range.
    pub(super) fn care(self) -> Result<Care, Problem> {
        let Self {
            first,
            rate,
            stop_percent,
            within_secs,
        } = self;
        Ok(Care::new(first, rate, stop_percent, within_secs)?)
    }
}

impl From<&Care> for CarefulRetry {
    fn from(care: &Care) -> Self {
        let [first, rate, stop_percent, within_secs] = care.parts();
        Self {
            first,
            rate,
            stop_percent,
            within_secs,
        }
    }
}
