//! Types of jobs side by side.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::time::Duration;

use serde::Serialize;
use utoipa::ToSchema;
use workmill_store::{Histogram, HistoryLine, OTHERS, Resolution, StoreError};

use super::slots::slots;
use crate::desk::Desk;
use crate::service::{Page, PageRequest, Problem};

/// What types are compared over, up to now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TypesRange {
    /// An hour: the one that is not over, and the one before it.
    Hour,
    /// A day.
    #[default]
    Day,
    /// 30 days.
    Month,
}

impl TypesRange {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Hour, Self::Day, Self::Month];

    /// Its name, as it stands in addresses.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hour => "1h",
            Self::Day => "1d",
            Self::Month => "30d",
        }
    }

    /// The one of a name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|range| range.name() == name)
    }

    /// How far back it goes, the part of it that is not over apart.
    pub(crate) fn length(self) -> Duration {
        let slots = u32::try_from(self.slots_before()).unwrap_or(1);
        self.resolution().length() * slots
    }

    fn resolution(self) -> Resolution {
        match self {
            Self::Hour | Self::Day => Resolution::HourOfTimes,
            Self::Month => Resolution::DayOfTimes,
        }
    }

    /// How many slots lie before the one that is not over.
    fn slots_before(self) -> i64 {
        match self {
            Self::Hour => 1,
            Self::Day => 24,
            Self::Month => 30,
        }
    }
}

/// What jobs of a type were like.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Jobtype {
    /// The type; null for all that were not among the busiest, together.
    pub jobtype: Option<String>,
    /// Jobs put into a queue.
    pub enqueued: u64,
    /// Executions that ended well.
    pub succeeded: u64,
    /// Executions that ended badly.
    pub failed: u64,
    /// Jobs that died.
    pub dead: u64,
    /// Jobs dropped because they had expired.
    pub expired: u64,
    /// How long they waited in their queue, in seconds.
    pub wait: Times,
    /// How long executions took, in seconds.
    pub run: Times,
}

/// How long things took, in seconds, within an eighth; null where there were none.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, ToSchema)]
pub struct Times {
    /// How many there were.
    pub count: u64,
    /// All of them together, exactly.
    pub sum: f64,
    /// What half of them did not exceed.
    pub p50: Option<f64>,
    /// What 95 of 100 did not exceed.
    pub p95: Option<f64>,
    /// What 99 of 100 did not exceed.
    pub p99: Option<f64>,
    /// How many there were of each length: up to a millisecond, then each column up to twice as long as the one before it.
    #[serde(skip)]
    #[schema(ignore)]
    pub shape: [u64; SHAPE_COLUMNS],
}

/// From a millisecond to more than an hour.
const SHAPE_COLUMNS: usize = 23;

impl From<&Histogram> for Times {
    fn from(histogram: &Histogram) -> Self {
        let quantile = |share| Some(histogram.quantile(share)?.as_secs_f64());
        Self {
            count: histogram.count(),
            sum: histogram.sum().as_secs_f64(),
            p50: quantile(0.5),
            p95: quantile(0.95),
            p99: quantile(0.99),
            shape: shape(histogram),
        }
    }
}

fn shape(histogram: &Histogram) -> [u64; SHAPE_COLUMNS] {
    let mut shape = [0; SHAPE_COLUMNS];
    for (length, count) in histogram.counts() {
        let doublings = length.as_millis().max(1).ilog2();
        let column = usize::try_from(doublings).unwrap_or(usize::MAX);
        if let Some(sum) = shape.get_mut(column.min(SHAPE_COLUMNS - 1)) {
            *sum += count;
        }
    }
    shape
}

impl Jobtype {
    fn new(name: &str, line: &HistoryLine) -> Self {
        Self {
            jobtype: (name != OTHERS).then(|| name.to_owned()),
            enqueued: line.counts.enqueued,
            succeeded: line.counts.succeeded,
            failed: line.counts.failed,
            dead: line.counts.dead,
            expired: line.counts.expired,
            wait: Times::from(&line.waits),
            run: Times::from(&line.runs),
        }
    }
}

/// Types of jobs by name, as of some seconds ago; those without a name of their own come first. The cursor is the name of the
/// last one.
///
/// # Errors
/// The limit is out of range; reading failed.
pub async fn jobtypes(
    desk: &dyn Desk,
    range: TypesRange,
    asked: &PageRequest,
) -> Result<Page<Jobtype>, Problem> {
    let limit = asked.limit()?;
    let lines = lines(desk, range).await?;
    let after = match &asked.cursor {
        Some(name) => Bound::Excluded(&**name),
        None => Bound::Unbounded,
    };
    let behind = lines.range::<str, _>((after, Bound::Unbounded));
    let some = Page::of_all(behind, limit, |(name, _)| name.to_string());
    let items = some.items.into_iter();
    Ok(Page {
        items: items.map(|(name, line)| Jobtype::new(name, line)).collect(),
        cursor: some.cursor,
    })
}

/// What is kept of each type. At most as many as the slots of a range name.
async fn lines(
    desk: &dyn Desk,
    range: TypesRange,
) -> Result<BTreeMap<Box<str>, HistoryLine>, StoreError> {
    let resolution = range.resolution();
    let last = resolution.slot_at(desk.now());
    let first = last.saturating_sub(range.slots_before());
    let mut lines: BTreeMap<Box<str>, HistoryLine> = BTreeMap::new();
    for (_, jobtypes) in slots(desk, resolution, first..=last, |slot| slot.jobtypes.0).await? {
        for (name, line) in jobtypes {
            lines.entry(name).or_default().add(&line);
        }
    }
    Ok(lines)
}
