//! The engine: what it holds between groups, and how it runs one.

use std::collections::BTreeSet;
use std::time::Duration;

use workmill_proto::{SteadyTime, Timestamp};
use workmill_store::{Clocks, StoreError, Tx};

use crate::context::{GroupContext, Rules};
use crate::cron::{MadeEntries, Timetable};
use crate::group::Group;
use crate::memory::Memory;
use crate::op::{Mutate, Op, Request, ServerId};
use crate::operations::OperationState;
use crate::outcome::GroupResult;
use crate::passage::Passage;

/// Runs groups. What it holds besides the rules is only in memory and may be lost: the parked FETCHes, how fast
/// queues were handed out, the next ticks of cron entries, the statistics of the last seconds, and what it knows of the passing
/// of time.
#[derive(Debug)]
pub struct Engine {
    rules: Rules,
    memory: Memory,
    passage: Passage,
    /// The servers that are stopping, whose FETCHes get nothing any more.
    draining: BTreeSet<ServerId>,
    /// Throttled queues that are to be looked at with new limits.
    throttles_changed: BTreeSet<String>,
}

impl Engine {
    /// An engine with nothing parked.
    pub fn new(rules: Rules) -> Self {
        Self {
            throttles_changed: rules.throttles.keys().cloned().collect(),
            rules,
            memory: Memory::default(),
            passage: Passage::default(),
            draining: BTreeSet::new(),
        }
    }

    /// One that knows the cron entries that were made before it: all that the store has, as nothing reads them again.
    pub fn with_made(rules: Rules, made: MadeEntries) -> Self {
        let mut engine = Self::new(rules);
        engine.memory.timetable = Timetable::with_made(made);
        engine
    }

    /// Changes the rules from the next group on.
    pub fn set_rules(&mut self, rules: Rules) {
        let old = std::mem::replace(&mut self.rules, rules);
        let queues = old.throttles.keys().chain(self.rules.throttles.keys());
        self.throttles_changed.extend(queues.cloned());
    }

    /// Runs requests in their order, in one transaction that the caller commits or drops afterwards.
    ///
    /// After an error the transaction must be dropped and [`Engine::rolled_back`] called. After the commit,
    /// [`Engine::committed`] must be called, and only then may the answers be sent.
    ///
    /// A request that is neither answered nor unfinished is a FETCH that waits: a later group answers it.
    pub fn run_group<T: Tx>(
        &mut self,
        tx: &mut T,
        context: GroupContext,
        requests: &[Request],
    ) -> Result<GroupResult, StoreError> {
        let kept = match self.passage.is_new() {
            true => {
                let kept = tx.clocks()?;
                self.memory.down_since = kept.map(|clocks| clocks.wall);
                kept
            }
            false => None,
        };
        let steady = self.passage.observe(&context, kept);
        let drained = requests.iter().filter_map(|request| match request.op {
            Op::Drain(server) => Some(server),
            _ => None,
        });
        self.draining.extend(drained);
        self.look_at_throttles(steady);
        let clocks = Clocks {
            steady,
            wall: context.wall,
        };
        // Kept with whatever else is written.
        tx.note_clocks(clocks, false)?;
        self.memory.recheck_due(steady);
        self.memory.history.begin(context.wall, context.seed);
        let mut group = Group::new(
            tx,
            clocks,
            context.seed,
            &self.rules,
            &mut self.memory,
            self.passage.grace_over(),
            &self.draining,
        );
        let mut rest = requests;
        while let Some(first) = rest.first() {
            let run_len = rest
                .iter()
                .take_while(|next| first.op.is_like(&next.op))
                .count();
            let (run, later) = rest.split_at(run_len.max(1));
            group.run(run)?;
            rest = later;
        }
        group.finish()
    }

    /// Has queues looked at whose limits are new. It is no part of the group: it stands also if that is rolled back.
    fn look_at_throttles(&mut self, now: SteadyTime) {
        for queue in std::mem::take(&mut self.throttles_changed) {
            self.memory.slots.follow(now, &self.rules, &queue);
            self.memory.rechecks.add(&queue, now);
        }
        self.memory.slots.commit();
    }

    /// The last group is committed: what it changed in memory stands.
    pub fn committed(&mut self) {
        self.memory.commit();
    }

    /// The last group is rolled back: what is in memory is as before it.
    pub fn rolled_back(&mut self) {
        self.memory.roll_back();
    }

    /// An op has failed by itself and is not run again: the operation that it is a slice of has failed.
    pub fn gave_up(&mut self, op: &Op, reason: &str, now: Timestamp) {
        let Op::Mutate(Mutate {
            operation,
            progress,
            ..
        }) = op
        else {
            return;
        };
        if let Some(id) = operation {
            let failed = OperationState::Failed(reason.to_owned());
            self.memory.operations.end(*id, failed, now);
            self.memory.operations.commit();
        }
        if let Some(noted) = progress
            .as_ref()
            .and_then(|progress| progress.noted.clone())
        {
            self.memory.actions.gave_up(noted, reason, now);
        }
    }

    /// The [uptime](GroupContext::uptime) at which a FETCH that waits has to be answered: a group, if need be an empty one,
    /// must run then.
    pub fn next_timeout(&self) -> Option<Duration> {
        let deadline = self.memory.parked.next_deadline();
        deadline.map(|at| self.passage.uptime_at(at))
    }

    /// The uptime at which a FETCH that waits may find something by the passing of time alone: a group, if need be an
    /// empty one, must run then; at once if limits are new.
    pub fn next_look(&self) -> Option<Duration> {
        match self.throttles_changed.is_empty() {
            true => {
                let next = self.memory.rechecks.next();
                next.map(|at| self.passage.uptime_at(at))
            }
            false => Some(Duration::ZERO),
        }
    }

    /// The earlier of both.
    pub fn next_deadline(&self) -> Option<Duration> {
        let deadlines = [self.next_timeout(), self.next_look()];
        deadlines.into_iter().flatten().min()
    }
}
