//! What a group is given besides its requests: the moment it runs at, and what an operator has set.

use workmill_proto::Timestamp;

/// The moment a group runs at.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// The time. The engine never lets it run backwards.
    pub now: Timestamp,
    /// The source of all randomness in the group.
    pub seed: u64,
}

/// What an operator can set of the rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// How long a dead job is kept, in seconds.
    pub dead_ttl_secs: i64,
    /// How many dead jobs are kept; beyond that those go first that would be forgotten first.
    pub dead_jobs_max: u64,
}

impl Default for Rules {
    /// 180 days, as Faktory; 100,000 jobs, where Faktory has no limit.
    fn default() -> Self {
        Self {
            dead_ttl_secs: 180 * 86_400,
            dead_jobs_max: 100_000,
        }
    }
}
