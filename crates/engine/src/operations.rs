//! Operations: changes to many jobs that have a name, so that one can ask how far they are, and cancel them.
//!
//! Those that an operator asked for outlive the server (`rules/resume.rs`). Reports of those that have ended are in memory only:
//! after a restart the audit log tells of them.

use std::fmt;
use std::ops::AddAssign;
use std::sync::Arc;

use workmill_proto::{Timestamp, WireError};

use crate::change::{Change, ChangeVerb};
use crate::limits::{OPERATIONS_MAX, OPERATIONS_RUNNING_MAX};

/// Names an operation. Whoever starts it chooses it, and never uses it twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OperationId(pub u64);

impl fmt::Display for OperationId {
    /// As it is written everywhere: 16 hexadecimal digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// Whether an operation goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OperationState {
    /// It does.
    Running,
    /// It has looked at everything.
    Done,
    /// It was cancelled; what it had done until then is done.
    Cancelled,
    /// It was given up, for this reason; what it had done until then is done.
    Failed(String),
}

/// How far an operation is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperationReport {
    /// Which operation.
    pub id: OperationId,
    /// What it does, and to which jobs.
    pub change: Arc<Change>,
    /// Its number in the audit log; none before its first slice, and if no operator asked for it.
    pub action: Option<u64>,
    /// When it was started.
    pub started_at: Timestamp,
    /// When it ended; none while it runs.
    pub ended_at: Option<Timestamp>,
    /// How many jobs it has looked at.
    pub looked_at: u64,
    /// How many of them it has changed.
    pub changed: u64,
    /// Of how many it could not be told whether they are meant: they were left alone.
    pub unknown: u64,
    /// About how many it still has to look at: those that were there when it started, without what left the place since.
    pub left: u64,
    /// Whether it goes on.
    pub state: OperationState,
}

/// What a change has done to some jobs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Done {
    pub(crate) looked_at: u64,
    pub(crate) changed: u64,
    pub(crate) unknown: u64,
}

impl AddAssign for Done {
    fn add_assign(&mut self, more: Self) {
        self.looked_at += more.looked_at;
        self.changed += more.changed;
        self.unknown += more.unknown;
    }
}

/// The operations that are remembered, the latest started last.
#[derive(Debug, Default)]
pub(crate) struct Operations {
    reports: Vec<OperationReport>,
    /// As they were before the group, if it has changed them.
    before: Option<Vec<OperationReport>>,
}

impl Operations {
    /// Starts an operation. One that has ended is forgotten for it, if there are too many.
    pub(crate) fn start(&mut self, report: OperationReport) -> Result<(), WireError> {
        let id = report.id;
        if self.find(id).is_some() {
            let text = format!("there is an operation {id} already: name it otherwise");
            return Err(WireError::err(text));
        }
        let is_running = |report: &&OperationReport| report.state == OperationState::Running;
        // Those that are careful take hours and hardly any work: they must not keep others from being started.
        let is_careful =
            |report: &OperationReport| matches!(report.change.verb, ChangeVerb::RetryCarefully(_));
        let running = self.reports.iter().filter(is_running);
        let alike = running.filter(|running| is_careful(running) == is_careful(&report));
        if alike.count() >= OPERATIONS_RUNNING_MAX {
            return Err(WireError::err(format!(
                "{OPERATIONS_RUNNING_MAX} operations are running: wait for one to end, or cancel one"
            )));
        }
        self.keep();
        if self.reports.len() >= OPERATIONS_MAX
            && let Some(ended) = self.reports.iter().position(|report| !is_running(&report))
        {
            self.reports.remove(ended);
        }
        self.reports.push(report);
        Ok(())
    }

    pub(crate) fn all(&self) -> &[OperationReport] {
        &self.reports
    }

    /// How far an operation is, or why nobody knows.
    pub(crate) fn report(&self, id: OperationId) -> Result<&OperationReport, WireError> {
        self.find(id).ok_or_else(|| {
            WireError::err(format!(
                "there is no operation {id}: it was never started, or it has ended and is forgotten; the audit log tells of it"
            ))
        })
    }

    fn find(&self, id: OperationId) -> Option<&OperationReport> {
        self.reports.iter().find(|report| report.id == id)
    }

    /// Whether a change goes on. One without a name cannot be cancelled.
    pub(crate) fn goes_on(&self, id: Option<OperationId>) -> bool {
        id.is_none_or(|id| {
            let report = self.find(id);
            report.is_some_and(|report| report.state == OperationState::Running)
        })
    }

    /// A change has done so much more: that is kept if it is a running operation.
    pub(crate) fn advance(&mut self, id: Option<OperationId>, done: Done) {
        if let Some(report) = id.and_then(|id| self.running(id)) {
            report.looked_at += done.looked_at;
            report.changed += done.changed;
            report.unknown += done.unknown;
            report.left = report.left.saturating_sub(done.looked_at);
        }
    }

    /// The audit log tells of a running operation under this number.
    pub(crate) fn noted(&mut self, id: OperationId, action: u64) {
        let is_news = |report: &OperationReport| report.action.is_none();
        if self.report(id).is_ok_and(is_news)
            && let Some(report) = self.running(id)
        {
            report.action = Some(action);
        }
    }

    /// Ends an operation, if it is running.
    pub(crate) fn end(&mut self, id: OperationId, state: OperationState, now: Timestamp) {
        if let Some(report) = self.running(id) {
            if state == OperationState::Done {
                report.left = 0;
            }
            report.state = state;
            report.ended_at = Some(now);
        }
    }

    /// The running operation of this name, to be changed.
    fn running(&mut self, id: OperationId) -> Option<&mut OperationReport> {
        let is_it =
            |report: &OperationReport| report.id == id && report.state == OperationState::Running;
        let index = self.reports.iter().position(is_it)?;
        self.keep();
        self.reports.get_mut(index)
    }

    /// Keeps them as they are, before the first change in a group.
    fn keep(&mut self) {
        if self.before.is_none() {
            self.before = Some(self.reports.clone());
        }
    }

    /// Keeps what the group changed.
    pub(crate) fn commit(&mut self) {
        self.before = None;
    }

    /// Undoes what the group changed.
    pub(crate) fn roll_back(&mut self) {
        if let Some(before) = self.before.take() {
            self.reports = before;
        }
    }
}
