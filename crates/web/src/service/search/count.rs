//! Counting what matches, by queue and type: what a change would concern, before it is made.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;
use tokio::time::Instant;
use utoipa::ToSchema;
use workmill_engine::query::{JobState, Query};
use workmill_store::{JobRef, Place, StoreError};

use super::known::known;
use super::run::SearchError;
use super::scan::{Hit, Room, Scan};
use crate::desk::Desk;
use crate::service::jobs::JobVerb;

/// How many queues and types are told apart.
pub const KINDS_MAX: usize = 1_000;

/// Jobs that one read looks up by their keys.
const READ_KEYS: usize = 200;

/// How long counting goes on, beyond one slice: a page waits for it.
const COUNT_TIME: Duration = Duration::from_millis(100);

/// The same where it is known how many match, and only their queues and types are not.
const KINDS_TIME: Duration = Duration::from_millis(50);

/// What matches a query now.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Count {
    /// How many match, as far as that is known.
    pub matched: u64,
    /// By queue and type, the most first; at most [`KINDS_MAX`].
    pub kinds: Vec<CountedKind>,
    /// How many match and are not in `kinds`: they are of further queues and types, cannot be read, or were not looked at.
    pub others: u64,
    /// By state.
    #[serde(serialize_with = "by_name")]
    #[schema(value_type = BTreeMap<String, u64>)]
    pub states: BTreeMap<JobState, u64>,
    /// Of how many it could not be told whether they match: a change leaves them alone.
    pub unknown: u64,
    /// How many jobs were looked at.
    pub looked_at: u64,
    /// About how many there are to look at.
    pub of: u64,
    /// Whether all that match are counted: all jobs were looked at, or it is known without that. Else there may be more, also while
    /// jobs are still being put into groups of failures that the query asks for.
    pub is_complete: bool,
}

/// The matching jobs of one queue and type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct CountedKind {
    /// The queue that they belong to, wherever they are.
    #[schema(value_type = String)]
    pub queue: Box<str>,
    /// Their type.
    #[schema(value_type = String)]
    pub jobtype: Box<str>,
    /// How many there are.
    pub jobs: u64,
}

/// Counts what matches, for about a tenth of a second. Changes nothing.
///
/// # Errors
/// Those of the query and of reading.
pub async fn count(desk: &dyn Desk, query: &str) -> Result<Count, SearchError> {
    Ok(count_matching(desk, Query::parse(query)?).await?)
}

/// Counts what matches a query that has been read. Completed jobs are passed over, as a change of all that match does.
pub(in crate::service) async fn count_matching(
    desk: &dyn Desk,
    query: Query,
) -> Result<Count, StoreError> {
    let query = query.except(JobState::Completed);
    let asked = query.clone();
    let (states, is_grouping) = desk
        .read(move |reading| {
            // Jobs that an older version has left are still to come into their groups.
            let is_grouping = asked.asks_for_groups() && reading.ungrouped()?.is_some();
            Ok((known(&asked, reading)?, is_grouping))
        })
        .await?;
    let time = states.as_ref().map_or(COUNT_TIME, |_| KINDS_TIME);
    let until = Instant::now() + time;
    let redactions = desk.rules().redactions;
    let mut scan = Scan::new(desk.now());
    let mut counting = Counting::default();
    loop {
        let (query, redactions) = (query.clone(), redactions.clone());
        let (slice, counted) = desk
            .read(move |reading| {
                let mut found = |hit| counting.add(&hit);
                let slice = scan.slice(&query, &redactions, reading, Room::ANY, &mut found)?;
                Ok((slice, counting))
            })
            .await?;
        (scan, counting) = (slice.scan, counted);
        if slice.is_over || Instant::now() >= until {
            let count = Count {
                unknown: scan.unknown,
                looked_at: scan.looked_at,
                of: slice.of,
                is_complete: slice.is_over,
                ..counting.ended()
            };
            let count = match states {
                Some(states) if !slice.is_over => count.with_known(states),
                _ => count,
            };
            return Ok(Count {
                is_complete: count.is_complete && !is_grouping,
                ..count
            });
        }
    }
}

/// Counts those of some jobs that are still under their keys and in a state that an action is for; tells where they are.
pub(in crate::service) async fn count_jobs(
    desk: &dyn Desk,
    keys: Vec<JobRef>,
    verb: JobVerb,
) -> Result<(Count, Vec<(Place, JobRef)>), StoreError> {
    let (mut counting, mut there) = (Counting::default(), Vec::new());
    let of = keys.len() as u64;
    for some in keys.chunks(READ_KEYS) {
        let some = some.to_vec();
        (counting, there) = desk
            .read(move |reading| {
                for key in some {
                    let Some((place, job)) = reading.job(key)? else {
                        continue;
                    };
                    if verb.is_for(JobState::of(&place)) {
                        there.push((place.clone(), key));
                        counting.add(&Hit { place, job });
                    }
                }
                Ok((counting, there))
            })
            .await?;
    }
    let count = Count {
        looked_at: of,
        of,
        is_complete: true,
        ..counting.ended()
    };
    Ok((count, there))
}

fn by_name<S: serde::Serializer>(
    states: &BTreeMap<JobState, u64>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_map(states.iter().map(|(state, jobs)| (state.as_str(), jobs)))
}

impl Count {
    /// What was counted before all were looked at, with what is known of all.
    fn with_known(self, states: BTreeMap<JobState, u64>) -> Self {
        let matched = states.values().sum();
        let told: u64 = self.kinds.iter().map(|kind| kind.jobs).sum();
        Self {
            matched,
            others: u64::saturating_sub(matched, told),
            states,
            is_complete: true,
            ..self
        }
    }
}

#[derive(Default)]
struct Counting {
    count: Count,
    kinds: BTreeMap<(Box<str>, Box<str>), u64>,
}

impl Counting {
    fn add(&mut self, hit: &Hit) {
        let Count {
            matched,
            states,
            others,
            ..
        } = &mut self.count;
        *matched += 1;
        *states.entry(JobState::of(&hit.place)).or_default() += 1;
        let Ok(record) = &hit.job.job else {
            *others += 1;
            return;
        };
        let is_full = self.kinds.len() >= KINDS_MAX;
        let kind = (record.queue.clone(), record.jobtype.clone());
        match self.kinds.get_mut(&kind) {
            Some(jobs) => *jobs += 1,
            None if is_full => *others += 1,
            None => {
                self.kinds.insert(kind, 1);
            }
        }
    }

    fn ended(self) -> Count {
        let kinds = self.kinds.into_iter();
        let kinds = kinds.map(|((queue, jobtype), jobs)| CountedKind {
            queue,
            jobtype,
            jobs,
        });
        let mut kinds: Vec<CountedKind> = kinds.collect();
        // Those of as many jobs stay in the order of their names.
        kinds.sort_by_key(|kind| std::cmp::Reverse(kind.jobs));
        Count {
            kinds,
            ..self.count
        }
    }
}
