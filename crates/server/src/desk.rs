//! The server as the web port sees it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use rustix::fs::statvfs;
use smallvec::smallvec;
use tokio::sync::{Semaphore, watch};
use workmill_engine::{ClientId, CronEntry, CronFlaw, CronTable, Op, Outcome, Rules};
use workmill_proto::Timestamp;
use workmill_store::sqlite::READERS_MAX;
use workmill_store::{CronDefinition, StoreError, Totals};
use workmill_web::{
    Access, Answering, ConnectionView, Desk, DeskError, DiskSpace, DutyNumbers, LeftQueue, Permit,
    Read, ServerFacts, ServerNumbers, ServerState, Standing, WorkerChoice, WorkerSignal,
    WorkerView,
};

use crate::gate::Gate as _;
use crate::info;
use crate::meters::{DutyCount, DutyKind};
use crate::registry::WorkerState;
use crate::settings::read_entry;
use crate::shared::Shared;

/// All that come by the web port are one client: queues that they make are charged to it.
const CLIENT: ClientId = ClientId::MAX;

/// How many of the reads at a time may be for the web port: some are left for those that clients wait for.
const READS_MAX: usize = READERS_MAX / 2;

/// From then on the disk counts as stalled.
const STALLED_MIN: Duration = Duration::from_secs(1);

/// Serves the web port out of what the whole server shares.
pub(crate) struct ServerDesk {
    shared: Arc<Shared>,
    facts: Arc<ServerFacts>,
    stalled: watch::Receiver<Duration>,
    turns: Semaphore,
}

impl ServerDesk {
    pub(crate) fn new(
        shared: &Arc<Shared>,
        facts: ServerFacts,
        stalled: watch::Receiver<Duration>,
    ) -> Self {
        Self {
            shared: Arc::clone(shared),
            facts: Arc::new(facts),
            stalled,
            turns: Semaphore::new(READS_MAX),
        }
    }

    fn duty(&self, kind: DutyKind) -> DutyNumbers {
        let DutyCount { runs, time } = self.shared.meters.duties.so_far(kind);
        DutyNumbers {
            name: kind.name(),
            runs,
            time,
        }
    }

    async fn run(&self, op: Op) -> Result<Outcome, DeskError> {
        if self.shared.is_stopping() {
            return Err(DeskError::Closed);
        }
        self.shared.gate.resumed().await;
        let gate = self.shared.way_to_engine();
        let submitted = gate.submit(smallvec![op.asked_by(CLIENT)], 0);
        let mut pending = submitted.map_err(|_| DeskError::Closed)?;
        let answers = pending.answers().await;
        let outcome = answers.ok().and_then(|mut answers| answers.outcomes.pop());
        outcome.ok_or(DeskError::Unanswered)
    }
}

