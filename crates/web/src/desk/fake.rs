//! A server for tests: a store in memory and the engine, without connections.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use jiff::tz::TimeZone;
use parking_lot::Mutex;
use workmill_engine::{
    Ack, CronEntry, CronFlaw, CronTable, Engine, Fail, Fetch, FetchedJob, GroupContext, Op,
    Outcome, Request, Rules, ServerId, Ticket,
};
use workmill_proto::{CustomReading, FailReport, Job, SetName, SteadyTime, Timestamp};
use workmill_store::memory::{MemoryDisk, MemoryStore};
use workmill_store::{
    CronDefinition, EntryKey, Reading, SetTime, Store as _, StoreError, Totals, Tx as _, Ungrouped,
};

use super::{
    Answering, ConnectionView, Desk, DeskError, DiskSpace, Durability, DutyNumbers, Fetches,
    LeftQueue, Permit, Read, ServerFacts, ServerNumbers, ServerState, Standing, WorkerChoice,
    WorkerSignal, WorkerView,
};
use crate::guard::Access;

/// The server. What tests may change of it is public.
pub(crate) struct FakeDesk {
    core: Mutex<Core>,
    reading: Arc<dyn Reading>,
    reads_are_held: AtomicBool,
    pub(crate) state: Mutex<ServerState>,
    pub(crate) access: Mutex<Access>,
    pub(crate) workers: Mutex<Vec<WorkerView>>,
    pub(crate) connections: Mutex<Vec<ConnectionView>>,
    pub(crate) standing: Mutex<Option<Standing>>,
    pub(crate) left_queues: Mutex<BTreeMap<Box<str>, LeftQueue>>,
    /// What workers were told.
    pub(crate) signals: Mutex<Vec<(WorkerChoice, WorkerSignal)>>,
    /// What was asked for by whose permit, as its debug text.
    pub(crate) asked: Mutex<Vec<(Permit, String)>>,
    pub(crate) rules: Rules,
    pub(crate) cron: Mutex<Arc<CronTable>>,
    pub(crate) disk: Mutex<DiskSpace>,
    pub(crate) certificate_ends_at: Mutex<Option<Timestamp>>,
    /// How often a cron entry was read from its text.
    pub(crate) crons_read: AtomicUsize,
}

struct Core {
    store: MemoryStore,
    engine: Engine,
    now: Timestamp,
    tickets: u64,
}

impl FakeDesk {
    /// A server without jobs, at 10:00 UTC on the first of March 2026.
    pub(crate) fn new() -> Arc<Self> {
        Self::with_rules(Rules::default())
    }

    pub(crate) fn with_rules(rules: Rules) -> Arc<Self> {
        let store = MemoryStore::open(&MemoryDisk::default());
        Arc::new(Self {
            reading: Arc::new(store.reader()),
            reads_are_held: AtomicBool::new(false),
            core: Mutex::new(Core {
                store,
                engine: Engine::new(rules.clone()),
                now: start(),
                tickets: 0,
            }),
            state: Mutex::new(ServerState::Ready),
            access: Mutex::default(),
            workers: Mutex::default(),
            connections: Mutex::default(),
            standing: Mutex::default(),
            left_queues: Mutex::default(),
            signals: Mutex::default(),
            asked: Mutex::default(),
            cron: Mutex::default(),
            disk: Mutex::new(DiskSpace {
                free_bytes: 3 << 30,
                bytes: 4 << 30,
            }),
            certificate_ends_at: Mutex::default(),
            crons_read: AtomicUsize::new(0),
            rules,
        })
    }

    /// Runs an op to its end, and gives its answer.
    pub(crate) fn run(&self, op: Op) -> Outcome {
        self.core.lock().run(op).unwrap()
    }

    /// Jobs of an older version are still to be put into their groups.
    pub(crate) fn leave_ungrouped(&self) {
        let after = EntryKey {
            set: SetName::Retries,
            at: SetTime::dead(SteadyTime::from_micros(i64::MIN)),
            serial: i64::MIN,
        };
        let mut core = self.core.lock();
        let mut tx = core.store.begin().unwrap();
        tx.put(&[((), Ungrouped { after })]).unwrap();
        tx.commit().unwrap();
    }

