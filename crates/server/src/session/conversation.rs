//! The loop of a connection that has said HELLO.

use std::sync::Arc;
use std::time::{Duration, Instant};

use smallvec::{SmallVec, smallvec};
use workmill_engine::{FETCH_WAIT, Op, Outcome};

use super::answer::{write_latencies, write_outcome, write_slots};
use super::close_reason::CloseReason;
use super::dispatch::Caller;
use super::handed::Handed;
use super::pipeline::{Blocking, End, Pipeline};
use super::stream::Stream;
use super::watch::{Closed, Watched, watch};
use super::wire::Wire;
use crate::connections::{ConnectionGuard, Phase};
use crate::gate::{Answers, Delivery, Gateway, Pending, Unanswered};
use crate::registry::WorkerConnection;
use crate::shared::Shared;

/// For how long the commands are run that had come when the server closes the connection because it stops: there may be
/// megabytes of them, and the client may go on sending.
const LAST_COMMANDS_WITHIN: Duration = Duration::from_secs(2);

/// How long the client's system has to say what it has of the jobs that were sent, when the connection ends.
const ACCOUNT_WITHIN: Duration = Duration::from_secs(2);

/// How often it is looked at. Few connections end with a job on its way.
const ACCOUNT_EVERY: Duration = Duration::from_millis(10);

/// How soon it is looked whether a job has arrived, if another server has to know. Until it does, it gives the job to somebody
/// else should this server die.
const LOOK_AFTER: Duration = Duration::from_millis(20);

/// A connection after its handshake.
pub(super) struct Conversation<S: Stream> {
    shared: Arc<Shared>,
    // Dropped in this order: jobs go back when nothing more is sent, and the worker leaves while its connection still
    // counts.
    wire: Wire<S>,
    handed: Handed,
    worker: Option<WorkerConnection>,
    connection: ConnectionGuard,
    closed: Closed,
}

impl<S: Stream> Conversation<S> {
    pub(super) fn new(
        shared: Arc<Shared>,
        wire: Wire<S>,
        connection: ConnectionGuard,
        worker: Option<WorkerConnection>,
    ) -> Self {
        let closed = Box::pin(connection.close.clone().cancelled_owned());
        Self {
            handed: Handed::new(Arc::<Gateway>::clone(&shared.gate), shared.forwards),
            shared,
            wire,
            worker,
            connection,
            closed,
        }
    }

