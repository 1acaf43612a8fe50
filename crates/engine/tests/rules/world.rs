//! A small world to try rules in: a store, an engine, and a clock that only moves when told to.

mod features;

pub use features::{
    change, change_op, jobs_named, nameless_fetch, of_type, queue, requeue_op, throttled, working,
};

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use workmill_engine::{
    Ack, Answer, DeliveryTag, Duty, Engine, Event, Fail, Fetch, GroupContext, Op, Outcome, Request,
    Rules, ServerId, Ticket,
};
use workmill_proto::{Command, CustomReading, Job, SetName, SteadyTime, Timestamp, parse_command};
use workmill_store::fault::{FaultPlan, FaultStore};
use workmill_store::memory::{MemoryDisk, MemoryStore};
use workmill_store::reading::Bounds;
use workmill_store::{
    AuditEntry, Counts, HistorySlot, Lock, Reading, ReservationsOf, Resolution, SetTime, Store,
    StoreError, Totals, Tx,
};

pub struct World {
    disk: MemoryDisk,
    store: Option<FaultStore<MemoryStore>>,
    /// Which statements fail.
    pub faults: FaultPlan,
    engine: Engine,
    rules: Rules,
    /// What time it is: it passes on both clocks.
    pub now: Timestamp,
    /// When the server started.
    started_at: Timestamp,
    /// By how many seconds the wall clock was set since, forward or back.
    pub clock_set_secs: i64,
    /// For how long the server was frozen since it started.
    pub frozen: Duration,
    tickets: u64,
    answers: BTreeMap<Ticket, Outcome>,
    /// What committed groups told of jobs.
    pub events: Vec<Event>,
}

/// A job as a worker got it.
#[derive(Debug)]
pub struct Fetched {
    pub payload: Value,
    pub tag: DeliveryTag,
}

impl Fetched {
    pub fn jid(&self) -> &str {
        self.payload["jid"].as_str().unwrap()
    }
}

impl World {
    pub fn new() -> Self {
        Self::with_rules(Rules::default())
    }

    pub fn with_rules(rules: Rules) -> Self {
        let disk = MemoryDisk::default();
        let faults = FaultPlan::default();
        let now = Timestamp::parse_rfc3339("2026-03-01T10:00:00Z").unwrap();
        let mut world = Self {
            store: Some(open(&disk, &faults)),
            disk,
            faults,
            engine: Engine::new(rules.clone()),
            rules,
            now,
            started_at: now,
            clock_set_secs: 0,
            frozen: Duration::ZERO,
            tickets: 0,
            answers: BTreeMap::new(),
            events: Vec::new(),
        };
        // The grace of a start passes, and nothing happens.
        for secs in [10, 10, 10, 10, 10, 11] {
            world.now = world.now.plus_secs(secs);
            world.tick(Duty::KeepClocks);
        }
        world
    }

    /// With so many jobs in the queue `q`, of the types `Even` and `Odd` in turn: `job-000000`, `job-000001`, and so on.
    pub fn of_jobs(jobs: usize) -> Self {
        let mut world = Self::new();
        for index in 0..jobs {
            let jobtype = ["Even", "Odd"][index % 2];
            let jid = format!("job-{index:06}");
            world.push(&jid, "q", json!({ "jobtype": jobtype }));
        }
        world
    }

    /// As after a clean restart of the server on the same files; the grace of a start is not yet over.
    pub fn restart(&mut self) {
        self.down(0);
    }

    /// The server is stopped, and started again so many seconds later.
    pub fn down(&mut self, secs: i64) {
        self.group(vec![Op::Drain(ServerId::LOCAL)]);
        self.tick(Duty::KeepClocks);
        self.now = self.now.plus_secs(secs);
        self.crash();
    }

    /// As after the end of the process at any moment and a new start.
    pub fn crash(&mut self) {
        self.forget_engine();
        // A server's ticks begin at once.
        self.tick(Duty::KeepClocks);
    }

    /// As after a new start, before the first tick.
    pub fn forget_engine(&mut self) {
        self.store = None;
        self.store = Some(open(&self.disk, &self.faults));
        self.engine = Engine::new(self.rules.clone());
        self.started_at = self.now;
        self.frozen = Duration::ZERO;
        self.answers.clear();
    }

    /// What the wall clock shows.
    pub fn wall(&self) -> Timestamp {
        self.now.plus_secs(self.clock_set_secs)
    }