    /// The server forgets what is in memory only.
    pub(crate) fn restart(&self) {
        self.core.lock().engine = Engine::new(self.rules.clone());
    }

    /// Lets time pass on both clocks.
    pub(crate) fn pass(&self, time: Duration) {
        let mut core = self.core.lock();
        core.now = core.now.plus(time);
    }

    /// From now on no read ends.
    pub(crate) fn hold_reads(&self) {
        self.reads_are_held.store(true, Ordering::Relaxed);
    }

    /// Hands a job of a queue to a worker.
    pub(crate) fn fetch(&self, queue: &str) -> Box<FetchedJob> {
        let op = Op::Fetch(Fetch {
            queues: Arc::new([queue.to_owned()]),
            wid: "w".into(),
            server: ServerId::LOCAL,
            connection: 0,
        });
        match self.run(op) {
            Outcome::Job(job) => job,
            other => panic!("no job: {other:?}"),
        }
    }

    /// The worker has done a job.
    pub(crate) fn ack(&self, job: &FetchedJob) {
        let payload: serde_json::Value = serde_json::from_slice(&job.body).unwrap();
        let op = Op::Ack(Ack {
            jid: payload["jid"].as_str().unwrap().to_owned(),
            wid: "w".into(),
        });
        assert!(matches!(self.run(op), Outcome::Ok));
    }

    /// The worker has failed at a job.
    pub(crate) fn fail(&self, jid: &str, message: &str) {
        self.fail_as(jid, message, message);
    }

    /// The same, with a kind of error of its own.
    pub(crate) fn fail_as(&self, jid: &str, errtype: &str, message: &str) {
        let report = FailReport {
            jid: jid.to_owned(),
            errtype: errtype.to_owned(),
            message: message.to_owned(),
            backtrace: vec![message.to_owned()],
        };
        let op = Op::Fail(Arc::new(Fail {
            report,
            wid: "w".into(),
        }));
        assert!(matches!(self.run(op), Outcome::Ok));
    }

    /// Pushes a job.
    pub(crate) fn push(&self, payload: &serde_json::Value) {
        let job = Job::parse(payload.to_string().as_bytes()).unwrap();
        let op = Op::push(job, self.now(), CustomReading::ALL).unwrap();
        let outcome = self.run(op);
        assert!(matches!(outcome, Outcome::Ok), "{outcome:?}");
    }
}

/// A worker that runs.
pub(crate) fn worker(wid: &str) -> WorkerView {
    WorkerView {
        wid: wid.into(),
        hostname: String::from("host"),
        pid: 1,
        labels: Vec::new(),
        rss_kb: 0,
        state: "running",
        connections: 1,
        connected_for: Duration::ZERO,
        silent_for: Duration::ZERO,
    }
}

/// A connection of a worker.
pub(crate) fn connection(wid: &str, phase: &'static str, fetches: Fetches) -> ConnectionView {
    ConnectionView {
        peer: ([127, 0, 0, 1], 4000).into(),
        wid: wid.into(),
        age: Duration::ZERO,
        phase,
        fetches,
    }
}

fn start() -> Timestamp {
    Timestamp::parse_rfc3339("2026-03-01T10:00:00Z").unwrap()
}

impl Core {
    fn run(&mut self, op: Op) -> Result<Outcome, StoreError> {
        self.tickets += 1;
        let ticket = Ticket(self.tickets);
        let mut requests = vec![Request { ticket, op }];
        let mut answered = None;
        while !requests.is_empty() {
            let context = GroupContext {
                wall: self.now,
                uptime: self.now.since(start()),
                frozen: Duration::ZERO,
                seed: self.tickets,
            };
            let mut tx = self.store.begin()?;
            let result = self.engine.run_group(&mut tx, context, &requests)?;
            tx.commit()?;
            self.engine.committed();
            let answers = result.answers.into_iter();
            answered = answers.map(|answer| answer.outcome).last().or(answered);
            requests = result.unfinished;
        }
        Ok(answered.unwrap_or(Outcome::Nothing))
    }
}

