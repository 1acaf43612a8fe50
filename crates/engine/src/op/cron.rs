//! What is done to cron entries.

use std::sync::Arc;

use workmill_store::CronDefinition;

use crate::cron::CronEntry;
use crate::new_job::NewJob;

/// What is done to a cron entry.
#[derive(Clone, Debug)]
pub enum CronOp {
    /// It is paused, or goes on.
    Switch(CronSwitch),
    /// One is made beside those of the configuration, or replaced. Refused if the name belongs to the configuration.
    Put(CronPut),
    /// One that was made is deleted.
    Delete(Box<str>),
    /// A job of it is pushed now, beside its ticks.
    Run(CronRun),
}

/// A job of a cron entry that somebody wants now.
#[derive(Clone, Debug)]
pub struct CronRun {
    /// What the entry is called.
    pub name: Box<str>,
    /// The job.
    pub job: NewJob,
}

/// A cron entry to make.
#[derive(Clone, Debug)]
pub struct CronPut {
    /// What it is called.
    pub name: Arc<str>,
    /// How it is kept.
    pub definition: CronDefinition,
    /// The same, read.
    pub entry: Arc<CronEntry>,
    /// Whether there must be none of its name yet.
    pub only_new: bool,
}

/// Whether a cron entry runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CronSwitch {
    /// The entry, by the name its ticks are remembered by.
    pub name: Box<str>,
    /// Whether it is to be paused.
    pub paused: bool,
}
