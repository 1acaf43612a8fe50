//! The table of all commands.

use super::{
    BatchCommand, Beat, FailReport, Mutation, QueueCommand, RefusedJob, TrackCommand, ack, batch,
    beat, end, fail, fetch, flush, info, mutate, push, pushb, queue, requeue, track,
};
use crate::error::echo;
use crate::{Job, WireError};

/// What a client asks for, as far as it can be understood without knowing anything else.
#[derive(Clone, Debug)]
pub enum Command {
    /// PUSH: a job to run.
    Push(Job),
    /// PUSHB: jobs to run, each by itself.
    PushBulk(Vec<Result<Job, RefusedJob>>),
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
    /// QUEUE LATENCY: tell how long the oldest job of each of these queues has waited.
    Latency(Vec<String>),
    /// REQUEUE: a worker gives a job back.
    Requeue {
        /// The job's id.
        jid: String,
    },
    /// BATCH: make a batch of jobs, or do something with one.
    Batch(BatchCommand),
    /// TRACK: note or tell how a job is getting on.
    Track(TrackCommand),
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
    track::SPEC,
    batch::SPEC,
    queue::SPEC,
    requeue::SPEC,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::ERROR_TEXT_BYTES_MAX;

    fn error(line: &str) -> String {
        parse_command(line.as_bytes()).unwrap_err().text
    }

    #[test]
    fn verbs_are_known_in_exactly_their_case() {
        for line in ["push {}", "Info", "NOPE", "NOPE x", "INFO\t", "HELLO {}"] {
            let verb = line.split(' ').next().unwrap();
            assert_eq!(
                error(line),
                format!("unknown command {}", verb.replace('\t', " "))
            );
        }
        assert_eq!(error(""), "unknown command ");
        assert_eq!(error(" INFO"), "unknown command ");
    }

    #[test]
    fn an_unknown_verb_is_repeated_on_one_short_line() {
        let text = parse_command(&[b"\r\xFF".as_slice(), &[b'x'; 10_000]].concat()).unwrap_err();
        assert!(text.text.starts_with("unknown command  \u{FFFD}xxx"));
        assert!(text.text.len() < ERROR_TEXT_BYTES_MAX);
    }

    #[test]
    fn a_missing_argument_is_named() {
        for spec in TABLE {
            for line in [spec.name.to_owned(), format!("{}   ", spec.name)] {
                match (spec.argument_missing, parse_command(line.as_bytes())) {
                    (Some(text), Err(error)) => assert_eq!(error.text, text),
                    (None, Ok(_)) => {}
                    (_, other) => panic!("{line}: {other:?}"),
                }
            }
        }
        assert_eq!(error("FETCH"), "must call fetch with at least one queue");
        assert!(error("PUSH").starts_with("PUSH needs a job: "));
    }

    #[test]
    fn every_verb_is_in_the_table_once() {
        let mut names: Vec<_> = TABLE.iter().map(|spec| spec.name).collect();
        names.sort_unstable();
        let wanted = [
            "ACK", "BATCH", "BEAT", "END", "FAIL", "FETCH", "FLUSH", "INFO", "MUTATE", "PUSH",
            "PUSHB", "QUEUE", "REQUEUE", "TRACK",
        ];
        assert_eq!(names, wanted);
    }

    #[test]
    fn commands_without_arguments_ignore_what_follows() {
        assert!(matches!(parse_command(b"INFO"), Ok(Command::Info)));
        assert!(matches!(parse_command(b"INFO x {"), Ok(Command::Info)));
        assert!(matches!(parse_command(b"FLUSH ALL"), Ok(Command::Flush)));
        assert!(matches!(parse_command(b"END  "), Ok(Command::End)));
    }

    #[test]
    fn spaces_before_an_argument_are_skipped() {
        let command = parse_command(b"ACK    {\"jid\":\"j\"}  ");
        assert!(matches!(command, Ok(Command::Ack { jid }) if jid == "j"));
    }
}
