//! The rule of callbacks: when their time has come.

use super::batches::Progress;
use super::book::Book;
use super::job::{Entry, Status};
use super::plan::Kind;

/// Whether something is so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Truth {
    pub(super) certain: bool,
    pub(super) possible: bool,
}

impl Truth {
    const YES: Self = Self {
        certain: true,
        possible: true,
    };

    fn and(self, other: Self) -> Self {
        Self {
            certain: self.certain && other.certain,
            possible: self.possible && other.possible,
        }
    }

    fn of(progress: Progress) -> Self {
        Self {
            certain: progress == Progress::Acknowledged,
            possible: progress != Progress::NotSent,
        }
    }

    /// Whether a job is acknowledged.
    pub(super) fn of_end(entry: &Entry) -> Self {
        Self {
            certain: entry.course.status == Status::Done,
            possible: matches!(entry.course.status, Status::Done | Status::AckSent),
        }
    }
}

impl Book {
    /// Whether a callback's time has come.
    pub(super) fn readiness(&self, batch: &str, kind: Kind) -> Truth {
        match kind {
            Kind::Complete => self.has_run(batch),
            Kind::Success => self.has_only_successes(batch),
        }
    }

    /// Whether each member has run, and each child is complete.
    fn has_run(&self, name: &str) -> Truth {
        let ran = self.members(name, |pending, _| pending == 0);
        self.children(name, |child| self.is_complete(child))
            .and(ran)
    }

    /// Whether it is complete, each member has succeeded, and so has each child.
    fn has_only_successes(&self, name: &str) -> Truth {
        let done = self.members(name, |pending, failed| pending + failed == 0);
        self.children(name, |child| self.has_succeeded(child))
            .and(done)
            .and(self.is_complete(name))
    }

    fn is_complete(&self, name: &str) -> Truth {
        self.called(name, Kind::Complete)
            .unwrap_or_else(|| self.has_run(name))
    }

    fn has_succeeded(&self, name: &str) -> Truth {
        self.called(name, Kind::Success)
            .unwrap_or_else(|| self.has_only_successes(name))
    }

    /// Whether a callback is acknowledged; none if there is no such callback.
    fn called(&self, name: &str, kind: Kind) -> Option<Truth> {
        let batch = &self.batches[name];
        let jid = format!("{name}-{}", kind.name());
        let is_there = batch.callbacks.contains(&kind);
        is_there.then(|| Truth::of_end(&self.jobs[&jid]))
    }

    /// Whether it is committed and this holds for all its members' `pending` and `failed`.
    fn members(&self, name: &str, holds: impl Fn(u64, u64) -> bool) -> Truth {
        let batch = &self.batches[name];
        let jobs = batch.members.iter().map(|jid| self.jobs[jid].counts());
        let truths = jobs.map(|counts| Truth {
            certain: counts.iter().all(|(_, p, f)| holds(*p, *f)),
            possible: counts.iter().any(|(_, p, f)| holds(*p, *f)),
        });
        truths.fold(Truth::of(batch.committed), Truth::and)
    }

    fn children(&self, name: &str, holds: impl Fn(&str) -> Truth) -> Truth {
        let batch = &self.batches[name];
        let truths = batch.children.iter().map(|(child, told)| {
            let truth = holds(child);
            // One that the server may not know of may not be waited for.
            let possible = truth.possible || *told != Progress::Acknowledged;
            Truth { possible, ..truth }
        });
        let lost = Truth {
            certain: !batch.has_lost_child,
            possible: true,
        };
        truths.fold(Truth::YES, Truth::and).and(lost)
    }
}