    /// When the engine must run again, if nothing happens.
    pub fn next_deadline(&self) -> Option<Timestamp> {
        let uptime = self.engine.next_deadline()?;
        Some(self.started_at.plus(uptime))
    }

    pub fn set_rules(&mut self, rules: Rules) {
        self.rules = rules.clone();
        self.engine.set_rules(rules);
    }

    /// Runs one group and whatever it leaves unfinished; returns the tickets of its requests.
    pub fn group(&mut self, ops: Vec<Op>) -> Vec<Ticket> {
        let requests: Vec<Request> = ops
            .into_iter()
            .map(|op| {
                self.tickets += 1;
                Request {
                    ticket: Ticket(self.tickets),
                    op,
                }
            })
            .collect();
        let tickets = requests.iter().map(|request| request.ticket).collect();
        let mut requests = requests;
        loop {
            requests = self.slice(&requests);
            if requests.is_empty() {
                return tickets;
            }
        }
    }

    /// Runs one slice; returns what it leaves unfinished.
    pub fn slice(&mut self, requests: &[Request]) -> Vec<Request> {
        let result = self.try_slice(requests, true).unwrap();
        let unfinished = result.1;
        for Answer { ticket, outcome } in result.0 {
            assert!(
                self.answers.insert(ticket, outcome).is_none(),
                "{ticket:?} answered twice"
            );
        }
        unfinished
    }

    /// Runs one slice and commits it, or drops it as after a failed statement.
    pub fn try_slice(
        &mut self,
        requests: &[Request],
        commit: bool,
    ) -> Result<(Vec<Answer>, Vec<Request>), StoreError> {
        let seed = self.tickets;
        let context = GroupContext {
            wall: self.wall(),
            uptime: self.now.since(self.started_at),
            frozen: self.frozen,
            seed,
        };
        let mut tx = self.store.as_mut().unwrap().begin()?;
        let result = match self.engine.run_group(&mut tx, context, requests) {
            Ok(result) => result,
            Err(error) => {
                drop(tx);
                self.engine.rolled_back();
                return Err(error);
            }
        };
        if commit {
            if let Err(error) = tx.commit() {
                self.engine.rolled_back();
                return Err(error);
            }
            self.engine.committed();
            self.events.extend(result.events);
        } else {
            drop(tx);
            self.engine.rolled_back();
        }
        Ok((result.answers, result.unfinished))
    }

    /// Overwrites the first job of all in queues and with workers, as a broken disk would, and restarts.
    pub fn spoil_first_job(&mut self, bytes: &[u8]) {
        let first = self.disk.job_keys().first().copied();
        self.spoil(|disk| disk.plant_job(first.unwrap(), bytes));
    }

    /// Overwrites the job that comes first in the scheduled set, as a broken disk would, and restarts.
    pub fn spoil_first_scheduled(&mut self, bytes: &[u8]) {
        let mut tx = self.store.as_mut().unwrap().begin().unwrap();
        let entries = tx.entries(SetName::Scheduled, None, SetTime::MAX, 1);
        drop(tx);
        let first = entries.unwrap().first().unwrap().key;
        self.spoil(|disk| disk.plant_entry(first, bytes));
    }

    fn spoil(&mut self, spoil: impl FnOnce(&MemoryDisk) -> bool) {
        self.store = None;
        assert!(spoil(&self.disk), "nothing was spoilt");
        self.store = Some(open(&self.disk, &self.faults));
    }

    /// Makes all locks belong to another job.
    pub fn give_locks_to(&mut self, jid: &str) {
        let bounds = Bounds::of_rows(100);
        let locks = self.reader().locks(None, bounds).unwrap().items;
        let locks = locks.into_iter().map(|lock| {
            let (key, mut lock) = lock.unwrap();
            lock.owner.jid = jid.into();
            (key, lock)
        });
        let locks: Vec<_> = locks.collect();
        let mut tx = self.store.as_mut().unwrap().begin().unwrap();
        tx.put(&locks).unwrap();
        tx.commit().unwrap();
    }

    /// Removes all locks.
    pub fn remove_locks(&mut self) {
        let bounds = Bounds::of_rows(100);
        let locks = self.reader().locks(None, bounds).unwrap().items;
        let keys: Vec<_> = locks.into_iter().map(|lock| lock.unwrap().0).collect();
        let mut tx = self.store.as_mut().unwrap().begin().unwrap();
        tx.remove::<Lock>(&keys).unwrap();
        tx.commit().unwrap();
    }

