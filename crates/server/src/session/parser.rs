//! What a line asks for: a command that needs nothing but the engine is made an op where it is parsed.

use std::sync::Arc;

use bytes::Bytes;
use workmill_engine::{Ack, BulkPush, ClientId, Fail, Op, Requeue, TrackOp};
use workmill_proto::{
    BatchCommand, Beat, Command, CustomReading, Timestamp, WireError, parse_command,
};

use crate::long_lines::LongLines;

/// The shortest line that is parsed apart, in bytes: to parse it takes several times as long as to hand it over.
const APART_BYTES_MIN: usize = 32 << 10;

/// What a line asks for.
#[derive(Debug)]
pub(super) enum Parsed {
    /// Something for the engine alone.
    Op(Op),
    /// What an operator asks of the engine.
    Action(Op),
    /// FETCH from these queues: what becomes of it depends on the worker.
    Fetch(Vec<String>),
    /// QUEUE LATENCY of these queues.
    Latency(Vec<String>),
    /// BATCH.
    Batch(BatchCommand),
    /// BEAT.
    Beat(Beat),
    /// FLUSH, which is worth a line in the log.
    Flush,
    /// END.
    End,
}

impl Parsed {
    /// Whether it belongs to work that has begun: a server that is stopping still takes it, as a job whose end it has
    /// not heard of would be run again.
    pub(super) fn ends_work(&self) -> bool {
        match self {
            Self::Op(op) => matches!(op, Op::Ack(_) | Op::Fail(_) | Op::Requeue(_) | Op::Track(_)),
            Self::Batch(batch) => !matches!(batch, BatchCommand::New(_) | BatchCommand::Open(_)),
            Self::Beat(_) | Self::End => true,
            Self::Fetch(_) | Self::Latency(_) | Self::Flush | Self::Action(_) => false,
        }
    }
}

/// Who sends the lines of a connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sender<'a> {
    /// The worker; empty for a connection that named none.
    pub(super) wid: &'a Arc<str>,
    /// Whose the queues are that the commands make.
    pub(super) client: ClientId,
}

/// Parses a line that was received just now, which `now` tells. `reading` says which features are on.
pub(super) async fn parse(
    line: Bytes,
    sender: Sender<'_>,
    now: impl Fn() -> Timestamp,
    reading: CustomReading,
    long_lines: &LongLines,
) -> Result<Parsed, WireError> {
    if line.len() < APART_BYTES_MIN {
        return parse_here(&line, sender, now, reading);
    }
    let (now, wid, client) = (now(), Arc::clone(sender.wid), sender.client);
    let parsed = long_lines.run(move || {
        let sender = Sender { wid: &wid, client };
        parse_here(&line, sender, || now, reading)
    });
    let stopping = || Err(WireError::err("the server is stopping"));
    parsed.await.unwrap_or_else(stopping)
}

fn parse_here(
    line: &[u8],
    Sender { wid, client }: Sender<'_>,
    now: impl Fn() -> Timestamp,
    reading: CustomReading,
) -> Result<Parsed, WireError> {
    let wid = || Arc::clone(wid);
    let op = match parse_command(line)? {
        Command::Push(job) => Op::push(job, now(), reading)?.asked_by(client),
        Command::PushBulk(jobs) => {
            Op::PushBulk(BulkPush::new(jobs, now(), reading)).asked_by(client)
        }
        Command::Ack { jid } => Op::Ack(Ack { jid, wid: wid() }),
        Command::Fail(report) => Op::Fail(Arc::new(Fail { report, wid: wid() })),
        Command::Requeue { jid } => Op::Requeue(Requeue { jid, wid: wid() }),
        Command::Track(command) => Op::Track(Arc::new(TrackOp {
            command,
            wid: wid(),
        })),
        Command::Info => Op::Info,
        Command::Mutate(mutation) => return Ok(Parsed::Action(Op::mutate(mutation))),
        Command::Queue(command) => {
            return Ok(Parsed::Action(Op::Queue(Arc::new(command), client)));
        }
        Command::Fetch(queues) => return Ok(Parsed::Fetch(queues)),
        Command::Latency(queues) => return Ok(Parsed::Latency(queues)),
        Command::Batch(command) => return Ok(Parsed::Batch(command)),
        Command::Beat(beat) => return Ok(Parsed::Beat(beat)),
        Command::Flush => return Ok(Parsed::Flush),
        Command::End => return Ok(Parsed::End),
    };
    Ok(Parsed::Op(op))
}
