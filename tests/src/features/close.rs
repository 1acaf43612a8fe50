//! The end of a book: everything has run that there was.

use jiff::Timestamp;

use super::book::Book;
use super::job::{Entry, Status};

impl Book {
    /// The queues and sets are empty: decides what became of jobs that did not end in the hands of a client.
    pub(super) fn settle(&mut self) {
        let (callbacks, jobs): (Vec<_>, Vec<_>) = self
            .with_status(&[
                Status::PushSent,
                Status::Waiting,
                Status::Held,
                Status::AckSent,
                Status::FailSent,
                Status::RequeueSent,
            ])
            .into_iter()
            .partition(|(jid, _)| self.jobs[jid].plan.callback.is_some());
        for (jid, status) in jobs {
            let entry = self.entry(&jid);
            entry.lock_free_since.get_or_insert(Timestamp::now());
            let may_have_expired = entry.may_have_expired();
            match (status, may_have_expired) {
                // If it was pushed, it has expired.
                (Status::PushSent, true) => self.expired_unknown += 1,
                (Status::PushSent, false) => entry.course.status = Status::Absent,
                (Status::Waiting, true) => {
                    entry.course.status = Status::Expired;
                    self.checked.expired += 1;
                }
                _ => {
                    let fails = entry.course.fails;
                    self.violate(format!("{jid} is lost ({status:?}, {fails} failures)"));
                }
            }
        }
        for (jid, status) in callbacks {
            let Some((batch, kind)) = self.jobs[&jid].plan.callback.clone() else {
                continue;
            };
            let fails = self.jobs[&jid].course.fails;
            let is_due = self.readiness(&batch, kind).certain;
            if is_due || fails > 0 || status != Status::Waiting {
                self.violate(format!(
                    "{jid} never came or is lost ({status:?}, {fails} failures)"
                ));
            }
        }
    }

    /// Forgets everything that is over, but for locks that may outlive their jobs.
    pub(super) fn close(&mut self) {
        self.checked.batches += self.batches.len() as u64;
        self.batches.clear();
        for (jid, entry) in std::mem::take(&mut self.jobs) {
            self.checked.jobs += u64::from(entry.course.status.is_over());
            let is_callback = entry.plan.callback.is_some();
            self.checked.callbacks += u64::from(is_callback && entry.course.status == Status::Done);
            if entry.leaves_lock() {
                self.jobs.insert(jid, entry);
            } else {
                self.finished.insert(jid);
            }
        }
        let jobs = &self.jobs;
        for rivals in self.rivals.values_mut() {
            rivals.retain(|jid| jobs.contains_key(jid));
        }
        self.backlog = 0;
    }
}

impl Entry {
    fn leaves_lock(&self) -> bool {
        self.course.status == Status::Failed && self.plan.unique.is_some()
    }
}
