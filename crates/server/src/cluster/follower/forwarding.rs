//! The gate of a server that hands over what its clients ask.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use parking_lot::Mutex;
use tokio::sync::{Notify, oneshot};
use workmill_cluster::{FromLeader, OpNumber, ToLeader};
use workmill_engine::{Answer, DeliveryTag, Op, Request, ServerId, Ticket, rank_of_all};
use workmill_proto::WireError;

use super::questions::Questions;
use super::state::State;
use crate::committer::{Submission, Waiters, ticket};
use crate::gate::{Answers, Gate, GateClosed, Ops};

/// The ops of this server's clients on their way to the one that leads, whoever that is, and their answers on their way back.
#[derive(Debug)]
pub(crate) struct Forwarding {
    serials: AtomicU64,
    /// Locked before `state`, where both are.
    waiters: Mutex<Waiters>,
    state: Mutex<State>,
    questions: Mutex<Questions>,
    /// There is something to say on the link.
    pub(in crate::cluster) arrived: Notify,
}

impl Forwarding {
    /// `gate` is where jobs go back to that are not delivered.
    pub(crate) fn new(server: ServerId, gate: Arc<dyn Gate>) -> Self {
        Self {
            serials: AtomicU64::new(0),
            waiters: Mutex::new(Waiters::new(gate)),
            state: Mutex::new(State::new(server)),
            questions: Mutex::default(),
            arrived: Notify::new(),
        }
    }

    /// There is a link to the one that leads.
    pub(super) fn link_up(&self) {
        self.state.lock().link_up();
        self.arrived.notify_one();
    }

    /// There is none any more; tells whether there was one.
    pub(super) fn link_down(&self) -> bool {
        let was_linked = self.state.lock().link_down();
        self.questions.lock().drop_all();
        was_linked
    }

    /// How many ops are without an answer, and whether there is a link.
    pub(super) fn standing(&self) -> (usize, bool) {
        let state = self.state.lock();
        (state.unanswered(), state.is_linked())
    }

    /// While something is to be said or answered: whether there is a link for it.
    pub(super) fn unsaid(&self) -> Option<bool> {
        let state = self.state.lock();
        state.has_to_say().then(|| state.is_linked())
    }

    /// Takes nothing in any more.
    pub(super) fn close(&self) {
        self.state.lock().close();
    }

    /// What is to be said now.
    pub(in crate::cluster) fn take_outgoing(&self) -> Vec<ToLeader> {
        self.state.lock().take_outgoing()
    }

    /// Takes in what the one that leads says. False if it does not know this server any more.
    pub(in crate::cluster) fn receive(&self, frame: FromLeader) -> bool {
        if let FromLeader::Latencies { question, seconds } = frame {
            self.questions.lock().answer(question, seconds);
            return true;
        }
        let answers = self.state.lock().receive(frame);
        let is_known = answers.is_some();
        self.answer(answers.unwrap_or_default());
        is_known
    }

    /// The one that leads has forgotten this server: what came of what it had asked for is unknown, so nobody is answered. It
    /// goes on as another one.
    pub(super) fn start_anew(&self, server: ServerId) {
        let mut waiters = self.waiters.lock();
        let gate = Arc::clone(waiters.gate());
        *waiters = Waiters::new(gate);
        self.state.lock().start_anew(server);
    }

    /// An op cannot be said on any link.
    pub(super) fn refuse(&self, number: OpNumber, error: WireError) {
        let answers = self.state.lock().refuse(number, error);
        self.answer(answers);
    }

    /// Nobody leads: FETCHes that have waited for as long as one may are answered with nothing.
    pub(super) fn dismiss_fetches(&self) {
        let answers = self.state.lock().dismiss_fetches(Instant::now());
        self.answer(answers);
    }

    fn answer(&self, answers: Vec<Answer>) {
        if answers.is_empty() {
            return;
        }
        let mut waiters = self.waiters.lock();
        let completed = answers
            .into_iter()
            .filter_map(|answer| waiters.record(answer));
        let completed: Vec<_> = completed.collect();
        let gate = Arc::clone(waiters.gate());
        drop(waiters);
        for completed in completed {
            completed.send(&gate);
        }
        // Answers that are known here need not be kept there.
        self.arrived.notify_one();
    }

    /// For how long the oldest job of each of these queues has waited, in seconds.
    ///
    /// # Errors
    /// Why that is not known, for people to read.
    pub(crate) async fn latencies(&self, queues: Vec<String>) -> Result<Vec<f64>, String> {
        let (question, answer) = self.questions.lock().ask();
        self.state.lock().ask(question, queues)?;
        self.arrived.notify_one();
        let lost = |_| "the server that leads has gone: try again".to_owned();
        answer.await.map_err(lost)?
    }
}

impl Gate for Forwarding {
    fn admit(
        &self,
        ops: Ops,
        bytes: usize,
        sink: Option<oneshot::Sender<Answers>>,
    ) -> Result<Ticket, GateClosed> {
        let is_awaited = sink.is_some();
        // Not for what nobody waits for: jobs may go back while the answers are given out, under this lock.
        let mut waiters = is_awaited.then(|| self.waiters.lock());
        let mut state = self.state.lock();
        if !state.takes(&ops) {
            return Err(GateClosed::ForGood);
        }
        // Where its ops are of one kind they keep their order anyway.
        let keeps_order = ops.len() > 1 && rank_of_all(&ops).is_none();
        let serial = self.serials.fetch_add(1, Ordering::Relaxed);
        let submission = Submission {
            serial,
            ops,
            bytes,
            sink,
        };
        let mut requests = Vec::new();
        match &mut waiters {
            Some(waiters) => waiters.admit(submission, &mut requests),
            None => requests.extend(submission.into_requests()),
        }
        if keeps_order {
            state.keep_order(requests.len());
        }
        for Request { ticket, op } in requests {
            match op {
                Op::Forget(fetch) => state.forget(fetch),
                Op::Nack(jobs) => state.returned(jobs),
                op => state.submit(op, is_awaited.then_some(ticket)),
            }
        }
        drop((state, waiters));
        self.arrived.notify_one();
        Ok(ticket(serial, 0))
    }

    fn delivered(&self, jobs: &[DeliveryTag]) {
        self.state.lock().delivered(jobs);
        self.arrived.notify_one();
    }
}
