//! Reading long lines, such as a PUSHB of many jobs, in threads of their own: the other connections and the
//! committer go on meanwhile.

use std::thread::available_parallelism;

use bytes::Bytes;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use workmill_engine::{BulkPush, Op};
use workmill_proto::{BatchCommand, Command, CustomReading, Timestamp, WireError, parse_command};

/// The shortest line that is read apart, in bytes: to read it takes several times as long as to hand it over.
const APART_BYTES_MIN: usize = 32 << 10;

/// What a line asks for. What may be long is made ready for the engine where it is read.
#[derive(Debug)]
pub(super) enum Parsed {
    /// A PUSH.
    Push(Op),
    /// A PUSHB.
    PushBulk(BulkPush),
    /// Anything else.
    Other(Command),
}

impl Parsed {
    /// Whether it belongs to work that has begun: a server that is stopping still takes it, as a job whose end it has
    /// not heard of would be run again.
    pub(super) fn ends_work(&self) -> bool {
        match self {
            Self::Push(_) | Self::PushBulk(_) => false,
            Self::Other(command) => match command {
                Command::Ack { .. }
                | Command::Fail(_)
                | Command::Requeue { .. }
                | Command::Track(_)
                | Command::Beat(_)
                | Command::End => true,
                Command::Batch(batch) => {
                    !matches!(batch, BatchCommand::New(_) | BatchCommand::Open(_))
                }
                Command::Push(_)
                | Command::PushBulk(_)
                | Command::Fetch(_)
                | Command::Info
                | Command::Flush
                | Command::Mutate(_)
                | Command::Queue(_) => false,
            },
        }
    }
}

/// Reads lines.
#[derive(Debug)]
pub(crate) struct Parser {
    /// One for each line that is read apart. One core is left to those who serve the connections.
    permits: Semaphore,
}

impl Default for Parser {
    fn default() -> Self {
        let cores = available_parallelism().map_or(1, usize::from);
        Self {
            permits: Semaphore::new(cores.saturating_sub(1).max(1)),
        }
    }
}

impl Parser {
    /// Reads a line that was received just now, which `now` tells. `reading` says which features are on.
    pub(super) async fn parse(
        &self,
        line: Bytes,
        now: impl Fn() -> Timestamp,
        reading: CustomReading,
    ) -> Result<Parsed, WireError> {
        if line.len() < APART_BYTES_MIN {
            return parse(&line, now, reading);
        }
        let now = now();
        // Never closed.
        let _permit = self.permits.acquire().await;
        match spawn_blocking(move || parse(&line, || now, reading)).await {
            Ok(parsed) => parsed,
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            Err(_) => Err(WireError::err("the server is stopping")),
        }
    }
}

fn parse(
    line: &[u8],
    now: impl Fn() -> Timestamp,
    reading: CustomReading,
) -> Result<Parsed, WireError> {
    Ok(match parse_command(line)? {
        Command::Push(job) => Parsed::Push(Op::push(job, now(), reading)?),
        Command::PushBulk(jobs) => Parsed::PushBulk(BulkPush::new(jobs, now(), reading)),
        command => Parsed::Other(command),
    })
}
