//! Recurring jobs, as a configuration has them.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value};
use workmill_proto::{CustomReading, Job, Timestamp, WireError};

use super::Schedule;
use crate::new_job::NewJob;

/// A job id of a legal length, until a run gets its own.
const JID_PLACEHOLDER: &str = "00000000";

/// A recurring job and when it is due.
#[derive(Clone, Debug)]
pub struct CronEntry {
    /// When it is due.
    pub schedule: Schedule,
    /// Whether a run that was missed while no server ran is made up for, once.
    pub catch_up: bool,
    /// The name that ticks of this entry were remembered by before it had its present one, if it has another now.
    pub former_name: Option<Box<str>>,
    job: Job,
}

/// All recurring jobs of a configuration, by the names their last ticks are remembered by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CronTable {
    entries: BTreeMap<Arc<str>, Arc<CronEntry>>,
    is_off: bool,
}

/// The entries that were made while the server ran, by name; nothing in the place of one that cannot be read.
pub type MadeEntries = BTreeMap<Arc<str>, Option<Arc<CronEntry>>>;

impl CronEntry {
    /// An entry whose runs are jobs with this payload, each with an id of its own.
    ///
    /// Refuses a payload that a PUSH would refuse.
    pub fn new(
        schedule: Schedule,
        catch_up: bool,
        mut payload: Map<String, Value>,
    ) -> Result<Self, WireError> {
        payload.insert("jid".to_owned(), JID_PLACEHOLDER.into());
        let job = Job::parse(Value::Object(payload).to_string().as_bytes())?;
        NewJob::new(job.clone(), Timestamp::default(), CustomReading::ALL)?;
        Ok(Self::of_job(schedule, catch_up, job))
    }

    /// An entry whose runs are jobs like this one, which could be pushed.
    pub(super) fn of_job(schedule: Schedule, catch_up: bool, job: Job) -> Self {
        Self {
            schedule,
            catch_up,
            former_name: None,
            job,
        }
    }

    /// Whether it is due whenever the other one is, also after a downtime.
    pub(crate) fn has_ticks_of(&self, other: &Self) -> bool {
        self.schedule == other.schedule && self.catch_up == other.catch_up
    }

    /// What its jobs are like; their ids are their own.
    pub fn template(&self) -> &Job {
        &self.job
    }

    /// The job of a run. `reading` says which features are on.
    pub fn job(
        &self,
        jid: String,
        now: Timestamp,
        reading: CustomReading,
    ) -> Result<NewJob, WireError> {
        let mut job = self.job.clone();
        job.jid = jid;
        NewJob::new(job, now, reading)
    }
}

impl PartialEq for CronEntry {
    fn eq(&self, other: &Self) -> bool {
        self.schedule == other.schedule
            && self.catch_up == other.catch_up
            && self.job.render() == other.job.render()
    }
}

impl Eq for CronEntry {}

impl CronTable {
    /// A table without entries.
    pub const fn new() -> Self {
        Self {
            entries: BTreeMap::new(),
            is_off: false,
        }
    }

    /// The table of a configuration that has turned cron off: nothing of what was made while the server ran is due either.
    pub const fn off() -> Self {
        Self {
            entries: BTreeMap::new(),
            is_off: true,
        }
    }

    /// Whether cron is turned off.
    pub fn is_off(&self) -> bool {
        self.is_off
    }

    /// This table with what was made beside it. An entry of the configuration comes before one of the same name.
    pub fn with_made(&self, made: &MadeEntries) -> Self {
        let mut entries = self.entries.clone();
        if !self.is_off {
            for (name, entry) in made {
                if let Some(entry) = entry {
                    let kept = entries.entry(Arc::clone(name));
                    kept.or_insert_with(|| Arc::clone(entry));
                }
            }
        }
        Self {
            entries,
            is_off: self.is_off,
        }
    }

    /// Adds an entry; in the place of one that has its name already, if there is one.
    pub fn insert(&mut self, name: &str, entry: CronEntry) {
        self.entries.insert(Arc::from(name), Arc::new(entry));
    }

    /// The entry of this name.
    pub fn get(&self, name: &str) -> Option<&CronEntry> {
        self.entries.get(name).map(|entry| &**entry)
    }

    /// All entries, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&Arc<str>, &CronEntry)> {
        let entries = self.entries.iter();
        entries.map(|(name, entry)| (name, &**entry))
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}