    /// Serves the client until one side ends it.
    pub(super) async fn serve(&mut self) {
        let reason = match self.run().await {
            Ok(reason) | Err(reason) => reason,
        };
        Box::pin(self.wire.close(reason.error())).await;
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

    async fn run(&mut self) -> Result<CloseReason, CloseReason> {
        loop {
            if self.connection.close.is_cancelled() {
                return Box::pin(self.run_last_commands()).await;
            }
            // What is left unread may hold further commands.
            if self.run_pipeline().await? && self.wire.lines.unread_bytes() > 0 {
                continue;
            }
            if self.wire.at_end() {
                return Ok(CloseReason::Silent);
            }
            self.connection.set_phase(Phase::Idle);
            tokio::select! {
                biased;
                filled = self.wire.fill() => filled?,
                () = &mut self.closed => {}
                () = tokio::time::sleep(LOOK_AFTER), if self.handed.is_looked_for() => {}
            }
        }
    }

    /// The connection is closed from this side. If that is because the server stops, the commands that have come are
    /// run before.
    async fn run_last_commands(&mut self) -> Result<CloseReason, CloseReason> {
        if !self.shared.is_stopping() {
            return Ok(CloseReason::Silent);
        }
        let until = Instant::now() + LAST_COMMANDS_WITHIN;
        while Instant::now() < until {
            let received = self.receive().await?;
            if !self.run_pipeline().await? && !received {
                break;
            }
        }
        Ok(CloseReason::Silent)
    }

    /// Reads what has come, without waiting for more. Tells whether there was anything.
    async fn receive(&mut self) -> Result<bool, CloseReason> {
        if self.wire.at_end() {
            return Ok(false);
        }
        tokio::select! {
            biased;
            filled = self.wire.fill() => {
                filled?;
                Ok(!self.wire.at_end())
            }
            // Lets the runtime ask the system what has come.
            () = tokio::task::yield_now() => Ok(false),
        }
    }

    /// Runs the commands that have been received completely, as many as are run together. Tells whether there were
    /// any; if they end the connection, that is the error.
    async fn run_pipeline(&mut self) -> Result<bool, CloseReason> {
        // Only lent, as every connection would keep room for each place it is moved to.
        let mut pipeline = Pipeline::default();
        self.handed.look(|| self.wire.progress());
        self.gather(&mut pipeline).await;
        if pipeline.is_empty() {
            return Ok(false);
        }
        match self.answer(&mut pipeline).await? {
            Some(reason) => Err(reason),
            None => Ok(true),
        }
    }

    /// Takes the commands that have been received completely.
    async fn gather(&mut self, pipeline: &mut Pipeline) {
        let worker = self.worker.as_ref();
        let caller = Caller {
            shared: &self.shared,
            // The worker's own copy, as all its connections use it.
            wid: worker.map_or(self.connection.wid(), |member| member.worker().wid()),
            connection: &self.connection,
            worker,
            gone: self.wire.closed_by_peer(),
        };
        while !pipeline.is_full() {
            match self.wire.lines.next_line() {
                Ok(Some(line)) => caller.dispatch(line, pipeline).await,
                Ok(None) => break,
                Err(too_long) => pipeline.close(CloseReason::with_error(too_long.to_string())),
            }
        }
        if pipeline.commands() != 0
            && let Some(member) = &self.worker
        {
            member.worker().touch(self.shared.clock.uptime());
        }
    }

    /// Runs a pipeline and sends its replies. Tells whether the connection ends with it, and why.
    async fn answer(
        &mut self,
        pipeline: &mut Pipeline,
    ) -> Result<Option<CloseReason>, CloseReason> {
        self.connection.set_phase(Phase::Running);
        let commands = pipeline.commands();
        if self.shared.gate.is_suspended() {
            Box::pin(self.shared.gate.resumed()).await;
        }
        let head = if pipeline.ops.is_empty() {
            None
        } else {
            let ops = std::mem::take(&mut pipeline.ops);
            Some(self.shared.gate.submit(ops, pipeline.bytes)?)
        };
        // Handed over before the answers of the others are there, so that one group can run them all.
        let (begun, close) = match std::mem::take(&mut pipeline.end) {
            End::Open | End::Barrier => (None, None),
            End::Blocking(command) => (Some(self.begin(command, pipeline.bytes)), None),
            End::Close(reason) => (None, Some(reason)),
        };
        // Only now, so that whoever sees a command counted knows that it has come to the committer before his own next
        // one.
        self.shared.meters.count_commands(commands);
        let outcomes = match head {
            Some(mut head) => head.answers().await?.outcomes,
            None => SmallVec::new(),
        };
        let slots = std::mem::take(&mut pipeline.slots);
        write_slots(slots, outcomes, &self.shared, &mut self.wire.out)?;
        let delivery = match begun {
            Some(begun) => self.finish(begun?).await?,
            None => None,
        };
        self.send().await?;
        if let Some(job) = delivery.and_then(Delivery::written) {
            let (end, now) = (self.wire.written(), Instant::now());
            self.handed.add(job, end, now, || self.wire.progress());
        }
        self.wire.release_input();
        Ok(close)
    }

    fn begin(&self, command: Blocking, bytes: usize) -> Result<Begun, CloseReason> {
        let submit = |op: Op| self.shared.gate.submit(smallvec![op], bytes);
        Ok(match command {
            Blocking::Fetch(op) => Begun::Fetch(submit(op)?),
            Blocking::Sliced(op) => Begun::Sliced(submit(op)?),
            Blocking::Quiet => Begun::Quiet,
            Blocking::Latency(queues) => Begun::Latency(queues),
        })
    }

    /// Waits for the answer that takes its time, and writes its reply. What was answered before it is sent
    /// before.
    async fn finish(&mut self, begun: Begun) -> Result<Option<Delivery>, CloseReason> {
        if !self.wire.out.is_empty() {
            self.send().await?;
        }
        let answers = match begun {
            Begun::Sliced(mut pending) => pending.answers().await?,
            Begun::Fetch(pending) => self.fetch(pending).await?,
            Begun::Latency(queues) => {
                let now = self.shared.clock.wall();
                let latencies = self.shared.reads.latencies(queues, now).await;
                write_latencies(latencies, &mut self.wire.out);
                return Ok(None);
            }
            Begun::Quiet => {
                self.connection.set_phase(Phase::Fetching);
                // As long as one that finds nothing, so that the worker does not ask again and again.
                let wait = Box::pin(tokio::time::sleep(FETCH_WAIT));
                watch(&mut self.wire, &mut self.closed, wait).await?;
                Answers::nothing()
            }
        };
        let outcome = answers.outcomes.into_iter().next();
        let outcome = outcome.ok_or_else(Unanswered::of_a_bug)?;
        write_outcome(outcome, &self.shared, &mut self.wire.out);
        Ok(answers.delivery)
    }

    /// Waits for a job. If the client goes meanwhile, the FETCH is forgotten, and a job that came for it all
    /// the same goes back.
    async fn fetch(&mut self, mut pending: Pending) -> Result<Answers, CloseReason> {
        self.connection.set_phase(Phase::Fetching);
        match watch(&mut self.wire, &mut self.closed, pending.answers()).await? {
            Watched::Done(answers) => Ok(answers?),
            Watched::Gone => {
                pending.forget();
                drop(pending.answers().await?);
                Ok(Answers::nothing())
            }
        }
    }

    async fn send(&mut self) -> Result<(), CloseReason> {
        self.connection.set_phase(Phase::Sending);
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

/// A command that the engine has been asked, or that needs no engine.
enum Begun {
    Fetch(Pending),
    Sliced(Pending),
    Latency(Vec<String>),
    Quiet,
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
