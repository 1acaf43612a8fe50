//! What the server is to the web port: [`Desk`].

mod actor;
mod facts;
#[cfg(test)]
pub(crate) mod fake;
mod permit;
mod reading;
mod workers;

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use workmill_engine::{CronEntry, CronFlaw, CronTable, Op, Outcome, Rules};
use workmill_proto::Timestamp;
use workmill_store::{CronDefinition, StoreError, Totals};

use crate::guard::Access;
pub use actor::{Actor, Role};
pub use facts::{
    DiskSpace, Durability, DutyNumbers, ServerFacts, ServerNumbers, ServerState, Standing,
};
pub use permit::{Action, Forbidden, Permit};
pub use reading::Read;
pub use workers::{ConnectionView, Fetches, LeftQueue, WorkerChoice, WorkerSignal, WorkerView};

/// An answer on its way.
pub type Answering<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What the web port can ask of the server. Nothing else of it is seen from here.
pub trait Desk: Send + Sync + 'static {
    /// Has an op run, as any client's, and waits for what comes of it: it is durable then, and the audit log tells of it if
    /// it is an action of an operator. An op that the engine refuses is
    /// an [`Outcome::Refused`].
    ///
    /// # Errors
    /// The op was not taken in, or its outcome is unknown.
    fn ask(&self, permit: &Permit, op: Op) -> Answering<'_, Result<Outcome, DeskError>>;

    /// Runs a read beside the writer, when it is its turn. [`Desk::read`](trait.Desk.html#method.read) gives back what was
    /// read.
    ///
    /// # Errors
    /// Those of the read; it cannot be begun; the store is closed.
    fn run_read(&self, read: Read) -> Answering<'_, Result<(), StoreError>>;

    /// What the wall clock shows.
    fn now(&self) -> Timestamp;

    /// Whether jobs are taken and handed out.
    fn state(&self) -> ServerState;

    /// What never changes while the server runs.
    fn facts(&self) -> Arc<ServerFacts>;

    /// The numbers of the process, as they are now.
    fn numbers(&self) -> ServerNumbers;

    /// Who leads; none if this server shares its database with no other.
    fn standing(&self) -> Option<Standing>;

    /// INFO's answer for these totals, as JSON.
    fn info(&self, totals: &Totals) -> Vec<u8>;

    /// The rules of jobs as they are set now: limits of the dead set, throttles, features.
    fn rules(&self) -> Rules;

    /// The recurring jobs of the configuration as they are set now.
    fn cron(&self) -> Arc<CronTable>;

    /// What a recurring job means that is made beside them.
    ///
    /// # Errors
    /// It means nothing.
    fn read_cron(&self, definition: &CronDefinition) -> Result<CronEntry, CronFlaw>;

    /// How long a job may be, in bytes.
    fn job_bytes_max(&self) -> usize;

    /// The disk the data lies on, as far as the system tells.
    fn disk_space(&self) -> Answering<'_, Option<DiskSpace>>;

    /// When the first certificate that TLS shows ends; none without TLS.
    fn certificate_ends_at(&self) -> Option<Timestamp>;

    /// Every setting: its key and its value. Secrets are not among them.
    fn settings(&self) -> Vec<(String, String)>;

    /// Who may come in, as it is set now.
    fn access(&self) -> Arc<Access>;

    /// The workers that are connected, by id.
    fn workers(&self) -> Vec<WorkerView>;

    /// Tells workers to fetch no more or to end, at their next BEAT. Tells how many it concerns.
    fn signal_workers(&self, permit: &Permit, choice: &WorkerChoice, signal: WorkerSignal)
    -> usize;

    /// The open connections that have said HELLO, the oldest first.
    fn connections(&self) -> Vec<ConnectionView>;

    /// The queues that connections which are closed by now fetched last, and which of them did so at last.
    fn left_queues(&self) -> BTreeMap<Box<str>, LeftQueue>;
}

/// Why the server gave no outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeskError {
    /// It takes nothing in now: it starts or stops. Nothing changed.
    #[error("the server is starting or stopping; nothing was changed, try again soon")]
    Closed,
    /// It ended without an answer.
    #[error(
        "the server did not answer; whether it was done is not known, look before trying again"
    )]
    Unanswered,
}
