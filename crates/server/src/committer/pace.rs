//! How long to gather before a group is run.
//!
//! A commit and its sync cost the same for one command as for fifty, and clients that have just been answered
//! mostly ask again at once. So a group waits for them, as long as that costs nobody much: until as many have
//! come as were answered last, for as long as one sync takes at most. A lonely client waits for nobody.

use std::time::{Duration, Instant};

/// How many submissions are enough: with more, what each of them saves is not worth a wait.
const ENOUGH: usize = 32;

/// The longest a group waits for more, however slow the disk is.
const PATIENCE_MAX: Duration = Duration::from_millis(1);

/// What is known of the groups before.
#[derive(Debug, Default)]
pub(super) struct Pace {
    /// Committed groups that are not answered yet, as they are not synced.
    unsynced: usize,
    /// How many submissions were answered last, and when.
    answered: Option<(usize, Instant)>,
    /// How long the last sync took.
    sync_took: Duration,
}

/// What the committer does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Runs what waits.
    Run,
    /// Sleeps.
    Sleep(Sleep),
}

/// How long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sleep {
    /// Until then at most.
    pub(super) until: Option<Instant>,
    /// Until so many submissions wait.
    pub(super) wake_at: usize,
}

impl Pace {
    pub(super) fn note_sync_begun(&mut self) {
        self.unsynced += 1;
    }

    pub(super) fn note_synced(&mut self, took: Duration) {
        self.unsynced = self.unsynced.saturating_sub(1);
        self.sync_took = took;
    }

    pub(super) fn note_answered(&mut self, now: Instant, answered: usize) {
        if answered > 0 {
            self.answered = Some((answered, now));
        }
    }

    pub(super) fn is_syncing(&self) -> bool {
        self.unsynced > 0
    }

    /// What to do when so many submissions wait and the committer is free since `free_since`.
    pub(super) fn next(&self, waiting: usize, free_since: Instant, now: Instant) -> Next {
        let (answered, answered_at) = self.answered.unwrap_or((1, free_since));
        let wanted = answered.clamp(1, ENOUGH);
        if waiting >= wanted {
            return Next::Run;
        }
        // What is run meanwhile could not be synced before that one is.
        let until = match self.is_syncing() {
            true => None,
            false => Some(answered_at.max(free_since) + self.sync_took.min(PATIENCE_MAX)),
        };
        let patient = until.is_none_or(|until| now < until);
        match (patient, waiting) {
            (true, _) => Next::Sleep(Sleep {
                until,
                wake_at: wanted,
            }),
            (false, 0) => Next::Sleep(Sleep {
                until: None,
                wake_at: 1,
            }),
            (false, _) => Next::Run,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SYNC: Duration = Duration::from_micros(200);

    /// So many answered at the instant, after a sync.
    fn after(answered: usize) -> (Pace, Instant) {
        let now = Instant::now();
        let mut pace = Pace::default();
        pace.note_sync_begun();
        pace.note_synced(SYNC);
        pace.note_answered(now, answered);
        (pace, now)
    }

    fn sleep(until: Option<Instant>, wake_at: usize) -> Next {
        Next::Sleep(Sleep { until, wake_at })
    }

    #[test]
    fn the_first_command_of_all_is_run_at_once() {
        let now = Instant::now();
        assert_eq!(Pace::default().next(1, now, now), Next::Run);
        assert_eq!(Pace::default().next(0, now, now), sleep(None, 1));
    }

    #[test]
    fn a_lonely_client_waits_for_nobody() {
        let (pace, now) = after(1);
        assert_eq!(pace.next(1, now, now), Next::Run);
    }

    #[test]
    fn those_who_were_answered_are_waited_for_as_long_as_a_sync_takes() {
        let (pace, now) = after(10);
        assert_eq!(pace.next(9, now, now), sleep(Some(now + SYNC), 10));
        assert_eq!(pace.next(10, now, now), Next::Run);
        assert_eq!(pace.next(9, now, now + SYNC), Next::Run);
        assert_eq!(pace.next(0, now, now + SYNC), sleep(None, 1));
    }

    #[test]
    fn nobody_waits_for_more_than_enough_or_for_a_slow_disk() {
        let (mut pace, now) = after(1_000);
        assert_eq!(pace.next(ENOUGH, now, now), Next::Run);
        pace.note_synced(Duration::from_secs(1));
        let until = Some(now + PATIENCE_MAX);
        assert_eq!(pace.next(1, now, now), sleep(until, ENOUGH));
    }

    #[test]
    fn a_group_that_could_not_be_synced_yet_gathers_on() {
        let (mut pace, now) = after(10);
        pace.note_sync_begun();
        let later = now + Duration::from_secs(1);
        assert_eq!(pace.next(9, now, later), sleep(None, 10));
        assert_eq!(pace.next(10, now, later), Next::Run);
    }
}
