//! A server whose store fails where it is told to, and that can crash.

use std::sync::Arc;
use std::time::Duration;

use workmill_engine::{
    Engine, GroupContext, OPERATIONS_RUNNING_MAX, Op, OperationsOp, Outcome, Request, Rules, Ticket,
};
use workmill_proto::Timestamp;
use workmill_store::fault::{CommitFault, FaultPlan, FaultStore, WriteFault};
use workmill_store::{Store, StoreError, Tx};

use super::program::THROTTLES;
use crate::backing::Backing;
use crate::naive::for_the_engine;

/// For each op what was answered at once, if anything.
pub type Answers = Vec<Option<Outcome>>;

/// What becomes of a group.
#[derive(Clone, Copy, Debug)]
pub enum Fate {
    Commits,
    /// One of its writes fails: it is rolled back, and its ops are run one by one.
    WriteFails(u64),
    /// The disk is full at its commit: the same.
    CommitFails,
    /// The server crashes and the group is lost.
    Lost,
    /// The server crashes right after the group was committed.
    Crashes,
}

pub struct Server<B: Backing> {
    backing: B,
    plan: FaultPlan,
    pub store: Option<FaultStore<B::S>>,
    engine: Engine,
    pub now: Timestamp,
    pub started_at: Timestamp,
    /// By how many seconds the wall clock was set, forward or back.
    pub clock_set_secs: i64,
    tickets: u64,
}

impl<B: Backing> Server<B> {
    pub fn new() -> Self {
        let now = Timestamp::parse_rfc3339("2026-03-01T10:00:00Z").unwrap();
        let mut server = Self {
            backing: B::new(),
            plan: FaultPlan::default(),
            store: None,
            engine: Engine::new(Rules::default()),
            now,
            started_at: now,
            clock_set_secs: 0,
            tickets: 0,
        };
        server.restart();
        server
    }

    pub fn restart(&mut self) {
        self.store = None;
        self.plan = FaultPlan::default();
        let store = FaultStore::new(self.backing.open(), self.plan.clone());
        self.store = Some(store);
        self.started_at = self.now;
        self.engine = Engine::new(Rules {
            batch_uncommitted_secs: 30 * 86_400,
            throttles: Arc::new(for_the_engine(THROTTLES)),
            ..Rules::default()
        });
        // It goes on with what the one before it left.
        for _ in 0..OPERATIONS_RUNNING_MAX {
            let resume = Op::Operations(OperationsOp::Resume);
            self.group(&[resume]).map_err(|(error, _)| error).unwrap();
        }
    }

    /// What the wall clock shows.
    pub fn wall(&self) -> Timestamp {
        self.now.plus_secs(self.clock_set_secs)
    }

    /// Runs ops as a group; tells for each what was answered at once, or nothing if the group is lost.
    pub fn run(&mut self, ops: &[Op], fate: Fate) -> Option<Answers> {
        match fate {
            Fate::Commits => {}
            Fate::WriteFails(nth) => self.plan.fail_write(nth, WriteFault::Statement),
            Fate::CommitFails => self.plan.fail_commit(CommitFault::Full),
            Fate::Lost => self.plan.fail_commit(CommitFault::PoisonedWithout),
            Fate::Crashes => self.plan.fail_commit(CommitFault::PoisonedWith),
        }
        let answers = match self.group(ops) {
            Ok(answers) => Some(answers),
            Err((StoreError::Poisoned(_), mut answers)) => {
                self.restart();
                answers.resize_with(ops.len(), || None);
                matches!(fate, Fate::Crashes).then_some(answers)
            }
            Err(_) => {
                self.engine.rolled_back();
                let one_by_one = ops.iter().map(|op| self.group(std::slice::from_ref(op)));
                Some(
                    one_by_one
                        .flat_map(|answers| answers.map_err(|(error, _)| error).unwrap())
                        .collect(),
                )
            }
        };
        if self.plan.is_pending() {
            // It had nothing to fail.
            self.plan = FaultPlan::default();
            self.restart();
        }
        answers
    }

    fn group(&mut self, ops: &[Op]) -> Result<Answers, (StoreError, Answers)> {
        let first = self.tickets + 1;
        let mut requests: Vec<Request> = (first..)
            .zip(ops)
            .map(|(ticket, op)| Request {
                ticket: Ticket(ticket),
                op: op.clone(),
            })
            .collect();
        self.tickets += ops.len() as u64;
        let mut answers: Answers = Vec::new();
        answers.resize_with(ops.len(), || None);
        while !requests.is_empty() {
            let context = GroupContext {
                wall: self.wall(),
                uptime: self.now.since(self.started_at),
                frozen: Duration::ZERO,
                seed: self.tickets,
            };
            let mut tx = self.store.as_mut().unwrap().begin().unwrap();
            let result = match self.engine.run_group(&mut tx, context, &requests) {
                Ok(result) => result,
                Err(error) => return Err((error, answers)),
            };
            for answer in result.answers {
                let index = answer
                    .ticket
                    .0
                    .checked_sub(first)
                    .and_then(|index| usize::try_from(index).ok());
                if let Some(place) = index.and_then(|index| answers.get_mut(index)) {
                    *place = Some(answer.outcome);
                }
            }
            if let Err(error) = tx.commit() {
                return Err((error, answers));
            }
            self.engine.committed();
            requests = result.unfinished;
        }
        Ok(answers)
    }
}
