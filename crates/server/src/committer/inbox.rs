//! Where submissions wait for the committer.

use std::collections::VecDeque;
use std::io;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio::sync::{Notify, oneshot};
use tokio::task::yield_now;
use workmill_engine::{Rules, Ticket};

use super::alarm::Alarm;
use super::group::{GROUP_BYTES_MAX, GROUP_WEIGHT_ENOUGH, GROUP_WEIGHT_MAX};
use super::submission::{Submission, ticket};
use super::window::{CommitWindow, Next};
use crate::cluster::{Heard, HeardSoFar};
use crate::gate::{Answers, Gate, GateClosed, Ops};

/// How often the committer polls for more before it runs a group, as long as each poll brings some. With more, those
/// that came first would wait for the sake of the others.
const POLLS_MAX: usize = 8;

/// For how long: in one poll each connection is run once, and what one of them does may take a while.
const POLLS_WITHIN: Duration = Duration::from_millis(1);

/// The queue before the committer: the gate of a server that runs its ops itself.
///
/// It has no bound of its own: every connection waits for its answers before it submits more, and what it
/// submits at a time is bounded, so that the connections' limits bound the inbox; links wait until there is room.
#[derive(Debug, Default)]
pub(crate) struct Inbox {
    state: Mutex<State>,
    arrived: Notify,
    /// What links have brought was taken out.
    heard_out: Notify,
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<Submission>,
    /// How much work they are, in jobs.
    weight: usize,
    /// What links have brought.
    heard: HeardSoFar,
    serials: u64,
    rules: Option<Rules>,
    closed: bool,
    /// Nobody is answered any more.
    abandoned: bool,
    window: CommitWindow,
    /// The committer sleeps and wants to be woken once so many submissions wait.
    wake_at: Option<usize>,
}

/// What the committer takes out at a time.
#[derive(Debug, Default)]
pub(super) struct Intake {
    pub(super) submissions: Vec<Submission>,
    pub(super) heard: Vec<Heard>,
    pub(super) rules: Option<Rules>,
    /// Nothing waits, and nothing will come.
    pub(super) finished: bool,
}

impl Gate for Inbox {
    fn admit(
        &self,
        ops: Ops,
        bytes: usize,
        sink: Option<oneshot::Sender<Answers>>,
    ) -> Result<Ticket, GateClosed> {
        let mut state = self.state.lock();
        if state.closed {
            return Err(GateClosed::ForGood);
        }
        let serial = state.serials;
        state.serials += 1;
        let submission = Submission {
            serial,
            ops,
            bytes,
            sink,
        };
        state.weight += submission.weight();
        state.waiting.push_back(submission);
        self.wake_if_enough(&mut state);
        Ok(ticket(serial, 0))
    }
}

impl Inbox {
    /// Changes the engine's rules, from the next group on.
    pub(crate) fn set_rules(&self, rules: Rules) {
        let mut state = self.state.lock();
        state.rules = Some(rules);
        self.wake(&mut state);
    }

    /// Takes nothing in any more. What waits is still run.
    pub(crate) fn close(&self) {
        let mut state = self.state.lock();
        state.closed = true;
        self.wake(&mut state);
    }

    /// How many submissions wait.
    pub(crate) fn len(&self) -> usize {
        self.state.lock().waiting.len()
    }

    /// Takes in what a link has brought, of so many bytes. It is dropped once nothing is taken in any more: then it is asked
    /// for again elsewhere.
    pub(crate) fn hear(&self, heard: Heard, bytes: usize) {
        let mut state = self.state.lock();
        if state.closed {
            return;
        }
        let is_urgent = heard.is_urgent();
        state.heard.add(heard, bytes);
        match is_urgent {
            true => self.wake(&mut state),
            false => self.wake_if_enough(&mut state),
        }
    }

    /// Waits until links may bring more.
    pub(crate) async fn has_room_for_servers(&self) {
        loop {
            let taken = self.heard_out.notified();
            {
                let state = self.state.lock();
                if !state.heard.is_full() || state.abandoned {
                    return;
                }
            }
            taken.await;
        }
    }

    fn wake_if_enough(&self, state: &mut State) {
        let is_much_work = state.is_much_work();
        let waiting = state.waiting();
        if state
            .wake_at
            .is_some_and(|count| is_much_work || waiting >= count)
        {
            self.wake(state);
        }
    }

    fn wake(&self, state: &mut State) {
        if state.wake_at.take().is_some() {
            self.arrived.notify_one();
        }
    }

    /// Notes that a committed group of so many submissions goes to be synced.
    pub(super) fn note_sync_begun(&self, submissions: usize) {
        self.state.lock().window.note_sync_begun(submissions);
    }

    /// Notes that so many groups were synced together, in so long, and that their submissions are answered.
    pub(super) fn note_synced(&self, groups: usize, submissions: usize, took: Duration) {
        let mut state = self.state.lock();
        state.window.note_synced(groups, submissions, took);
        state.note_answered(submissions);
        self.wake(&mut state);
    }

    /// Notes how long a sync took that the committer did itself.
    pub(super) fn note_sync(&self, took: Duration) {
        self.state.lock().window.note_sync(took);
    }

