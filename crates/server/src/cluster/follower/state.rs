//! What is on its way to the one that leads.

use std::collections::BTreeMap;
use std::mem;
use std::time::Instant;

use workmill_cluster::{Forwarder, FromLeader, OpNumber, Received, ToLeader};
use workmill_engine::{Answer, DeliveryTag, FETCH_WAIT, Fetch, Op, Outcome, ServerId, Ticket};
use workmill_proto::WireError;

/// The ops that are on their way, and what is to be said on the link.
#[derive(Debug)]
pub(super) struct State {
    forwarder: Forwarder,
    /// Who waits for what came of which op.
    tickets: BTreeMap<OpNumber, Ticket>,
    /// The FETCHes among them, and since when they wait.
    fetches: BTreeMap<Ticket, (OpNumber, Instant)>,
    /// FETCHes whose clients were told that there is nothing, as nobody leads.
    dismissed: Vec<OpNumber>,
    /// The FETCHes that brought the jobs which clients may not have received.
    delivering: BTreeMap<DeliveryTag, OpNumber>,
    /// What is to be said, while there is a link.
    outgoing: Option<Vec<ToLeader>>,
    /// Nothing is taken in any more.
    closed: bool,
}

impl State {
    pub(super) fn new(server: ServerId) -> Self {
        Self {
            forwarder: Forwarder::new(server),
            tickets: BTreeMap::new(),
            fetches: BTreeMap::new(),
            dismissed: Vec::new(),
            delivering: BTreeMap::new(),
            outgoing: None,
            closed: false,
        }
    }

    /// Begins again as another server, on the link that there is.
    pub(super) fn start_anew(&mut self, server: ServerId) {
        *self = Self {
            outgoing: self.outgoing.take().map(|_| Vec::new()),
            closed: self.closed,
            ..Self::new(server)
        };
    }

    /// Whether an answer is missing, or something is not said.
    pub(super) fn has_to_say(&self) -> bool {
        let is_unsaid = self
            .outgoing
            .as_ref()
            .is_some_and(|frames| !frames.is_empty());
        is_unsaid || self.unanswered() > 0 || self.forwarder.has_settled()
    }

    /// Takes nothing in any more.
    pub(super) fn close(&mut self) {
        self.closed = true;
    }

    /// Whether these ops are taken in.
    pub(super) fn takes(&self, ops: &[Op]) -> bool {
        let takes = |op: &Op| match op {
            // What time demands is the business of the one that leads.
            Op::Tick(_) => false,
            // Nobody holds clients up who are sent away, if there is nobody to ask.
            Op::Drain(_) => self.is_linked(),
            _ => true,
        };
        !self.closed && ops.iter().all(takes)
    }

    /// Whether there is a link.
    pub(super) fn is_linked(&self) -> bool {
        self.outgoing.is_some()
    }

    /// How many ops are without an answer.
    pub(super) fn unanswered(&self) -> usize {
        self.forwarder.unanswered()
    }

    /// There is a link: what is to be said first.
    pub(super) fn link_up(&mut self) {
        let mut outgoing = self.forwarder.greet();
        let dismissed = mem::take(&mut self.dismissed);
        outgoing.extend(
            dismissed
                .into_iter()
                .filter_map(|fetch| self.forwarder.forget(fetch)),
        );
        self.outgoing = Some(outgoing);
    }

    /// There is none any more; tells whether there was one. What has no answer is asked for again on the next one.
    pub(super) fn link_down(&mut self) -> bool {
        self.outgoing.take().is_some()
    }

    /// What is to be said now.
    pub(super) fn take_outgoing(&mut self) -> Vec<ToLeader> {
        let Some(outgoing) = &mut self.outgoing else {
            return Vec::new();
        };
        let mut taken = mem::take(outgoing);
        taken.extend(self.forwarder.settled());
        taken
    }

    fn say(&mut self, frame: ToLeader) {
        if let Some(outgoing) = &mut self.outgoing {
            outgoing.push(frame);
        }
    }

    /// Asks something beside the ops.
    ///
    /// # Errors
    /// There is nobody to ask, for people to read.
    pub(super) fn ask(&mut self, question: u64, queues: Vec<String>) -> Result<(), String> {
        let outgoing = self.outgoing.as_mut();
        let outgoing = outgoing.ok_or("no server leads now: try again")?;
        outgoing.push(ToLeader::Latencies { question, queues });
        Ok(())
    }

