//! The loop of a connection that has said HELLO.

use std::sync::Arc;
use std::time::{Duration, Instant};

use smallvec::{SmallVec, smallvec};
use workmill_engine::{Op, Outcome};

use super::answer::{write_outcome, write_slots};
use super::batch::{Batch, Last};
use super::dispatch::Caller;
use super::farewell::Farewell;
use super::handed::Handed;
use super::stream::Stream;
use super::watch::{Closed, Watched, watch};
use super::wire::Wire;
use crate::connections::{Phase, Place};
use crate::gate::{Answers, Delivery, Pending};
use crate::registry::Membership;
use crate::shared::Shared;

/// How long the FETCH of a worker that is to fetch no more takes: as long as one that finds nothing, so that
/// the worker does not ask again and again.
const REST: Duration = Duration::from_millis(1_900);

/// For how long the commands are run that had come when the server closes the connection because it stops: there may be
/// megabytes of them, and the client may go on sending.
const LAST_COMMANDS_WITHIN: Duration = Duration::from_secs(2);

/// How long the client's system has to say what it has of the jobs that were sent, when the connection ends.
const ACCOUNT_WITHIN: Duration = Duration::from_secs(2);

/// How often it is looked at. Few connections end with a job on its way.
const ACCOUNT_EVERY: Duration = Duration::from_millis(10);

/// A connection after its handshake.
pub(super) struct Conversation<S: Stream> {
    shared: Arc<Shared>,
    // Dropped in this order: jobs go back when nothing more is sent, and the worker leaves while its connection still
    // counts.
    wire: Wire<S>,
    handed: Handed,
    membership: Option<Membership>,
    place: Place,
    closed: Closed,
}

impl<S: Stream> Conversation<S> {
    pub(super) fn new(
        shared: Arc<Shared>,
        wire: Wire<S>,
        place: Place,
        membership: Option<Membership>,
    ) -> Self {
        let closed = Box::pin(place.close.clone().cancelled_owned());
        Self {
            handed: Handed::new(Arc::clone(&shared.gate)),
            shared,
            wire,
            membership,
            place,
            closed,
        }
    }

    /// Serves the client until one side ends it.
    pub(super) async fn serve(&mut self) {
        let farewell = match self.run().await {
            Ok(farewell) | Err(farewell) => farewell,
        };
        Box::pin(self.wire.close(farewell)).await;
        if !self.handed.is_empty() {
            Box::pin(self.account()).await;
        }
    }

    /// Waits until the client's system has all jobs that were sent, or can have no more.
    async fn account(&mut self) {
        let until = Instant::now() + ACCOUNT_WITHIN;
        loop {
            let progress = self.wire.progress();
            self.handed.note(progress);
            let is_over = progress.is_none_or(|progress| progress.is_final);
            if is_over || self.handed.is_empty() || Instant::now() >= until {
                return;
            }
            tokio::time::sleep(ACCOUNT_EVERY).await;
        }
    }

    async fn run(&mut self) -> Result<Farewell, Farewell> {
        loop {
            if self.place.close.is_cancelled() {
                return Box::pin(self.run_last_commands()).await;
            }
            // What is left unread may hold further commands.
            if self.run_batch().await? && self.wire.lines.unread_bytes() > 0 {
                continue;
            }
            if self.wire.at_end {
                return Ok(Farewell::Silent);
            }
            self.place.set_phase(Phase::Idle);
            tokio::select! {
                biased;
                filled = self.wire.fill() => filled?,
                () = &mut self.closed => {}
            }
        }
    }

    /// The connection is closed from this side. If that is because the server stops, the commands that have come are
    /// run before.
    async fn run_last_commands(&mut self) -> Result<Farewell, Farewell> {
        if !self.shared.is_stopping() {
            return Ok(Farewell::Silent);
        }
        let until = Instant::now() + LAST_COMMANDS_WITHIN;
        while Instant::now() < until {
            let received = self.receive().await?;
            if !self.run_batch().await? && !received {
                break;
            }
        }
        Ok(Farewell::Silent)
    }

    /// Reads what has come, without waiting for more. Tells whether there was anything.
    async fn receive(&mut self) -> Result<bool, Farewell> {
        if self.wire.at_end {
            return Ok(false);
        }
        tokio::select! {
            biased;
            filled = self.wire.fill() => {
                filled?;
                Ok(!self.wire.at_end)
            }
            // Lets the runtime ask the system what has come.
            () = tokio::task::yield_now() => Ok(false),
        }
    }

    /// Runs the commands that have been received completely, as many as are run together. Tells whether there were
    /// any; if they end the connection, that is the error.
    async fn run_batch(&mut self) -> Result<bool, Farewell> {
        // Only lent, as every connection would keep room for each place it is moved to.
        let mut batch = Batch::default();
        self.gather(&mut batch).await;
        if batch.is_empty() {
            return Ok(false);
        }
        self.answer(&mut batch).await?;
        match batch.farewell {
            Some(farewell) => Err(farewell),
            None => Ok(true),
        }
    }

