//! Groups of failures: the jobs that wait for another try, and the dead ones, by what they have in common.

use std::cmp::Reverse;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use workmill_proto::{SetName, Timestamp};
use workmill_store::reading::{Bounds, READ_ROWS_MAX};
use workmill_store::{FailureGroup as Stored, FailureId, Place, Reading, StoreError};

use super::jobs::JobView;
use super::moment::told;
use super::{Page, PageRequest, Problem, ProblemKind};
use crate::desk::Desk;

/// Jobs that wait for another try, or are dead, and failed in the same way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct FailureGroup {
    /// Its id: 16 hexadecimal digits.
    pub id: String,
    /// The type of its jobs; null for all failures for which there was no room, as are the next two.
    pub jobtype: Option<String>,
    /// The kind of error; empty for jobs that were killed before they ever failed.
    pub errtype: Option<String>,
    /// The error's text, without what differs from failure to failure.
    pub message: Option<String>,
    /// The text of the latest failure, or the beginning of it.
    pub example: String,
    /// The first lines of where the latest failure happened.
    pub backtrace: Vec<String>,
    /// How many jobs it has now.
    pub jobs: u64,
    /// How many of them wait for another try.
    pub retries: u64,
    /// How many of them are dead.
    pub dead: u64,
    /// How often jobs have failed so.
    pub failures: u64,
    /// When a job failed so for the first time.
    #[serde(serialize_with = "told")]
    #[schema(value_type = String, format = DateTime)]
    pub first_at: Timestamp,
    /// When a job failed so for the last time.
    #[serde(serialize_with = "told")]
    #[schema(value_type = String, format = DateTime)]
    pub last_at: Timestamp,
    /// The workers that reported it last, five at most, the latest at the end.
    pub workers: Vec<String>,
    /// How often jobs failed so in each of the last 24 hours, the one that goes on at the end.
    pub hours: Vec<u32>,
    /// The query that finds its jobs.
    pub query: String,
}

/// What groups are in order of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum FailureOrder {
    /// Those with the most jobs first.
    #[default]
    Jobs,
    /// Those that failed last first.
    Last,
}

/// Some groups of failures.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct FailureList {
    /// What was found.
    pub items: Vec<FailureGroup>,
    /// Where to go on; null if there is no more.
    pub cursor: Option<String>,
    /// Whether jobs that an older version has left are still being put into groups: then counts are too small.
    pub grouping: bool,
}

/// All groups that have jobs, in the order of their names.
#[derive(Debug, Default)]
pub(crate) struct FailureGroups {
    groups: Vec<(FailureId, Stored)>,
    /// As in [`FailureList`].
    grouping: bool,
}

impl FailureGroups {
    /// Reads them, in slices.
    pub(crate) fn read(reading: &dyn Reading) -> Result<Self, StoreError> {
        let (mut groups, mut after) = (Vec::new(), None);
        loop {
            let slice = reading.failures(after, Bounds::of_rows(READ_ROWS_MAX))?;
            let readable = slice.items.into_iter();
            let readable = readable.filter_map(|(id, group)| Some((id, group.ok()?)));
            groups.extend(readable.filter(|(_, group)| group.jobs() > 0));
            after = slice.next;
            if after.is_none() {
                let grouping = reading.ungrouped()?.is_some();
                return Ok(Self { groups, grouping });
            }
        }
    }

    /// How many there are.
    pub(crate) fn count(&self) -> u64 {
        self.groups.len() as u64
    }

    /// Those with the most jobs.
    pub(crate) fn largest(&self, count: usize, now: Timestamp) -> Vec<FailureGroup> {
        let mut groups: Vec<_> = self.groups.iter().collect();
        groups.sort_unstable_by_key(|(id, group)| (Reverse(group.jobs()), *id));
        groups.truncate(count);
        let largest = groups.into_iter();
        largest
            .map(|(id, group)| FailureGroup::new(*id, group, now))
            .collect()
    }
}