    /// So many ops are handed over next that are to keep their places among others.
    pub(super) fn keep_order(&mut self, count: usize) {
        let frame = self.forwarder.keep_order(count);
        self.say(frame);
    }

    /// Hands over an op for somebody who waits from now on, or for nobody.
    pub(super) fn submit(&mut self, op: Op, ticket: Option<Ticket>) {
        let is_fetch = matches!(op, Op::Fetch(_));
        let (number, frame) = self.forwarder.submit(self.named(op));
        self.say(frame);
        if let Some(ticket) = ticket {
            self.tickets.insert(number, ticket);
            if is_fetch {
                self.fetches.insert(ticket, (number, Instant::now()));
            }
        }
    }

    /// Says which server it is whose clients ask.
    fn named(&self, op: Op) -> Op {
        match op {
            Op::Fetch(fetch) => Op::Fetch(Fetch {
                server: self.forwarder.server(),
                ..fetch
            }),
            Op::Drain(_) => Op::Drain(self.forwarder.server()),
            op => op,
        }
    }

    /// The client of a FETCH is gone.
    pub(super) fn forget(&mut self, ticket: Ticket) {
        let fetch = self.fetches.get(&ticket);
        let forget = fetch.and_then(|(number, _)| self.forwarder.forget(*number));
        if let Some(forget) = forget {
            self.say(forget);
        }
    }

    /// Clients have these jobs.
    pub(super) fn delivered(&mut self, jobs: &[DeliveryTag]) {
        for job in jobs {
            if let Some(fetch) = self.delivering.remove(job) {
                self.forwarder.delivered(fetch);
            }
        }
    }

    /// Clients did not get these jobs.
    pub(super) fn returned(&mut self, jobs: Vec<DeliveryTag>) {
        let mut others = Vec::new();
        for job in jobs {
            match self.delivering.remove(&job) {
                Some(fetch) => {
                    let frame = self.forwarder.returned(fetch, job);
                    self.say(frame);
                }
                None => others.push(job),
            }
        }
        if !others.is_empty() {
            self.submit(Op::Nack(others), None);
        }
    }

    /// Takes in what the one that leads says. None if this server is not known any more.
    pub(super) fn receive(&mut self, frame: FromLeader) -> Option<Vec<Answer>> {
        match self.forwarder.receive(frame) {
            Received::Forgotten => None,
            Received::Answers(answers) => {
                let answers = answers.into_iter();
                Some(
                    answers
                        .filter_map(|(number, outcome)| self.answer(number, outcome))
                        .collect(),
                )
            }
        }
    }

    fn answer(&mut self, number: OpNumber, outcome: Outcome) -> Option<Answer> {
        if let Outcome::Job(job) = &outcome {
            self.delivering.insert(job.tag, number);
        }
        let ticket = self.tickets.remove(&number);
        match (ticket, &outcome) {
            (Some(ticket), _) => {
                self.fetches.remove(&ticket);
                Some(Answer { ticket, outcome })
            }
            (None, Outcome::Job(job)) => {
                let job = job.tag;
                self.returned(vec![job]);
                None
            }
            (None, _) => None,
        }
    }

    /// An op cannot be said on any link: it is answered here.
    pub(super) fn refuse(&mut self, number: OpNumber, error: WireError) -> Vec<Answer> {
        let refused = FromLeader::Answers(vec![(number, Outcome::Refused(error))]);
        self.receive(refused).unwrap_or_default()
    }

    /// As nobody leads, FETCHes that have waited at `now` for as long as one may are answered with nothing; a job that comes for
    /// one all the same goes back.
    pub(super) fn dismiss_fetches(&mut self, now: Instant) -> Vec<Answer> {
        let waiting = self
            .fetches
            .extract_if(.., |_, (_, since)| now.duration_since(*since) >= FETCH_WAIT);
        let waiting: Vec<(Ticket, OpNumber)> = waiting
            .map(|(ticket, (number, _))| (ticket, number))
            .collect();
        let answers = waiting.into_iter().map(|(ticket, number)| {
            self.tickets.remove(&number);
            self.dismissed.push(number);
            Answer {
                ticket,
                outcome: Outcome::Nothing,
            }
        });
        answers.collect()
    }
}
