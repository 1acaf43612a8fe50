//! `FETCH queue…`

use std::collections::HashSet;

use super::{Command, CommandSpec};
use crate::WireError;
use crate::limits::{FETCH_QUEUES_MAX, QUEUE_NAME_BYTES_MAX};

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "FETCH",
    argument_missing: Some("must call fetch with at least one queue"),
    parse,
};

/// A name that breaks the rule for queue names is one of a queue without jobs, as any unknown name is:
/// workers that list one and are served from the others must go on working.
fn parse(argument: &[u8]) -> Result<Command, WireError> {
    let names = String::from_utf8_lossy(argument);
    let mut queues = Vec::new();
    let mut seen = HashSet::new();
    for name in names.split(' ').filter(|name| !name.is_empty()) {
        if name.len() > QUEUE_NAME_BYTES_MAX {
            super::check_queue_name(name)?;
        }
        if !seen.insert(name) {
            continue;
        }
        if queues.len() == FETCH_QUEUES_MAX {
            return Err(WireError::err(format!(
                "FETCH takes at most {FETCH_QUEUES_MAX} queues: name fewer"
            )));
        }
        queues.push(name.to_owned());
    }
    Ok(Command::Fetch(queues))
}
