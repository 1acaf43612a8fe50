//! The answers of a group: one to each request, unless it waits or goes on in the next group.

use workmill_proto::WireError;
use workmill_store::StoreError;

use crate::event::Event;
use crate::op::{Op, Request, Ticket};
use crate::outcome::{Answer, GroupResult, Outcome};

/// What was asked of a group, and what is answered.
#[derive(Debug)]
pub(crate) struct Answers {
    given: Vec<Answer>,
    unfinished: Vec<Request>,
    /// How many requests there are to be answered, those that waited before among them.
    asked: usize,
}

impl Answers {
    /// None given yet; so many requests wait since earlier groups.
    pub(crate) fn new(waiting: usize) -> Self {
        Self {
            given: Vec::new(),
            unfinished: Vec::new(),
            asked: waiting,
        }
    }

    /// So many more requests are to be answered.
    pub(crate) fn expect(&mut self, requests: usize) {
        self.asked += requests;
    }

    pub(crate) fn give(&mut self, ticket: Ticket, outcome: Outcome) {
        self.given.push(Answer { ticket, outcome });
    }

    pub(crate) fn refuse(&mut self, ticket: Ticket, text: impl Into<String>) {
        self.give(ticket, Outcome::Refused(WireError::err(text)));
    }

    /// Says that the first so many of these are done, and leaves the others to the next group.
    pub(crate) fn give_first(&mut self, asking: &[&Request], done: usize) {
        for (index, request) in asking.iter().enumerate() {
            match index < done {
                true => self.give(request.ticket, Outcome::Ok),
                false => self.continue_in_next_group(request.ticket, request.op.clone()),
            }
        }
    }

    /// What the request that was run last was answered; none if it was not.
    pub(crate) fn given_to(&self, ticket: Ticket) -> Option<&Outcome> {
        let last = self.given.last()?;
        (last.ticket == ticket).then_some(&last.outcome)
    }

    /// Gives the request that was run last another answer.
    pub(crate) fn amend(&mut self, ticket: Ticket, outcome: Outcome) {
        let last = self.given.last_mut();
        if let Some(last) = last.filter(|last| last.ticket == ticket) {
            last.outcome = outcome;
        }
    }

    /// Takes back what the request that was run last has left to the next group.
    pub(crate) fn take_unfinished(&mut self, ticket: Ticket) -> Option<Op> {
        let last = self.unfinished.pop_if(|last| last.ticket == ticket)?;
        Some(last.op)
    }

    /// Leaves an op, or the rest of it, to the next group.
    pub(crate) fn continue_in_next_group(&mut self, ticket: Ticket, op: Op) {
        self.unfinished.push(Request { ticket, op });
    }

    /// The group is over, and so many requests wait. With one answer too many or too few, all later replies of a connection
    /// would be to the wrong commands: then the term ends.
    pub(crate) fn close(
        self,
        waiting: usize,
        events: Vec<Event>,
    ) -> Result<GroupResult, StoreError> {
        let (given, unfinished) = (self.given.len(), self.unfinished.len());
        if given + unfinished + waiting != self.asked {
            return Err(StoreError::Poisoned(format!(
                "{} requests have {given} answers, {unfinished} go on and {waiting} wait: this is a bug, please report it",
                self.asked
            )));
        }
        Ok(GroupResult {
            answers: self.given,
            unfinished: self.unfinished,
            events,
        })
    }
}