    /// An op is not run again, as it has failed by itself.
    pub fn give_up(&mut self, op: &Op, reason: &str) {
        self.engine.gave_up(op, reason, self.wall());
    }

    pub fn next_ticket(&mut self) -> Ticket {
        self.tickets += 1;
        Ticket(self.tickets)
    }

    /// The answer to a ticket, if it has come.
    pub fn answer(&mut self, ticket: Ticket) -> Option<Outcome> {
        self.answers.remove(&ticket)
    }

    /// Runs one op that is answered at once.
    pub fn run(&mut self, op: Op) -> Outcome {
        let ticket = self.group(vec![op])[0];
        self.answer(ticket).expect("the op is answered at once")
    }

    /// Runs one op that must be answered with OK.
    pub fn ok(&mut self, op: Op) {
        let outcome = self.run(op);
        assert!(matches!(outcome, Outcome::Ok), "{outcome:?}");
    }

    /// Runs one op that must be refused; returns the text.
    pub fn refused(&mut self, op: Op) -> String {
        match self.run(op) {
            Outcome::Refused(error) => error.text,
            other => panic!("not refused: {other:?}"),
        }
    }

    pub fn push_op(&self, payload: &Value) -> Op {
        Op::push(
            Job::parse(payload.to_string().as_bytes()).unwrap(),
            self.wall(),
            CustomReading::ALL,
        )
        .unwrap()
    }

    /// Pushes a job of this id and queue, with more payload members.
    pub fn push(&mut self, jid: &str, queue: &str, more: Value) {
        let op = Op::push(self.job(jid, queue, more), self.wall(), CustomReading::ALL).unwrap();
        self.ok(op);
    }

    pub fn try_fetch(&mut self, queues: &[&str], wid: &str) -> Result<Fetched, Ticket> {
        let ticket = self.group(vec![fetch_op(queues, wid)])[0];
        self.take_job(ticket).ok_or(ticket)
    }

    pub fn take_job(&mut self, ticket: Ticket) -> Option<Fetched> {
        match self.answer(ticket)? {
            Outcome::Job(job) => {
                let mut wire = bytes::BytesMut::new();
                workmill_proto::write_job(
                    &mut wire,
                    &job.body,
                    job.enqueued_at_index,
                    job.enqueued_at,
                );
                let text = String::from_utf8(wire.to_vec()).unwrap();
                let body = text.split("\r\n").nth(1).unwrap();
                Some(Fetched {
                    payload: serde_json::from_str(body).unwrap(),
                    tag: job.tag,
                })
            }
            other => panic!("no job: {other:?}"),
        }
    }

    /// Fetches a job that must be there.
    pub fn fetch(&mut self, queues: &[&str], wid: &str) -> Fetched {
        self.try_fetch(queues, wid).expect("a job is there")
    }

    /// Asserts that there is nothing to fetch, and waits the FETCH out.
    pub fn assert_nothing(&mut self, queues: &[&str]) {
        let ticket = self.try_fetch(queues, "").expect_err("nothing is there");
        self.now = self.now.plus(Duration::from_millis(1_900));
        self.group(vec![]);
        assert!(matches!(self.answer(ticket), Some(Outcome::Nothing)));
    }

    pub fn ack_op(jid: &str, wid: &str) -> Op {
        Op::Ack(Ack {
            jid: jid.to_owned(),
            wid: wid.into(),
        })
    }

    pub fn ack(&mut self, jid: &str, wid: &str) {
        self.ok(Self::ack_op(jid, wid));
    }

    pub fn fail_op(jid: &str, wid: &str) -> Op {
        let line = json!({"jid": jid, "errtype": "Boom", "message": "it broke"});
        match parse_command(format!("FAIL {line}").as_bytes()).unwrap() {
            Command::Fail(report) => Op::Fail(Arc::new(Fail {
                report,
                wid: wid.into(),
            })),
            other => panic!("{other:?}"),
        }
    }

    pub fn fail(&mut self, jid: &str, wid: &str) {
        self.ok(Self::fail_op(jid, wid));
    }

    pub fn mutate(&mut self, mutation: Value) {
        self.ok(mutate_op(&mutation));
    }

    pub fn queue(&mut self, arguments: &str) -> Outcome {
        match parse_command(format!("QUEUE {arguments}").as_bytes()).unwrap() {
            Command::Queue(command) => self.run(Op::Queue(Arc::new(command), 0)),
            other => panic!("{other:?}"),
        }
    }