impl Desk for FakeDesk {
    fn ask(&self, permit: &Permit, op: Op) -> Answering<'_, Result<Outcome, DeskError>> {
        self.asked.lock().push((permit.clone(), format!("{op:?}")));
        let answer = match *self.state.lock() {
            ServerState::Ready => Ok(self.run(op.by(&permit.actor().operator()))),
            _ => Err(DeskError::Closed),
        };
        Box::pin(async { answer })
    }

    fn run_read(&self, read: Read) -> Answering<'_, Result<(), StoreError>> {
        if self.reads_are_held.load(Ordering::Relaxed) {
            return Box::pin(std::future::pending());
        }
        let done = read(&*self.reading);
        Box::pin(async { done })
    }

    fn now(&self) -> Timestamp {
        self.core.lock().now
    }

    fn state(&self) -> ServerState {
        *self.state.lock()
    }

    fn facts(&self) -> Arc<ServerFacts> {
        Arc::new(ServerFacts {
            description: "Faktory Enterprise",
            faktory_version: "1.10.0",
            version: "0.1.0",
            environment: String::from("development"),
            started_at: start(),
            pid: 1,
            storage_dir: String::from("/nowhere"),
            listens_at: String::from("tcp://127.0.0.1:7419"),
            durability: Durability::Always,
        })
    }

    fn standing(&self) -> Option<Standing> {
        self.standing.lock().clone()
    }

    fn numbers(&self) -> ServerNumbers {
        ServerNumbers {
            uptime: self.now().since(start()),
            connections: 2,
            commands: 3,
            workers: self.workers.lock().len() as u64,
            workers_reaped: 0,
            memory_bytes: 20 << 20,
            commits: 4,
            rollbacks: 0,
            duties: vec![DutyNumbers {
                name: "promotion",
                runs: 5,
                time: Duration::from_millis(1_500),
            }],
        }
    }

    fn info(&self, totals: &Totals) -> Vec<u8> {
        let sizes: serde_json::Map<String, serde_json::Value> = totals
            .queues
            .iter()
            .map(|(name, queue)| (name.clone(), queue.size.into()))
            .collect();
        serde_json::json!({ "faktory": { "queues": sizes } })
            .to_string()
            .into_bytes()
    }

    fn rules(&self) -> Rules {
        self.rules.clone()
    }

    fn cron(&self) -> Arc<CronTable> {
        Arc::clone(&self.cron.lock())
    }

    fn read_cron(&self, definition: &CronDefinition) -> Result<CronEntry, CronFlaw> {
        self.crons_read.fetch_add(1, Ordering::Relaxed);
        let is_known = |name: Option<&str>| name.is_none_or(|name| name == "UTC");
        CronEntry::read(definition, &mut |name| {
            is_known(name).then_some(TimeZone::UTC)
        })
    }

    fn job_bytes_max(&self) -> usize {
        1 << 20
    }

    fn disk_space(&self) -> Answering<'_, Option<DiskSpace>> {
        let space = *self.disk.lock();
        Box::pin(async move { Some(space) })
    }

    fn certificate_ends_at(&self) -> Option<Timestamp> {
        *self.certificate_ends_at.lock()
    }

    fn settings(&self) -> Vec<(String, String)> {
        vec![(String::from("environment"), String::from("development"))]
    }

    fn access(&self) -> Arc<Access> {
        Arc::new(self.access.lock().clone())
    }

    fn workers(&self) -> Vec<WorkerView> {
        self.workers.lock().clone()
    }

    fn signal_workers(
        &self,
        permit: &Permit,
        choice: &WorkerChoice,
        signal: WorkerSignal,
    ) -> usize {
        self.asked
            .lock()
            .push((permit.clone(), format!("{signal:?}")));
        self.signals.lock().push((choice.clone(), signal));
        let told = self.workers.lock().len();
        let note = Op::Note(choice.note(signal, told).into());
        self.run(note.by(&permit.actor().operator()));
        told
    }

    fn connections(&self) -> Vec<ConnectionView> {
        self.connections.lock().clone()
    }

    fn left_queues(&self) -> BTreeMap<Box<str>, LeftQueue> {
        self.left_queues.lock().clone()
    }
}
