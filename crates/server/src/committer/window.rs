//! The group-commit window: how long to gather before a group is run.
//!
//! A commit and its sync cost about the same for one command as for fifty, and clients that have just been answered
//! mostly ask again at once. So a group waits for them as long as that costs nobody much: for as long as one sync takes
//! at most, and until half of them have come if they fit into one group. With more clients groups are pipelined: while some are
//! synced, others are run. A single client waits for nobody, and without syncs nobody does.

use std::time::{Duration, Instant};

/// So many clients are served in one group, which the committer syncs itself: to let the processor wait for the disk
/// costs them less than smaller groups and hand-overs to another thread would. A group is run when half of them have
/// come, as the others mostly come while the committer polls for more.
pub(super) const INLINE_SYNC_CLIENTS_MAX: usize = 128;

/// If they are so few, a group waits for them all: each sync that is saved counts.
const WAIT_FOR_ALL_MAX: usize = 10;

/// If there are more clients, so many are enough for a group, which is run while others are synced: with more, what each
/// of them saves is not worth a wait.
const PIPELINED_GROUP_ENOUGH: usize = 32;

/// So many committed groups are not synced at most, so that no sync becomes long.
pub(super) const UNSYNCED_MAX: usize = 3;

/// How long the window is open at most, however slow the disk is.
pub(super) const WINDOW_MAX: Duration = Duration::from_millis(1);

/// What is known of the groups before.
#[derive(Debug, Default)]
pub(super) struct CommitWindow {
    /// Committed groups that are not answered yet, as they are not synced, and the submissions in them.
    unsynced: usize,
    unsynced_submissions: usize,
    /// How many clients were waiting for an answer, of any group, when the last group was answered, and when that
    /// was.
    clients: Option<(usize, Instant)>,
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

impl CommitWindow {
    /// A committed group of so many submissions goes to be synced.
    pub(super) fn note_sync_begun(&mut self, submissions: usize) {
        self.unsynced += 1;
        self.unsynced_submissions += submissions;
    }

    /// So many groups with so many submissions were synced together, in so long.
    pub(super) fn note_synced(&mut self, groups: usize, submissions: usize, took: Duration) {
        self.unsynced = self.unsynced.saturating_sub(groups);
        self.unsynced_submissions = self.unsynced_submissions.saturating_sub(submissions);
        self.note_sync(took);
    }

    /// How long a sync took that nobody else had to wait for.
    pub(super) fn note_sync(&mut self, took: Duration) {
        self.sync_took = took;
    }

    /// Whether the committer had better sync a group of so many submissions itself: it is all there is to run, and the
    /// disk is fast enough not to hold up the connections.
    pub(super) fn syncs_inline(&self, submissions: usize, waiting: usize) -> bool {
        let are_all = submissions <= INLINE_SYNC_CLIENTS_MAX && self.fit_one_group();
        self.unsynced == 0 && waiting == 0 && are_all && self.sync_took <= WINDOW_MAX
    }

    /// Whether all clients fit into one group.
    fn fit_one_group(&self) -> bool {
        self.clients
            .is_none_or(|(clients, _)| clients <= INLINE_SYNC_CLIENTS_MAX)
    }

    /// So many submissions were answered while others were `waiting` to be run.
    pub(super) fn note_answered(&mut self, now: Instant, answered: usize, waiting: usize) {
        if answered > 0 {
            self.clients = Some((answered + waiting + self.unsynced_submissions, now));
        }
    }

    /// Whether one more committed group may wait for its sync. Not if many submissions do: those that wait for their
    /// group meanwhile make it a larger one, in which each of them costs less.
    pub(super) fn may_sync_more(&self) -> bool {
        let are_few = self.unsynced_submissions < PIPELINED_GROUP_ENOUGH;
        !self.is_syncing() || (are_few && self.unsynced < UNSYNCED_MAX)
    }

    /// Whether a committed group is not synced yet.
    pub(super) fn is_syncing(&self) -> bool {
        self.unsynced > 0
    }

    /// Whether more than these had better wait for the next group, which is run while this one is synced. Without syncs
    /// nothing is gained by that, and the larger a group the less each costs. A single client is all there is.
    pub(super) fn is_enough(&self, waiting: usize) -> bool {
        let is_single = self.clients.is_some_and(|(clients, _)| clients == 1);
        let enough = match self.fit_one_group() {
            true => INLINE_SYNC_CLIENTS_MAX,
            false => PIPELINED_GROUP_ENOUGH,
        };
        is_single || (!self.sync_took.is_zero() && waiting >= enough)
    }

