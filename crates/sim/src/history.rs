//! What clients saw, held against what they were promised.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use workmill_cluster::Epoch;

use crate::server::Place;
use crate::world::SECOND;

/// Within this time the leader is told that a job was delivered, unless the server is gone: no server is away for longer.
const LATELY: u64 = 60 * SECOND;

/// A promise that was broken, or a fault of the simulator itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation(pub String);

/// What clients saw.
#[derive(Debug, Default)]
pub struct History {
    jobs: BTreeMap<String, JobStory>,
    /// Jobs that are not ended.
    open: usize,
    /// By key of uniqueness the jobs that have it, as far as clients know.
    unique: BTreeMap<u32, BTreeSet<String>>,
    /// Batches that were committed, by their callback.
    batches: BTreeSet<String>,
    cron_jobs: BTreeSet<String>,
    /// When the leader gave up on runs of servers: what was on its way to their clients may reach them all the same.
    given_up: BTreeMap<(usize, u64), u64>,
    last_epoch: Epoch,
    violations: Vec<Violation>,
    /// How often leaders changed.
    pub takeovers: u64,
    /// How many groups were committed.
    pub groups: u64,
    /// How many jobs clients have ended.
    pub ended: u64,
}

/// The story of one job.
#[derive(Debug, Default)]
struct JobStory {
    push: Known,
    unique: Option<u32>,
    /// The callback of its batch.
    callback: Option<String>,
    /// Who has it, on which server, unless that one is gone.
    holder: Option<(String, Place)>,
    started: u64,
    started_at: u64,
    /// Whether it may have been given back while a worker had it, as its server was gone before it could say so.
    contested: bool,
    ack_sent: bool,
    ended: bool,
    failed: bool,
}

/// What a client knows of what it asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Known {
    #[default]
    Asked,
    Done,
    Refused,
    Unknown,
}

impl History {
    /// What went wrong.
    pub fn violations(&self) -> &[Violation] {
        &self.violations
    }

    pub(crate) fn fault(&mut self, text: String) {
        self.violations.push(Violation(text));
    }

    /// How many jobs are not ended.
    pub(crate) fn backlog(&self) -> usize {
        self.open
    }

    /// A job; one that is heard of for the first time is open.
    fn job(&mut self, jid: &str) -> &mut JobStory {
        let job = self.jobs.entry(jid.to_owned());
        self.open += usize::from(matches!(job, Entry::Vacant(_)));
        job.or_default()
    }

    pub(crate) fn push_sent(&mut self, jid: &str, unique: Option<u32>, callback: Option<&str>) {
        let job = self.job(jid);
        job.unique = unique;
        job.callback = callback.map(str::to_owned);
    }

    pub(crate) fn push_answered(&mut self, jid: &str) {
        let job = self.job(jid);
        job.push = Known::Done;
        let (unique, given_up) = (job.unique, job.ack_sent || job.ended);
        let Some(key) = unique.filter(|_| !given_up) else {
            return;
        };
        let holders = self.unique.entry(key).or_default();
        holders.insert(jid.to_owned());
        if holders.len() > 1 {
            let text = format!("unique jobs of key {key} at the same time: {holders:?}");
            self.fault(text);
        }
    }

    pub(crate) fn push_refused(&mut self, jid: &str) {
        let job = self.job(jid);
        job.push = Known::Refused;
        let was_started = job.started > 0;
        self.end(jid);
        if was_started {
            self.fault(format!("{jid} was refused and delivered"));
        }
    }

    pub(crate) fn push_unknown(&mut self, jid: &str) {
        let job = self.job(jid);
        job.push = Known::Unknown;
        self.end(jid);
    }

    /// The job counts no more as one that is to be done; it may be all the same.
    fn end(&mut self, jid: &str) {
        let job = self.job(jid);
        let was_open = !std::mem::replace(&mut job.ended, true);
        self.open -= usize::from(was_open);
    }

    pub(crate) fn batch_committed(&mut self, callback: &str) {
        self.batches.insert(callback.to_owned());
        self.push_sent(callback, None, None);
        self.job(callback).push = Known::Done;
    }

    pub(crate) fn started(&mut self, jid: &str, jobtype: &str, wid: &str, place: Place, now: u64) {
        if jobtype == "Cron" && self.cron_jobs.insert(jid.to_owned()) {
            self.push_sent(jid, None, None);
            self.job(jid).push = Known::Done;
        }
        let unfinished = self.unfinished_members(jid);
        let given_up = self.given_up.get(&(place.index, place.run));
        let is_late = given_up.is_some_and(|at| at + LATELY >= now);
        let job = self.job(jid);
        job.contested |= is_late;
        job.started += 1;
        job.started_at = now;
        let before = job.holder.replace((wid.to_owned(), place));
        let before = before.filter(|_| !job.contested);
        let acked = job.ended && job.push == Known::Done && !job.contested;
        let push = job.push;
        if acked {
            self.fault(format!(
                "{jid} is delivered to {wid} at {now} after its ACK was answered"
            ));
        }
        if push == Known::Refused {
            self.fault(format!("{jid} was refused and is delivered"));
        }
        if let Some((other, place)) = before {
            let text =
                format!("{jid} is delivered to {wid} at {now} while {other} has it, by {place:?}");
            self.fault(text);
        }
        if let Some(member) = unfinished {
            self.fault(format!(
                "{jid} is called though {member} of its batch has not succeeded"
            ));
        }
    }

