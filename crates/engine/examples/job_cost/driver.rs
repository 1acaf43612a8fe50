//! The way of a command from bytes to bytes, as the server has it, in one thread.

use std::error::Error;
use std::mem;
use std::sync::Arc;

use bytes::BytesMut;
use tempfile::TempDir;
use workmill_engine::{
    Ack, Answer, BulkPush, Engine, Fetch, GroupContext, Op, Outcome, Request, Rules, ServerId,
    Ticket,
};
use workmill_proto::{
    Command, CustomReading, LineReader, Reply, Timestamp, parse_command, write_job,
};
use workmill_store::sqlite::{Durability, SqliteStore};
use workmill_store::{Store, Tx};

/// The moment of the first group, in microseconds since 1970.
const START_MICROS: i64 = 1_700_000_000_000_000;

/// How much later than the one before each group runs, in microseconds.
const GROUP_MICROS: i64 = 1_000;

/// The longest line, in bytes: the longest PUSHB of the workload is well below it.
const LINE_BYTES_MAX: usize = 1 << 20;

/// Everything between the sockets, and the requests not yet run.
pub(crate) struct Driver {
    lines: LineReader,
    requests: Vec<Request>,
    out: BytesMut,
    engine: Engine,
    store: SqliteStore,
    wid: Arc<str>,
    now: Timestamp,
    tickets: u64,
    // Removed last, when the store is closed.
    _dir: TempDir,
}

impl Driver {
    /// An empty store in a fresh directory.
    pub(crate) fn new() -> Result<Self, Box<dyn Error>> {
        let dir = tempfile::tempdir()?;
        Ok(Self {
            lines: LineReader::new(LINE_BYTES_MAX),
            requests: Vec::new(),
            out: BytesMut::new(),
            engine: Engine::new(Rules::default()),
            store: SqliteStore::open(dir.path(), Durability::Always)?,
            wid: "worker-1".into(),
            now: Timestamp::from_micros(START_MICROS),
            tickets: 0,
            _dir: dir,
        })
    }

    /// Takes in bytes and makes requests of their commands.
    pub(crate) fn read(&mut self, bytes: &[u8]) -> Result<(), Box<dyn Error>> {
        self.lines.buffer_mut().extend_from_slice(bytes);
        while let Some(line) = self.lines.next_line()? {
            let op = self.op(parse_command(&line)?)?;
            self.tickets += 1;
            let ticket = Ticket(self.tickets);
            self.requests.push(Request { ticket, op });
        }
        Ok(())
    }

    fn op(&self, command: Command) -> Result<Op, Box<dyn Error>> {
        let wid = Arc::clone(&self.wid);
        Ok(match command {
            Command::Push(job) => Op::push(job, self.now, CustomReading::ALL)?,
            Command::Fetch(queues) => Op::Fetch(Fetch {
                queues: queues.into(),
                wid,
                server: ServerId::LOCAL,
                connection: 0,
            }),
            Command::Ack { jid } => Op::Ack(Ack { jid, wid }),
            Command::PushBulk(jobs) => {
                Op::PushBulk(BulkPush::new(jobs, self.now, CustomReading::ALL))
            }
            other => return Err(format!("no command of the workload: {other:?}").into()),
        })
    }

    /// Runs what has been read if that fills a group.
    pub(crate) fn run_full_groups(&mut self, group_commands: usize) -> Result<(), Box<dyn Error>> {
        while self.requests.len() >= group_commands {
            let later = self.requests.split_off(group_commands);
            let mut group = mem::replace(&mut self.requests, later);
            // As the server does with those of different clients.
            group.sort_by_cached_key(|request| request.op.traits().rank);
            while !group.is_empty() {
                group = self.run_group(&group)?;
            }
        }
        Ok(())
    }

    /// Runs a group, commits it and writes its replies. Returns what it left unfinished.
    fn run_group(&mut self, group: &[Request]) -> Result<Vec<Request>, Box<dyn Error>> {
        self.now = Timestamp::from_micros(self.now.as_micros() + GROUP_MICROS);
        let context = GroupContext {
            wall: self.now,
            uptime: self.now.since(Timestamp::from_micros(START_MICROS)),
            frozen: std::time::Duration::ZERO,
            seed: self.tickets,
        };
        let mut tx = self.store.begin()?;
        let result = self.engine.run_group(&mut tx, context, group)?;
        tx.commit()?;
        self.engine.committed();
        if result.answers.len() + result.unfinished.len() != group.len() {
            return Err("a FETCH found nothing".into());
        }
        for Answer { outcome, .. } in result.answers {
            self.reply(outcome)?;
        }
        self.out.clear();
        Ok(result.unfinished)
    }

    fn reply(&mut self, outcome: Outcome) -> Result<(), Box<dyn Error>> {
        match outcome {
            Outcome::Ok => Reply::Ok.write(&mut self.out),
            Outcome::Job(job) => write_job(
                &mut self.out,
                &job.body,
                job.enqueued_at_index,
                job.enqueued_at,
            ),
            Outcome::Refusals(refused) if refused.is_empty() => {
                Reply::Bulk(b"{}").write(&mut self.out);
            }
            other => return Err(format!("a command did not succeed: {other:?}").into()),
        }
        Ok(())
    }

    /// Writes the replies that what has been read would get, and forgets it.
    pub(crate) fn reply_unasked(&mut self) -> Result<(), Box<dyn Error>> {
        for Request { op, .. } in mem::take(&mut self.requests) {
            match op {
                Op::Push(job) => {
                    let record = &job.record;
                    // The job as the FETCH gets it.
                    write_job(
                        &mut self.out,
                        &record.body,
                        record.enqueued_at_index,
                        self.now,
                    );
                    Reply::Ok.write(&mut self.out);
                }
                Op::Ack(_) => Reply::Ok.write(&mut self.out),
                Op::Fetch(_) => {}
                other => return Err(format!("no command of the workload: {other:?}").into()),
            }
        }
        self.out.clear();
        Ok(())
    }
}
