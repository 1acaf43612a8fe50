//! The engine: what it holds between groups, and how it runs one.

use workmill_proto::Timestamp;
use workmill_store::{StoreError, Tx};

use crate::grace::Grace;
use crate::group::Group;
use crate::moment::{Moment, Rules};
use crate::op::{Op, Request};
use crate::outcome::GroupResult;
use crate::parked::Parked;

/// Runs groups. What it holds besides the rules is only in memory and may be lost: the parked FETCHes and
/// what it knows of the passing of time.
#[derive(Debug)]
pub struct Engine {
    rules: Rules,
    parked: Parked,
    grace: Grace,
    draining: bool,
}

impl Engine {
    /// An engine with nothing parked.
    pub fn new(rules: Rules) -> Self {
        Self {
            rules,
            parked: Parked::default(),
            grace: Grace::default(),
            draining: false,
        }
    }

    /// Changes the rules from the next group on.
    pub fn set_rules(&mut self, rules: Rules) {
        self.rules = rules;
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
        moment: Moment,
        requests: &[Request],
    ) -> Result<GroupResult, StoreError> {
        let now = self.grace.observe(moment.now);
        if requests
            .iter()
            .any(|request| matches!(request.op, Op::Drain))
        {
            self.draining = true;
        }
        let mut group = Group::new(
            tx,
            Moment { now, ..moment },
            self.rules,
            &mut self.parked,
            self.grace.over(now),
            self.draining,
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

    /// The last group is committed: what it did to the parked FETCHes stands.
    pub fn committed(&mut self) {
        self.parked.commit();
    }

    /// The last group is rolled back: the parked FETCHes wait as before it.
    pub fn rolled_back(&mut self) {
        self.parked.roll_back();
    }

    /// When the next parked FETCH has to be answered: a group, if need be an empty one, must run then.
    pub fn next_deadline(&self) -> Option<Timestamp> {
        self.parked.next_deadline()
    }
}
