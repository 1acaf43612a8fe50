//! The table of all commands.

use super::{
    Beat, BulkJob, FailReport, Mutation, QueueCommand, ack, beat, end, fail, fetch, flush, info,
    mutate, push, pushb, queue,
};
use crate::error::echo;
use crate::{Job, WireError};

/// What a client asks for, as far as it can be understood without knowing anything else.
#[derive(Clone, Debug)]
pub enum Command {
    /// PUSH: a job to run.
    Push(Job),
    /// PUSHB: jobs to run, each by itself.
    PushBulk(Vec<BulkJob>),
    /// FETCH: a job from the first of these queues that has one. Never empty, no name twice. A name may break
    /// the rule for queue names: such a queue has no jobs.
    Fetch(Vec<String>),
    /// ACK: a job is done.
    Ack {
        /// The job's id.
        jid: String,
    },
    /// FAIL: a job went wrong.
    Fail(FailReport),
    /// BEAT: a worker is alive.
    Beat(Beat),
    /// INFO: sizes and counters.
    Info,
    /// FLUSH: forget everything.
    Flush,
    /// END: close the connection.
    End,
    /// MUTATE: change a set of jobs.
    Mutate(Mutation),
    /// QUEUE: pause, resume, remove queues, or tell how far they are behind.
    Queue(QueueCommand),
}

/// One verb of the protocol.
#[derive(Clone, Copy, Debug)]
pub struct CommandSpec {
    /// The verb, as it stands on the wire, in upper case.
    pub name: &'static str,
    /// What to answer if nothing follows the verb; none if nothing needs to.
    pub argument_missing: Option<&'static str>,
    /// Reads what follows the verb, without the spaces between.
    pub parse: fn(&[u8]) -> Result<Command, WireError>,
}

/// Every command, the most frequent first.
pub const TABLE: &[CommandSpec] = &[
    push::SPEC,
    fetch::SPEC,
    ack::SPEC,
    beat::SPEC,
    fail::SPEC,
    pushb::SPEC,
    info::SPEC,
    queue::SPEC,
    mutate::SPEC,
    flush::SPEC,
    end::SPEC,
];

/// Reads a line without its line end. The verb is what comes before the first space, in exactly this case.
pub fn parse_command(line: &[u8]) -> Result<Command, WireError> {
    let (verb, argument) = match memchr::memchr(b' ', line).and_then(|i| line.split_at_checked(i)) {
        Some((verb, argument)) => (verb, skip_spaces(argument)),
        None => (line, &[][..]),
    };
    let Some(spec) = TABLE.iter().find(|spec| spec.name.as_bytes() == verb) else {
        return Err(WireError::err(format!("unknown command {}", echo(verb))));
    };
    match spec.argument_missing {
        Some(text) if argument.is_empty() => Err(WireError::err(text)),
        _ => (spec.parse)(argument),
    }
}

fn skip_spaces(text: &[u8]) -> &[u8] {
    let start = text
        .iter()
        .position(|byte| *byte != b' ')
        .unwrap_or(text.len());
    text.get(start..).unwrap_or_default()
}
