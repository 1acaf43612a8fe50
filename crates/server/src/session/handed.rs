//! Jobs whose replies have been written to the last byte, until the client's system has them.
//!
//! What is written is with the system first, which sends it when the client has room. If the connection ends before, the
//! client has not read it, and the jobs go back to their places in their queues at once ([`Op::Nack`]). Each is named by its key
//! and the time of its reservation, so that a late nack cannot take it from its next worker. What was received belongs to the
//! client, whether it was read or not; so does what was sent in the last half second before a reset, as it may have been read
//! before it was acknowledged.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use smallvec::SmallVec;
use workmill_engine::{DeliveryTag, Op};

use super::socket::Progress;
use crate::gate::Gate;

/// How long a system may take to acknowledge what it has received. What was sent later than this before the connection broke
/// may have been read although it is not acknowledged; what was sent earlier was not received. The bound of TCP.
const ACKNOWLEDGED_WITHIN: Duration = Duration::from_millis(500);

/// With so many jobs the system is asked for the first time which of them have arrived: rarely, as it costs a system call.
const LOOK_AT_JOBS: usize = 64;

/// The jobs of one connection that the client may not have received. Gives back what is left when it is dropped.
#[derive(Debug)]
pub(super) struct Handed {
    /// Each with the place in the stream where its reply ends.
    jobs: VecDeque<(DeliveryTag, u64)>,
    /// When the last of the replies was written.
    last_at: Option<Instant>,
    look_at_jobs: usize,
    /// Whether somebody keeps account of the jobs that have not arrived.
    looks_often: bool,
    gate: Arc<dyn Gate>,
}

impl Handed {
    pub(super) fn new(gate: Arc<dyn Gate>, looks_often: bool) -> Self {
        Self {
            jobs: VecDeque::new(),
            last_at: None,
            look_at_jobs: LOOK_AT_JOBS,
            looks_often,
            gate,
        }
    }

    /// Notes a job whose reply ends at a place of the stream, and was written at `now`. `progress` tells how far the
    /// stream has come.
    pub(super) fn add(
        &mut self,
        job: DeliveryTag,
        end: u64,
        now: Instant,
        progress: impl FnOnce() -> Option<Progress>,
    ) {
        self.jobs.push_back((job, end));
        self.last_at = Some(now);
        if self.jobs.len() < self.look_at_jobs {
            return;
        }
        self.note(progress());
        self.look_at_jobs = LOOK_AT_JOBS.max(2 * self.jobs.len());
        self.jobs.shrink_to(LOOK_AT_JOBS);
    }

    /// Whether somebody wants to know of jobs that have not arrived, as far as is known.
    pub(super) fn is_looked_for(&self) -> bool {
        self.looks_often && !self.jobs.is_empty()
    }

    /// Forgets the jobs that have arrived, if somebody wants to know.
    pub(super) fn look(&mut self, progress: impl FnOnce() -> Option<Progress>) {
        if self.is_looked_for() {
            self.note(progress());
        }
    }

    /// Whether every job has arrived, as far as is known.
    pub(super) fn is_empty(&self) -> bool {
        self.jobs.is_empty()
    }

    /// Forgets the jobs that have arrived; all of them, if the system does not tell.
    pub(super) fn note(&mut self, progress: Option<Progress>) {
        let arrived = progress.map_or(u64::MAX, |progress| progress.acknowledged);
        self.forget_until(arrived);
    }

    /// The connection ends, at `now`: forgets the jobs that have arrived, or may have.
    pub(super) fn end(&mut self, progress: Option<Progress>, now: Instant) {
        self.note(progress);
        let is_recent = self
            .last_at
            .is_some_and(|at| now.saturating_duration_since(at) < ACKNOWLEDGED_WITHIN);
        if let Some(progress) = progress
            && is_recent
        {
            self.forget_until(progress.sent);
        }
    }

    fn forget_until(&mut self, place: u64) {
        let arrived = self.jobs.partition_point(|&(_, end)| end <= place);
        if arrived == 0 {
            return;
        }
        let arrived = self.jobs.drain(..arrived).map(|(job, _)| job);
        self.gate.delivered(&arrived.collect::<SmallVec<[_; 8]>>());
    }
}

impl Drop for Handed {
    fn drop(&mut self) {
        if self.jobs.is_empty() {
            return;
        }
        let jobs: Vec<DeliveryTag> = self.jobs.drain(..).map(|(job, _)| job).collect();
        tracing::debug!(
            jobs = jobs.len(),
            "a connection ended before its client received its jobs: they go back to their queues"
        );
        self.gate.submit_unanswered(Op::Nack(jobs));
    }
}

#[cfg(test)]
mod tests {
    use workmill_proto::SteadyTime;
    use workmill_store::JobKey;

    use super::*;
    use crate::committer::Inbox;

    const SLOW: Duration = Duration::from_secs(1);

    fn tag(number: i64) -> DeliveryTag {
        DeliveryTag {
            key: JobKey(number),
            reserved_at: SteadyTime::from_micros(number),
        }
    }

    fn progress(sent: u64, acknowledged: u64) -> Option<Progress> {
        Some(Progress {
            sent,
            acknowledged,
            is_final: true,
        })
    }

    /// Which of three jobs, whose replies end at 10, 20 and 30, are left when the connection ends so long after the last.
    fn left(progress: Option<Progress>, after: Duration) -> Vec<i64> {
        let mut handed = Handed::new(Arc::new(Inbox::default()), false);
        let now = Instant::now();
        for number in 1..=3 {
            let end = 10 * u64::try_from(number).unwrap();
            handed.add(tag(number), end, now, || panic!("too early to ask"));
        }
        handed.end(progress, now + after);
        let left = handed.jobs.drain(..).map(|(job, _)| job.key.0);
        left.collect()
    }

    #[test]
    fn jobs_that_have_arrived_are_kept_and_those_that_have_not_left_go_back() {
        for after in [Duration::ZERO, SLOW] {
            assert_eq!(left(progress(30, 30), after), [0; 0]);
            assert_eq!(left(progress(20, 20), after), [3]);
            assert_eq!(left(progress(29, 19), SLOW), [2, 3]);
            assert_eq!(left(progress(9, 9), after), [1, 2, 3]);
            assert_eq!(left(None, after), [0; 0]);
        }
    }

    #[test]
    fn job_that_was_sent_just_now_may_have_been_read_before_it_is_acknowledged() {
        assert_eq!(left(progress(29, 5), Duration::ZERO), [3]);
        assert_eq!(left(progress(29, 5), ACKNOWLEDGED_WITHIN), [1, 2, 3]);
    }

    #[test]
    fn what_has_arrived_is_forgotten_now_and_then() {
        let mut handed = Handed::new(Arc::new(Inbox::default()), false);
        let now = Instant::now();
        let mut asked = 0;
        for number in 1..=1_000 {
            let end = u64::try_from(number).unwrap();
            handed.add(tag(number), end, now, || {
                asked += 1;
                progress(end, end)
            });
        }
        assert!(handed.jobs.len() < LOOK_AT_JOBS && asked < 20);
        // Nothing arrives any more: it is not asked for each job again.
        for number in 1_001..=2_000 {
            let end = u64::try_from(number).unwrap();
            handed.add(tag(number), end, now, || {
                asked += 1;
                progress(1_000, 1_000)
            });
        }
        assert!(handed.jobs.len() >= 1_000 && asked < 25, "{asked}");
        handed.note(progress(2_000, 2_000));
        assert!(handed.is_empty());
    }
}