    pub fn totals(&mut self) -> Totals {
        match self.run(Op::Info) {
            Outcome::Info(report) => report.totals.clone(),
            other => panic!("{other:?}"),
        }
    }

    /// Changes what is stored, past the engine.
    pub fn transact(&mut self, run: impl FnOnce(&mut <FaultStore<MemoryStore> as Store>::Tx<'_>)) {
        let mut tx = self.store.as_mut().unwrap().begin().unwrap();
        run(&mut tx);
        tx.commit().unwrap();
    }

    pub fn reader(&self) -> impl Reading {
        self.store.as_ref().unwrap().reader()
    }

    /// The entries of the audit log, the earliest first.
    pub fn audit_log(&self) -> Vec<AuditEntry> {
        let bounds = Bounds::of_rows(100);
        let slice = self.reader().audit(None, &|_| true, bounds).unwrap();
        let entries = slice.items.into_iter().rev();
        entries.map(|(_, entry)| entry.unwrap()).collect()
    }

    pub fn days(&self, first: i64, last: i64) -> Vec<(i64, Counts)> {
        self.reader().days(first, last).unwrap()
    }

    /// What is kept of the slot of history in which the wall clock is.
    pub fn history(&self, resolution: Resolution) -> HistorySlot {
        let slot = resolution.slot_at(self.wall());
        let read = self
            .reader()
            .history(resolution, slot..=slot, Bounds::of_rows(1));
        let found = read.unwrap().items.pop();
        found.map(|(_, found)| found).unwrap_or_default()
    }

    /// All jobs where they are and in their order, reservations and counters, and what is written down of jobs, as a text.
    pub fn everything(&mut self) -> Vec<String> {
        let totals = self.totals();
        let mut all = vec![format!("{totals:?}")];
        let mut tx = self.store.as_mut().unwrap().begin().unwrap();
        let mut jids = BTreeSet::new();
        for queue in totals.queues.keys() {
            for (key, job) in tx.claim(queue, 100_000).unwrap() {
                jids.extend(job.as_ref().map(|job| job.jid.to_string()));
                all.push(format!("{queue} {key:?} {job:?}"));
            }
        }
        for set in SetName::ALL {
            for entry in tx.entries(set, None, SetTime::MAX, 100_000).unwrap() {
                jids.extend(entry.job.as_ref().map(|job| job.jid.to_string()));
                all.push(format!("{:?} {:?}", entry.key.at, entry.job));
            }
        }
        let held = tx
            .reservations(ReservationsOf::EndingBy(SteadyTime::MAX, 100_000))
            .unwrap();
        all.extend(held.iter().map(|held| format!("{held:?}")));
        drop(tx);
        for jid in jids {
            all.push(format!("{jid} {:?}", self.tracked(&jid)));
        }
        all
    }

    pub fn size(&mut self, queue: &str) -> u64 {
        self.totals()
            .queues
            .get(queue)
            .map_or(0, |queue| queue.size)
    }

    pub fn tick(&mut self, duty: Duty) {
        self.ok(Op::Tick(duty));
    }

    /// Lets this many seconds pass, with the ticks a server makes. Beyond five minutes the clock jumps and
    /// then a minute passes in steps, so that the grace after the jump is over.
    pub fn pass(&mut self, secs: i64) {
        let steps = if secs > 300 { 61 } else { secs };
        self.now = self.now.plus_secs(secs - steps);
        for _ in 0..steps {
            self.now = self.now.plus_secs(1);
            self.tick(Duty::Promote);
            self.tick(Duty::ExpireReservations);
            if self.now.since(self.started_at).as_secs().is_multiple_of(10) {
                self.tick(Duty::KeepClocks);
            }
        }
        self.tick(Duty::Purge);
    }
}

pub fn fetch_op(queues: &[&str], wid: &str) -> Op {
    Op::Fetch(Fetch {
        queues: queues.iter().map(|q| (*q).to_owned()).collect(),
        wid: wid.into(),
        server: ServerId::LOCAL,
        connection: 0,
    })
}

pub fn mutate_op(mutation: &Value) -> Op {
    match parse_command(format!("MUTATE {mutation}").as_bytes()).unwrap() {
        Command::Mutate(mutation) => Op::mutate(mutation),
        other => panic!("{other:?}"),
    }
}

fn open(disk: &MemoryDisk, faults: &FaultPlan) -> FaultStore<MemoryStore> {
    FaultStore::new(MemoryStore::open(disk), faults.clone())
}