    /// Takes the commands that have been received completely.
    async fn gather(&mut self, batch: &mut Batch) {
        let membership = self.membership.as_ref();
        let caller = Caller {
            shared: &self.shared,
            // The worker's own copy, as all its connections use it.
            wid: membership.map_or(self.place.wid(), |member| member.worker().wid()),
            connection: self.place.id(),
            membership,
            gone: self.wire.closed_by_peer,
        };
        while !batch.is_full() {
            match self.wire.lines.next_line() {
                Ok(Some(line)) => caller.dispatch(line, batch).await,
                Ok(None) => break,
                Err(too_long) => batch.close_with(Farewell::told(too_long.to_string())),
            }
        }
        if batch.commands() != 0
            && let Some(membership) = &self.membership
        {
            membership.worker().hear(self.shared.clock.uptime());
        }
    }

    /// Runs a batch and sends its replies.
    async fn answer(&mut self, batch: &mut Batch) -> Result<(), Farewell> {
        self.place.set_phase(Phase::Running);
        let commands = batch.commands();
        let head = if batch.ops.is_empty() {
            None
        } else {
            let ops = std::mem::take(&mut batch.ops);
            Some(self.shared.gate.submit(ops, batch.bytes)?)
        };
        // Handed over before the answers of the others are there, so that one group can run them all.
        let last = batch.last.take();
        let last = last.map(|last| self.begin(last, batch.bytes));
        // Only now, so that whoever sees a command counted knows that it has come to the committer before his own next
        // one.
        self.shared.meters.count_commands(commands);
        let outcomes = match head {
            Some(mut head) => head.answers().await?.outcomes,
            None => SmallVec::new(),
        };
        let slots = std::mem::take(&mut batch.slots);
        write_slots(slots, outcomes, &self.shared, &mut self.wire.out);
        let delivery = match last {
            Some(begun) => self.finish(begun?).await?,
            None => None,
        };
        self.send().await?;
        if let Some(job) = delivery.and_then(Delivery::written) {
            let (end, now) = (self.wire.written(), Instant::now());
            self.handed.add(job, end, now, || self.wire.progress());
        }
        self.wire.settle_input();
        Ok(())
    }

    fn begin(&self, last: Last, bytes: usize) -> Result<Begun, Farewell> {
        let submit = |op: Op| self.shared.gate.submit(smallvec![op], bytes);
        Ok(match last {
            Last::Fetch(op) => Begun::Fetch(submit(op)?),
            Last::Long(op) => Begun::Long(submit(op)?),
            Last::Rest => Begun::Rest,
        })
    }

    /// Waits for the answer that takes its time, and writes its reply. What was answered before it is sent
    /// before.
    async fn finish(&mut self, begun: Begun) -> Result<Option<Delivery>, Farewell> {
        if !self.wire.out.is_empty() {
            self.send().await?;
        }
        let answers = match begun {
            Begun::Long(mut pending) => pending.answers().await?,
            Begun::Fetch(pending) => self.fetch(pending).await?,
            Begun::Rest => {
                self.place.set_phase(Phase::Fetching);
                let rest = Box::pin(tokio::time::sleep(REST));
                watch(&mut self.wire, &mut self.closed, rest).await?;
                Answers::nothing()
            }
        };
        for outcome in answers.outcomes {
            write_outcome(outcome, &self.shared, &mut self.wire.out);
        }
        Ok(answers.delivery)
    }

    /// Waits for a job. If the client goes meanwhile, the FETCH is forgotten, and a job that came for it all
    /// the same goes back.
    async fn fetch(&mut self, mut pending: Pending) -> Result<Answers, Farewell> {
        self.place.set_phase(Phase::Fetching);
        match watch(&mut self.wire, &mut self.closed, pending.answers()).await? {
            Watched::Done(answers) => Ok(answers?),
            Watched::Gone => {
                pending.forget();
                drop(pending.answers().await?);
                Ok(Answers::nothing())
            }
        }
    }

    async fn send(&mut self) -> Result<(), Farewell> {
        self.place.set_phase(Phase::Sending);
        Ok(self.wire.send().await?)
    }
}

impl<S: Stream> Drop for Conversation<S> {
    fn drop(&mut self) {
        if self.handed.is_empty() {
            return;
        }
        self.handed.end(self.wire.progress(), Instant::now());
        if !self.handed.is_empty() {
            self.wire.forget_unsent();
        }
    }
}

/// A command that the engine has been asked, or that waits by itself.
enum Begun {
    Fetch(Pending),
    Long(Pending),
    Rest,
}

impl Answers {
    /// The answer to a FETCH that gets nothing.
    fn nothing() -> Self {
        Self {
            outcomes: smallvec![Outcome::Nothing],
            delivery: None,
        }
    }
}
