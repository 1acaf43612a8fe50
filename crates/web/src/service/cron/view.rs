//! A recurring job, as it is shown.

use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;
use workmill_engine::query::Redactions;
use workmill_engine::{CronEntry as Entry, Schedule};
use workmill_proto::Timestamp;
use workmill_store::{CronDefinition, CronTick};

use super::CronRun;
use crate::observe::MadeEntry;
use crate::service::moment::{all_told, told_if_any};

/// How many of its next ticks are told of an entry.
const NEXT_MAX: usize = 5;

/// A recurring job.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub struct CronEntry {
    /// What the server remembers it by: its name, or a text made of what it says.
    pub name: String,
    /// Where it is written.
    pub source: CronSource,
    /// When it is due, as it is written; without its zone, if it is in the configuration.
    pub schedule: String,
    /// The zone that was named for it, if it was made by the API; null for that of the server.
    pub timezone: Option<String>,
    /// The zone its times are meant in; null for an interval, and for a zone without a name.
    pub zone: Option<String>,
    /// The type of its jobs; empty if it cannot be read.
    pub jobtype: String,
    /// The queue of its jobs; empty if it cannot be read.
    pub queue: String,
    /// Whether a run that was missed while no server ran is made up for, once.
    pub catch_up: bool,
    /// The payload of its jobs, if it was made by the API; null if it was not, and if parts of it are hidden.
    #[schema(value_type = Option<Object>)]
    pub job: Option<Box<RawValue>>,
    /// When it was made or last replaced, if that was by the API; null if not.
    #[serde(serialize_with = "told_if_any")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub changed_at: Option<Timestamp>,
    /// By whom; null if it was not by the API.
    pub changed_by: Option<String>,
    /// Whether there is also one of its name that was made by the API, and does not run as long as the configuration has this
    /// one.
    pub shadows: bool,
    /// Why it does not run, if it cannot: it is written in a way that means nothing to this server, or cron is turned off.
    pub problem: Option<String>,
    /// Up to when its ticks are done; null before the first one.
    #[serde(serialize_with = "told_if_any")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub done_until: Option<Timestamp>,
    /// Since when it is paused, so that its ticks pass without a job; null if it is not.
    #[serde(serialize_with = "told_if_any")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub paused_since: Option<Timestamp>,
    /// Its next ticks, five at most; those of an interval are counted from its last one.
    #[serde(serialize_with = "all_told")]
    #[schema(value_type = Vec<String>, format = DateTime)]
    pub next: Vec<Timestamp>,
    /// Its last runs, ten at most, the latest first: those of its ticks, and those that somebody has asked for.
    pub runs: Vec<CronRun>,
    /// The schedule, if it can be read.
    #[serde(skip)]
    #[schema(ignore)]
    pub read: Option<Schedule>,
}

/// Where a recurring job is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum CronSource {
    /// In a file of the configuration, which no request changes.
    #[default]
    File,
    /// In the store: it was made by the API or a page.
    Api,
}

/// What a payload says of the job, for an entry that cannot be read.
#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Kind {
    jobtype: String,
    queue: String,
}

impl CronEntry {
    /// One that runs, as far as its source does not matter.
    pub(super) fn of(name: &str, entry: &Entry, kept: Option<CronTick>, now: Timestamp) -> Self {
        let done_until = kept.map(|kept| kept.at);
        let template = entry.template();
        Self {
            name: name.to_owned(),
            schedule: entry.schedule.text().to_owned(),
            zone: entry.schedule.zone().map(Into::into),
            jobtype: template.jobtype.clone(),
            queue: template.queue.clone(),
            catch_up: entry.catch_up,
            done_until,
            paused_since: kept.and_then(|kept| kept.paused_since),
            next: next_ticks(entry, done_until, now),
            read: Some(entry.schedule.clone()),
            ..Self::default()
        }
    }

    /// One that was made by the API.
    pub(super) fn of_made(
        name: &str,
        made: &MadeEntry,
        redactions: &Redactions,
        kept: Option<CronTick>,
        now: Timestamp,
    ) -> Self {
        let definition = made.definition.as_ref();
        let shown = match &made.entry {
            Ok(entry) => Self::of(name, entry, kept, now),
            Err(reason) => Self {
                problem: Some(reason.clone()),
                ..Self::unreadable(name, definition)
            },
        };
        let schedule = definition.map(|written| written.schedule.to_string());
        let timezone = definition.and_then(|written| written.timezone.as_ref());
        let is_hidden = match &made.entry {
            Ok(_) => redactions.concern(&shown.jobtype),
            // Of what type its jobs are is not known for sure.
            Err(_) => !redactions.is_empty(),
        };
        let job = definition.filter(|_| !is_hidden);
        Self {
            source: CronSource::Api,
            schedule: schedule.unwrap_or_default(),
            timezone: timezone.map(ToString::to_string),
            job: job.and_then(|written| serde_json::from_slice(&written.job).ok()),
            changed_at: definition.map(|written| written.changed_at),
            changed_by: definition.map(|written| written.changed_by.to_string()),
            ..shown
        }
    }

    fn unreadable(name: &str, definition: Option<&CronDefinition>) -> Self {
        let name = name.to_owned();
        let Some(written) = definition else {
            return Self {
                name,
                ..Self::default()
            };
        };
        let Kind { jobtype, queue } = serde_json::from_slice(&written.job).unwrap_or_default();
        Self {
            name,
            jobtype,
            queue,
            catch_up: written.catch_up,
            ..Self::default()
        }
    }
}

/// The next ticks. One that is over and was not fired yet is told too: it is late.
fn next_ticks(entry: &Entry, done_until: Option<Timestamp>, now: Timestamp) -> Vec<Timestamp> {
    let first = entry.schedule.next_after(done_until.unwrap_or(now));
    let ticks = std::iter::successors(first, |tick| entry.schedule.next_after(*tick));
    ticks.take(NEXT_MAX).collect()
}