/// Groups that have jobs, in an order.
///
/// # Errors
/// The limit is out of range; the cursor is none; reading failed.
pub async fn list(
    desk: &dyn Desk,
    order: FailureOrder,
    asked: &PageRequest,
) -> Result<FailureList, Problem> {
    let limit = asked.limit()?;
    let after = asked.after(read_cursor)?;
    let FailureGroups {
        mut groups,
        grouping,
    } = desk.read(FailureGroups::read).await?;
    let rank = |(id, group): &(FailureId, Stored)| (Reverse(order.value(group)), *id);
    groups.sort_unstable_by_key(rank);
    let is_behind = |one: &(FailureId, Stored)| {
        after.is_none_or(|(value, id)| rank(one) > (Reverse(value), id))
    };
    let now = desk.now();
    let rest = groups.iter().filter(|one| is_behind(one));
    let page = Page::of_all(rest, limit, |(id, group)| {
        format!("{}-{id}", order.value(group))
    });
    let page = page.map(|(id, group)| FailureGroup::new(*id, group, now));
    Ok(FailureList {
        items: page.items,
        cursor: page.cursor,
        grouping,
    })
}

/// A group; also if it has no jobs any more and is not forgotten yet.
///
/// # Errors
/// There is none; reading failed.
pub async fn show(desk: &dyn Desk, id: &str) -> Result<FailureGroup, Problem> {
    let group = match FailureId::parse(id) {
        Some(id) => {
            let found = desk.read(move |reading| reading.failure(id)).await?;
            found.map(|group| (id, group))
        }
        None => None,
    };
    let detail = "there is no group of failures with this id: it has had no jobs for a week";
    let (id, group) = group.ok_or_else(|| Problem::new(ProblemKind::NotFound, detail))?;
    Ok(FailureGroup::new(id, &group, desk.now()))
}

/// The group that counts a job, and how many others it counts; none if there are none.
///
/// # Errors
/// Reading failed.
pub async fn others_like(desk: &dyn Desk, job: &JobView) -> Result<Option<(String, u64)>, Problem> {
    let counted = matches!(job.place, Place::Set(SetName::Retries | SetName::Dead));
    let failure = job.job.as_ref().ok().and_then(|record| record.failure);
    let Some(id) = failure.filter(|_| counted) else {
        return Ok(None);
    };
    let group = desk.read(move |reading| reading.failure(id)).await?;
    let others = group.map_or(0, |group| group.jobs().saturating_sub(1));
    Ok((others > 0).then(|| (id.to_string(), others)))
}

impl FailureOrder {
    /// What is compared, the largest first.
    fn value(self, group: &Stored) -> u64 {
        match self {
            Self::Jobs => group.jobs(),
            Self::Last => group.last_at.as_micros().max(0).cast_unsigned(),
        }
    }
}

impl FailureGroup {
    fn new(id: FailureId, group: &Stored, now: Timestamp) -> Self {
        let known = |text: &str| (id != FailureId::OTHERS).then(|| text.to_owned());
        let texts = |texts: &[Box<str>]| texts.iter().map(|text| text.to_string()).collect();
        Self {
            id: id.to_string(),
            jobtype: known(&group.jobtype),
            errtype: known(&group.errtype),
            message: known(&group.pattern),
            example: group.example.to_string(),
            backtrace: texts(&group.backtrace),
            jobs: group.jobs(),
            retries: group.retries,
            dead: group.dead,
            failures: group.failures,
            first_at: group.first_at,
            last_at: group.last_at,
            workers: texts(&group.workers),
            hours: group.hours.until(now).to_vec(),
            query: format!("group:{id}"),
        }
    }
}

fn read_cursor(text: &str) -> Option<(u64, FailureId)> {
    let (value, id) = text.split_once('-')?;
    Some((value.parse().ok()?, FailureId::parse(id)?))
}
