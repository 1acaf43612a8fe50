//! What a group is given besides its requests: its clocks and its seed, and what an operator has set.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use workmill_proto::{CustomReading, Timestamp};

use crate::query::Redactions;
use crate::throttle::{Rate, Throttle};

/// What a group runs with: how far the clocks are, and its seed.
#[derive(Clone, Copy, Debug)]
pub struct GroupContext {
    /// What the wall clock shows. It can be set, in both directions: only what people write down goes by it.
    pub wall: Timestamp,
    /// For how long the server has been able to hear its clients since it started; what lasts a while goes by it. The
    /// engine never lets it run backwards.
    pub uptime: Duration,
    /// For how long it has not been able to since it started, because it was frozen.
    pub frozen: Duration,
    /// The source of all randomness in the group.
    pub seed: u64,
}

/// What an operator can set of the rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// How long a dead job is kept, in seconds.
    pub dead_ttl_secs: i64,
    /// How many dead jobs are kept; beyond that those go first that would be forgotten first.
    pub dead_jobs_max: u64,
    /// How long a job is kept when it is done, in seconds; 0 for not at all.
    pub completed_secs: i64,
    /// How many of them are kept; beyond that the oldest go.
    pub completed_jobs_max: u64,
    /// How long a batch may stay uncommitted, in seconds since it last changed.
    pub batch_uncommitted_secs: i64,
    /// How long a committed batch is kept, in seconds since it last changed.
    pub batch_committed_secs: i64,
    /// How long ago a tick of cron may have been that was missed while no server ran, to be fired at the start, in
    /// seconds.
    pub cron_missed_within_secs: i64,
    /// How long an entry of the audit log is kept, in seconds.
    pub audit_secs: i64,
    /// For how long jobs that operators take away can be put back, in seconds; 0 for not at all.
    pub trash_secs: i64,
    /// How many attempts that went wrong are kept with a job, the latest ones; 0 for none.
    pub attempts_max: usize,
    /// Which features are on for the jobs the server pushes itself.
    pub custom_reading: CustomReading,
    /// The limits of queues, by name.
    pub throttles: Arc<BTreeMap<String, Throttle>>,
    /// What of jobs the queries of operators do not see.
    pub redactions: Redactions,
    /// Whether what happens to jobs is told in [`crate::GroupResult::events`].
    pub observed: bool,
}

impl Rules {
    /// How fast jobs of a queue may be handed out, if that is limited.
    pub(crate) fn rate_of(&self, queue: &str) -> Option<Rate> {
        self.throttles.get(queue)?.rate
    }
}

impl Default for Rules {
    /// 180 days, as Faktory; 100,000 jobs, where Faktory has no limit; no job that is done, and 100,000 if they are wanted; half an hour and 30 days for batches; a minute for
    /// ticks; 180 days for the audit log, a day for the trash; 25 attempts, as many as Faktory tries a job again; no queue has a limit; nothing is hidden; not observed.
    fn default() -> Self {
        Self {
            dead_ttl_secs: 180 * 86_400,
            dead_jobs_max: 100_000,
            completed_secs: 0,
            completed_jobs_max: 100_000,
            batch_uncommitted_secs: 30 * 60,
            batch_committed_secs: 30 * 86_400,
            cron_missed_within_secs: 60,
            audit_secs: 180 * 86_400,
            trash_secs: 86_400,
            attempts_max: 25,
            custom_reading: CustomReading::ALL,
            throttles: Arc::default(),
            redactions: Redactions::default(),
            observed: false,
        }
    }
}