    /// A member of the batch whose callback this is that was pushed and has not been ended.
    fn unfinished_members(&self, callback: &str) -> Option<String> {
        if !self.batches.contains(callback) {
            return None;
        }
        let mut members = self.jobs.iter().filter(|(_, job)| {
            job.callback.as_deref() == Some(callback) && job.push == Known::Done && !job.ack_sent
        });
        members.next().map(|(jid, _)| jid.clone())
    }

    pub(crate) fn ack_sent(&mut self, jid: &str) {
        let job = self.job(jid);
        job.ack_sent = true;
        let unique = job.unique;
        // From here on the lock may be free.
        if let Some(holders) = unique.and_then(|key| self.unique.get_mut(&key)) {
            holders.remove(jid);
        }
    }

    pub(crate) fn fail_sent(&mut self, jid: &str) {
        self.release(jid);
        self.job(jid).failed = true;
    }

    fn release(&mut self, jid: &str) {
        self.job(jid).holder = None;
    }

    pub(crate) fn ack_answered(&mut self, jid: &str, wid: &str) {
        let job = self.job(jid);
        let was_ended = job.ended && job.push == Known::Done && !job.contested;
        let is_holder = job.holder.as_ref().is_some_and(|(holder, _)| holder == wid);
        job.holder = None;
        self.ended += 1;
        self.end(jid);
        if was_ended && is_holder {
            self.fault(format!("{jid} is ended twice"));
        }
    }

    /// An ACK or a FAIL was refused: rightly, if the worker had lost the job, or had said so before.
    pub(crate) fn end_refused(&mut self, jid: &str, wid: &str, said_before: bool, text: &str) {
        let job = self.job(jid);
        let is_holder = job.holder.as_ref().is_some_and(|(holder, _)| holder == wid);
        if said_before || job.contested {
            job.holder.take_if(|(holder, _)| holder == wid);
            // It was heard the first time, or the job has gone back.
            if job.ack_sent && !job.failed {
                self.end(jid);
            }
            return;
        }
        if is_holder {
            self.release(jid);
            self.fault(format!("{wid} has {jid} and may not end it: {text}"));
        }
    }

    /// A server is gone, or nobody heard of it for long: jobs that it has delivered lately may be delivered again.
    pub(crate) fn server_gone(&mut self, index: usize, now: u64) {
        for job in self.jobs.values_mut() {
            let is_new = job.started_at + LATELY >= now;
            let taken = job
                .holder
                .take_if(|(_, place)| place.index == index && is_new);
            job.contested |= taken.is_some();
        }
    }

    /// The leader gives jobs back that were on their way to clients of this run of a server, or have just reached them.
    pub(crate) fn server_given_up(&mut self, place: Place, now: u64) {
        self.given_up.insert((place.index, place.run), now);
        self.server_gone(place.index, now);
    }

    pub(crate) fn note_forgotten(&mut self, now: u64) {
        self.fault(format!("a server is forgotten at {now}"));
    }

    pub(crate) fn committed(&mut self, epoch: Epoch, now: u64) {
        self.groups += 1;
        if epoch < self.last_epoch {
            let last = self.last_epoch;
            self.fault(format!(
                "a group of {epoch:?} is committed at {now}, after one of {last:?}"
            ));
        }
        self.last_epoch = self.last_epoch.max(epoch);
    }

    /// All is over, and has been quiet for long: what was promised must have come about. So many minutes have begun.
    pub(crate) fn settle(&mut self, minutes: usize) {
        let open = self
            .jobs
            .iter()
            .filter(|(_, job)| !job.ended && job.push == Known::Done);
        let stuck: Vec<String> = open
            .map(|(jid, job)| {
                format!(
                    "{jid} was pushed, started {} times, and is not ended",
                    job.started
                )
            })
            .collect();
        let more = stuck.len().saturating_sub(5);
        for text in stuck.into_iter().take(5) {
            self.fault(text);
        }
        if more > 0 {
            self.fault(format!("and {more} more jobs are not ended"));
        }
        if self.cron_jobs.len() > minutes {
            let jobs = self.cron_jobs.len();
            self.fault(format!("cron has pushed {jobs} jobs in {minutes} minutes"));
        }
    }
}