impl Desk for ServerDesk {
    fn ask(&self, permit: &Permit, op: Op) -> Answering<'_, Result<Outcome, DeskError>> {
        Box::pin(self.run(op.by(&permit.actor().operator())))
    }

    fn run_read(&self, read: Read) -> Answering<'_, Result<(), StoreError>> {
        Box::pin(async move {
            // Closed never.
            let _turn = self.turns.acquire().await;
            self.shared.reads.read(read).await
        })
    }

    fn now(&self) -> Timestamp {
        self.shared.clock.wall()
    }

    fn state(&self) -> ServerState {
        let stalled = *self.stalled.borrow();
        if self.shared.is_stopping() {
            ServerState::Stopping
        } else if stalled >= STALLED_MIN {
            ServerState::Stalled(stalled)
        } else if self.shared.gate.is_suspended() {
            ServerState::Starting
        } else {
            ServerState::Ready
        }
    }

    fn facts(&self) -> Arc<ServerFacts> {
        Arc::clone(&self.facts)
    }

    fn standing(&self) -> Option<Standing> {
        self.shared.standing.lock().clone()
    }

    fn numbers(&self) -> ServerNumbers {
        let workers = self.shared.roster.registry.counts();
        let groups = self.shared.meters.groups.counts();
        ServerNumbers {
            uptime: self.shared.clock.age(),
            connections: self.shared.roster.connections.len() as u64,
            commands: self.shared.meters.commands(),
            workers: workers.size,
            workers_reaped: workers.reaped,
            memory_bytes: info::resident_bytes(),
            commits: groups.groups,
            rollbacks: groups.failed,
            duties: DutyKind::ALL.map(|kind| self.duty(kind)).to_vec(),
        }
    }

    fn info(&self, totals: &Totals) -> Vec<u8> {
        info::render(&self.shared, totals)
    }

    fn rules(&self) -> Rules {
        self.shared.settings.now().engine_rules()
    }

    fn cron(&self) -> Arc<CronTable> {
        Arc::clone(&self.shared.settings.now().cron)
    }

    fn read_cron(&self, definition: &CronDefinition) -> Result<CronEntry, CronFlaw> {
        read_entry(definition)
    }

    fn job_bytes_max(&self) -> usize {
        self.shared.settings.now().line_bytes_max
    }

    fn disk_space(&self) -> Answering<'_, Option<DiskSpace>> {
        let path = self.facts.storage_dir.clone();
        Box::pin(async move {
            // It may hang with the disk.
            let asked = tokio::task::spawn_blocking(move || statvfs(path)).await;
            let told = asked.ok()?.ok()?;
            Some(DiskSpace {
                free_bytes: told.f_bavail.saturating_mul(told.f_frsize),
                bytes: told.f_blocks.saturating_mul(told.f_frsize),
            })
        })
    }

    fn certificate_ends_at(&self) -> Option<Timestamp> {
        let ends_at = self.shared.entrance.tls.as_ref()?.valid_until()?;
        Some(Timestamp::default().plus_secs(ends_at))
    }

    fn settings(&self) -> Vec<(String, String)> {
        let lines = self.shared.settings.now().lines();
        lines
            .into_iter()
            .map(|(key, value)| (key.to_owned(), value))
            .collect()
    }

    fn access(&self) -> Arc<Access> {
        self.shared.settings.access()
    }

    fn workers(&self) -> Vec<WorkerView> {
        let now = self.shared.clock.uptime();
        self.shared.roster.registry.views(now)
    }

    fn signal_workers(
        &self,
        permit: &Permit,
        choice: &WorkerChoice,
        signal: WorkerSignal,
    ) -> usize {
        let state = match signal {
            WorkerSignal::Quiet => WorkerState::Quiet,
            WorkerSignal::Terminate => WorkerState::Terminate,
        };
        let told = self
            .shared
            .roster
            .registry
            .signal(state, |wid, labels| match choice {
                WorkerChoice::All => true,
                WorkerChoice::Wid(wanted) => wanted == wid,
                WorkerChoice::Label(wanted) => labels.contains(wanted),
            });
        tracing::info!(
            user = &*permit.actor().name,
            address = %permit.actor().address,
            workers = told,
            "workers are told to go into the state {}", state.as_str()
        );
        let note = Op::Note(choice.note(signal, told).into());
        let gate = self.shared.way_to_engine();
        // If nothing is taken in now, the log has it at least.
        gate.submit_unanswered(note.by(&permit.actor().operator()));
        told
    }

    fn connections(&self) -> Vec<ConnectionView> {
        let open = self.shared.roster.connections.list();
        open.iter()
            .map(|connection| ConnectionView {
                peer: connection.peer,
                wid: Arc::clone(&connection.wid),
                age: connection.since.elapsed(),
                phase: connection.phase().as_str(),
                fetches: connection.fetches(),
            })
            .collect()
    }

    fn left_queues(&self) -> BTreeMap<Box<str>, LeftQueue> {
        self.shared.roster.connections.left_queues()
    }
}