    /// Whether the committer had better sync a group of so many submissions itself.
    pub(super) fn syncs_inline(&self, submissions: usize) -> bool {
        let state = self.state.lock();
        state.window.syncs_inline(submissions, state.waiting())
    }

    /// Notes that so many submissions were answered by the committer itself.
    pub(super) fn note_answered(&self, answered: usize) {
        self.state.lock().note_answered(answered);
    }

    /// Whether a committed group is not synced yet.
    pub(super) fn is_syncing(&self) -> bool {
        self.state.lock().window.is_syncing()
    }

    /// Refuses everything that waits, and takes nothing in any more: nobody is left to run it.
    pub(super) fn abandon(&self) {
        let mut state = self.state.lock();
        state.closed = true;
        state.abandoned = true;
        let waiting = std::mem::take(&mut state.waiting);
        let heard = std::mem::take(&mut state.heard);
        state.weight = 0;
        self.wake(&mut state);
        drop(state);
        self.heard_out.notify_waiters();
        drop((waiting, heard));
    }

    /// Lets those go on who are in one thread with the committer: long requests would keep them waiting. As long as
    /// that brings submissions, and not enough for a group, one more poll finds what clients have sent meanwhile; but
    /// not if there is something to run in any case, or if a poll takes long.
    pub(super) async fn poll_for_more(&self, once: bool) {
        let mut before = self.len();
        // The runtime's clock, which tests can stop.
        let until = tokio::time::Instant::now() + POLLS_WITHIN;
        for _ in 0..POLLS_MAX {
            yield_now().await;
            if once || tokio::time::Instant::now() >= until {
                return;
            }
            let state = self.state.lock();
            let waiting = state.waiting();
            if waiting <= before || state.is_enough() {
                return;
            }
            before = waiting;
        }
    }

    /// Waits until enough is there (see [`CommitWindow`] and [`GROUP_WEIGHT_ENOUGH`]) or `until` has come, then takes what a
    /// group may hold beside the `weight` it has already, one submission at least if there is one.
    pub(super) async fn take(
        &self,
        alarm: &Alarm,
        until: Option<Instant>,
        weight: usize,
    ) -> io::Result<Intake> {
        let free_since = Instant::now();
        loop {
            let arrived = self.arrived.notified();
            let until = {
                let mut state = self.state.lock();
                let now = Instant::now();
                let next = state.next(free_since, now);
                let Next::Sleep(sleep) = next else {
                    return Ok(self.intake(&mut state, weight));
                };
                let until = [until, sleep.until].into_iter().flatten().min();
                if until.is_some_and(|until| until <= now) {
                    return Ok(self.intake(&mut state, weight));
                }
                state.wake_at = Some(sleep.wake_at);
                until
            };
            match until {
                Some(until) => tokio::select! {
                    biased;
                    () = arrived => {}
                    rung = alarm.wait_until(until) => rung?,
                },
                None => arrived.await,
            }
        }
    }

    fn intake(&self, state: &mut State, weight: usize) -> Intake {
        let intake = state.intake(weight);
        if !intake.heard.is_empty() {
            self.heard_out.notify_waiters();
        }
        intake
    }

    /// Waits until one more committed group may wait for its sync, or nobody syncs any more.
    pub(super) async fn may_sync_more(&self) {
        loop {
            let arrived = self.arrived.notified();
            {
                let mut state = self.state.lock();
                if state.window.may_sync_more() || state.abandoned {
                    return;
                }
                state.wake_at = Some(usize::MAX);
            }
            arrived.await;
        }
    }
}

impl State {
    fn note_answered(&mut self, answered: usize) {
        let waiting = self.waiting();
        self.window.note_answered(Instant::now(), answered, waiting);
    }

    /// Whether more than what waits had better wait for the next group.
    fn is_enough(&self) -> bool {
        self.is_much_work() || self.window.is_enough(self.waiting())
    }

    /// How many clients wait, of this server and of others.
    fn waiting(&self) -> usize {
        self.waiting.len() + self.heard.ops()
    }

    fn is_much_work(&self) -> bool {
        self.weight + self.heard.weight() >= GROUP_WEIGHT_ENOUGH
    }

    fn next(&self, free_since: Instant, now: Instant) -> Next {
        let cannot_wait = self.rules.is_some() || self.closed || self.heard.is_urgent();
        if cannot_wait || self.is_much_work() {
            return Next::Run;
        }
        self.window.next(self.waiting(), free_since, now)
    }

    fn intake(&mut self, weight: usize) -> Intake {
        self.wake_at = None;
        let (mut weight, mut bytes) = (weight, 0);
        let mut submissions = Vec::with_capacity(self.waiting.len().min(GROUP_WEIGHT_MAX));
        while let Some(next) = self.waiting.front() {
            let next_weight = next.weight();
            weight += next_weight;
            bytes += next.bytes;
            let fits = weight <= GROUP_WEIGHT_MAX && bytes <= GROUP_BYTES_MAX;
            if !fits && !submissions.is_empty() {
                break;
            }
            submissions.extend(self.waiting.pop_front());
            self.weight -= next_weight;
        }
        let finished = self.closed && self.waiting.is_empty();
        Intake {
            heard: std::mem::take(&mut self.heard).into_all(),
            submissions,
            rules: self.rules.take(),
            finished,
        }
    }
}
