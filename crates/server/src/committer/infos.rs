//! INFOs that wait for their turn.
//!
//! With many queues one takes as long as hundreds of jobs, and clients who ask again and again would have nearly every
//! group hold one. So after one that took long, others wait for a while, together: one report then serves them all.

use std::time::{Duration, Instant};

use workmill_engine::Op;

use super::submission::Submission;

/// INFOs take up one part in so many of the time, about.
const SHARE: u32 = 10;

/// A group that took no longer than this holds nobody up, whatever was in it.
const SHORT: Duration = Duration::from_millis(1);

/// Puts INFOs off after one that took long.
#[derive(Debug, Default)]
pub(super) struct Infos {
    waiting: Vec<Submission>,
    /// None are run before this.
    paused_until: Option<Instant>,
    /// The group at work has some.
    in_group: bool,
}

impl Infos {
    /// Takes those INFOs out of what a group is to run whose time has not come, or adds those whose time has, if `all`
    /// or by now.
    pub(super) fn sift(&mut self, submissions: &mut Vec<Submission>, now: Instant, all: bool) {
        if !all && self.paused_until.is_some_and(|until| now < until) {
            self.in_group = false;
            self.waiting
                .extend(submissions.extract_if(.., |one| is_info(one)));
        } else {
            submissions.append(&mut self.waiting);
            self.in_group = submissions.iter().any(is_info);
        }
    }

    /// When those that wait are to be run.
    pub(super) fn due(&self) -> Option<Instant> {
        self.paused_until.filter(|_| !self.waiting.is_empty())
    }

    /// Notes that the group was run, since `begun`.
    pub(super) fn note_run(&mut self, begun: Instant, now: Instant) {
        let took = now.saturating_duration_since(begun);
        if self.in_group && took > SHORT {
            self.paused_until = Some(now + took * (SHARE - 1));
        }
    }
}

/// Whether it is nothing but INFOs, as a client's is that asks for one.
fn is_info(submission: &Submission) -> bool {
    submission.ops.iter().all(|op| matches!(op, Op::Info))
}

#[cfg(test)]
mod tests {
    use smallvec::{SmallVec, smallvec};
    use workmill_engine::Ticket;

    use super::*;

    fn submission(serial: u64, ops: SmallVec<[Op; 1]>) -> Submission {
        Submission {
            serial,
            ops,
            bytes: 0,
            sink: None,
        }
    }

    fn info(serial: u64) -> Submission {
        submission(serial, smallvec![Op::Info])
    }

    fn other(serial: u64) -> Submission {
        submission(serial, smallvec![Op::Forget(Ticket(0)), Op::Info])
    }

    /// The serials of what is run.
    fn sift(infos: &mut Infos, submissions: Vec<Submission>, now: Instant, all: bool) -> Vec<u64> {
        let mut submissions = submissions;
        infos.sift(&mut submissions, now, all);
        submissions.iter().map(|one| one.serial).collect()
    }

    #[test]
    fn infos_wait_after_a_long_one_and_others_do_not() {
        let mut infos = Infos::default();
        let begun = Instant::now();
        assert_eq!(
            sift(&mut infos, vec![info(0), other(1)], begun, false),
            [0, 1]
        );
        let ended = begun + Duration::from_millis(10);
        infos.note_run(begun, ended);
        assert_eq!(
            sift(&mut infos, vec![info(2), other(3), info(4)], ended, false),
            [3]
        );
        let due = infos.due().unwrap();
        assert_eq!(due, ended + Duration::from_millis(90));
        // The time of a group without one does not count.
        infos.note_run(ended, due);
        assert_eq!(sift(&mut infos, vec![info(5)], due, false), [5, 2, 4]);
        assert_eq!(infos.due(), None);
    }

    #[test]
    fn short_ones_make_nobody_wait() {
        let mut infos = Infos::default();
        let begun = Instant::now();
        sift(&mut infos, vec![info(0)], begun, false);
        infos.note_run(begun, begun + SHORT);
        assert_eq!(sift(&mut infos, vec![info(1)], begun + SHORT, false), [1]);
    }

    #[test]
    fn at_the_end_all_are_run() {
        let mut infos = Infos::default();
        let begun = Instant::now();
        sift(&mut infos, vec![info(0)], begun, false);
        infos.note_run(begun, begun + Duration::from_secs(1));
        let now = begun + Duration::from_secs(1);
        assert_eq!(sift(&mut infos, vec![info(1)], now, false), [0; 0]);
        assert_eq!(sift(&mut infos, vec![], now, true), [1]);
    }
}