    /// What to do when so many submissions wait and the committer is free since `free_since`.
    pub(super) fn next(&self, waiting: usize, free_since: Instant, now: Instant) -> Next {
        let (clients, answered_at) = self.clients.unwrap_or((1, free_since));
        let wanted = match self.fit_one_group() {
            true => (clients / 2).max(WAIT_FOR_ALL_MAX).min(clients),
            false => PIPELINED_GROUP_ENOUGH,
        };
        if waiting >= wanted {
            return Next::Run;
        }
        // What is run meanwhile cannot be synced before that one is.
        let until = match self.is_syncing() {
            true => None,
            false => Some(answered_at.max(free_since) + self.sync_took.min(WINDOW_MAX)),
        };
        let is_open = until.is_none_or(|until| now < until);
        match (is_open, waiting) {
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

    /// So many clients answered at the instant, after a sync.
    fn after(clients: usize) -> (CommitWindow, Instant) {
        let now = Instant::now();
        let mut window = CommitWindow::default();
        window.note_sync_begun(clients);
        window.note_synced(1, clients, SYNC);
        window.note_answered(now, clients, 0);
        (window, now)
    }

    fn sleep(until: Option<Instant>, wake_at: usize) -> Next {
        Next::Sleep(Sleep { until, wake_at })
    }

    #[test]
    fn the_first_command_of_all_is_run_at_once() {
        let now = Instant::now();
        assert_eq!(CommitWindow::default().next(1, now, now), Next::Run);
        assert_eq!(CommitWindow::default().next(0, now, now), sleep(None, 1));
    }

    #[test]
    fn a_single_client_waits_for_nobody() {
        let (window, now) = after(1);
        assert_eq!(window.next(1, now, now), Next::Run);
    }

    #[test]
    fn clients_who_fit_into_one_group_are_waited_for_as_long_as_a_sync_takes() {
        for (clients, wanted) in [
            (2, 2),
            (9, 9),
            (15, WAIT_FOR_ALL_MAX),
            (INLINE_SYNC_CLIENTS_MAX, INLINE_SYNC_CLIENTS_MAX / 2),
        ] {
            let (window, now) = after(clients);
            let gathering = sleep(Some(now + SYNC), wanted);
            assert_eq!(window.next(wanted - 1, now, now), gathering);
            assert_eq!(window.next(wanted, now, now), Next::Run);
            assert_eq!(window.next(wanted - 1, now, now + SYNC), Next::Run);
            assert_eq!(window.next(0, now, now + SYNC), sleep(None, 1));
        }
    }

    #[test]
    fn of_more_clients_some_are_run_while_others_are_synced() {
        let now = Instant::now();
        let mut window = CommitWindow::default();
        window.note_sync_begun(30);
        window.note_sync_begun(30);
        window.note_synced(1, 30, SYNC);
        // 80 answered, 30 run and not synced, 22 waiting to be run.
        window.note_answered(now, 80, 22);
        assert_eq!(
            window.next(PIPELINED_GROUP_ENOUGH - 1, now, now),
            sleep(None, PIPELINED_GROUP_ENOUGH)
        );
        assert_eq!(window.next(PIPELINED_GROUP_ENOUGH, now, now), Next::Run);
    }

    #[test]
    fn groups_share_a_sync_but_not_too_many() {
        let mut window = CommitWindow::default();
        for _ in 0..UNSYNCED_MAX {
            assert!(window.may_sync_more());
            window.note_sync_begun(1);
        }
        assert!(!window.may_sync_more());
        window.note_synced(UNSYNCED_MAX, UNSYNCED_MAX, SYNC);
        assert!(window.may_sync_more() && !window.is_syncing());
    }

    #[test]
    fn nothing_shares_a_sync_with_many() {
        let mut window = CommitWindow::default();
        window.note_sync_begun(PIPELINED_GROUP_ENOUGH - 1);
        assert!(window.may_sync_more());
        window.note_sync_begun(1);
        assert!(!window.may_sync_more());
        window.note_synced(2, PIPELINED_GROUP_ENOUGH, SYNC);
        window.note_sync_begun(PIPELINED_GROUP_ENOUGH);
        assert!(!window.may_sync_more());
    }

    #[test]
    fn nobody_waits_for_more_than_enough_or_for_a_slow_disk() {
        let (mut window, now) = after(1_000);
        assert_eq!(window.next(PIPELINED_GROUP_ENOUGH, now, now), Next::Run);
        window.note_synced(0, 0, Duration::from_secs(1));
        let until = Some(now + WINDOW_MAX);
        assert_eq!(
            window.next(1, now, now),
            sleep(until, PIPELINED_GROUP_ENOUGH)
        );
    }

    #[test]
    fn a_group_that_could_not_be_synced_yet_gathers_on() {
        let (mut window, now) = after(9);
        window.note_sync_begun(1);
        let later = now + Duration::from_secs(1);
        assert_eq!(window.next(8, now, later), sleep(None, 9));
        assert_eq!(window.next(9, now, later), Next::Run);
    }

    #[test]
    fn a_group_that_is_all_there_is_is_synced_inline() {
        let (mut window, now) = after(INLINE_SYNC_CLIENTS_MAX);
        assert!(window.syncs_inline(INLINE_SYNC_CLIENTS_MAX, 0) && window.syncs_inline(1, 0));
        assert!(!window.syncs_inline(INLINE_SYNC_CLIENTS_MAX + 1, 0));
        assert!(!window.syncs_inline(1, 1));
        window.note_sync_begun(1);
        assert!(!window.syncs_inline(1, 0));
        window.note_synced(1, 1, WINDOW_MAX * 2);
        assert!(!window.syncs_inline(1, 0));
        window.note_sync(SYNC);
        assert!(window.syncs_inline(1, 0));
        window.note_answered(now, INLINE_SYNC_CLIENTS_MAX + 1, 0);
        assert!(!window.syncs_inline(1, 0));
    }

    #[test]
    fn a_group_gathers_as_many_as_fit_into_it_and_fewer_where_groups_are_pipelined() {
        for (clients, enough) in [
            (INLINE_SYNC_CLIENTS_MAX, INLINE_SYNC_CLIENTS_MAX),
            (INLINE_SYNC_CLIENTS_MAX + 1, PIPELINED_GROUP_ENOUGH),
        ] {
            let (window, _) = after(clients);
            assert!(!window.is_enough(enough - 1), "{clients}");
            assert!(window.is_enough(enough), "{clients}");
        }
        assert!(after(1).0.is_enough(0));
    }

    #[test]
    fn nobody_waits_where_nothing_is_synced() {
        let now = Instant::now();
        let mut window = CommitWindow::default();
        window.note_answered(now, 50, 0);
        assert_eq!(window.next(1, now, now), Next::Run);
    }
}
