//! `QUEUE PAUSE|RESUME|REMOVE|LATENCY queue…`

use super::{Command, CommandSpec};
use crate::WireError;
use crate::error::echo;
use crate::limits::QUEUE_NAMES_MAX;

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "QUEUE",
    argument_missing: Some(
        "QUEUE needs a subcommand and queues: QUEUE PAUSE|RESUME|REMOVE|LATENCY queue…",
    ),
    parse,
};

/// Something to do with queues.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QueueCommand {
    /// Hand out no more jobs from them. Every name is one a queue can have.
    Pause(QueueSelection),
    /// Hand out jobs from them again.
    Resume(QueueSelection),
    /// Forget them and the jobs waiting in them.
    Remove(QueueSelection),
    /// Tell how long the oldest job of each has waited.
    Latency(Vec<String>),
}

/// Which queues.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QueueSelection {
    /// All that exist.
    All,
    /// Those with these names, as far as they exist.
    Named(Vec<String>),
}

/// The subcommand may be in any case, unlike the verb before it.
fn parse(argument: &[u8]) -> Result<Command, WireError> {
    let words = String::from_utf8_lossy(argument);
    let mut words = words.split(' ').filter(|word| !word.is_empty());
    let subcommand = echo(words.next().unwrap_or_default().as_bytes()).to_uppercase();
    let names: Vec<String> = words.take(QUEUE_NAMES_MAX + 1).map(String::from).collect();
    if names.len() > QUEUE_NAMES_MAX {
        return Err(WireError::err(format!(
            "QUEUE takes at most {QUEUE_NAMES_MAX} queues: name fewer"
        )));
    }
    let command = match subcommand.as_str() {
        "PAUSE" => {
            let selection = select(names, "PAUSE")?;
            if let QueueSelection::Named(names) = &selection {
                names
                    .iter()
                    .try_for_each(|name| super::check_queue_name(name))?;
            }
            QueueCommand::Pause(selection)
        }
        "RESUME" => QueueCommand::Resume(select(names, "RESUME")?),
        "REMOVE" => QueueCommand::Remove(select(names, "REMOVE")?),
        "LATENCY" if names == ["*"] => {
            return Err(WireError::err("QUEUE LATENCY does not support wildcards"));
        }
        "LATENCY" => QueueCommand::Latency(names),
        _ => {
            return Err(WireError::err(format!(
                "no such QUEUE subcommand: {subcommand}"
            )));
        }
    };
    Ok(Command::Queue(command))
}

/// The queues of a subcommand that needs some. A first name of `*` means all.
fn select(names: Vec<String>, subcommand: &str) -> Result<QueueSelection, WireError> {
    match names.first().map(String::as_str) {
        None => Err(WireError::err(format!(
            "QUEUE {subcommand} needs queues: QUEUE {subcommand} queue…, or * for all"
        ))),
        Some("*") => Ok(QueueSelection::All),
        Some(_) => Ok(QueueSelection::Named(names)),
    }
}
