//! `FETCH queue…`

use std::collections::HashSet;

use super::{Command, CommandSpec};
use crate::WireError;
use crate::limits::{FETCH_QUEUES_MAX, QUEUE_NAME_BYTES_MAX};
use crate::utf8::decode_utf8;

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "FETCH",
    argument_missing: Some("must call fetch with at least one queue"),
    parse,
};

/// With how many names a further one is compared; those after them are hashed. Most workers list fewer, and to compare
/// a name with these costs less than to hash it.
const NAMES_COMPARED_MAX: usize = 16;

/// A name that breaks the rule for queue names is one of a queue without jobs, as any unknown name is:
/// workers that list one and are served from the others must go on working.
fn parse(argument: &[u8]) -> Result<Command, WireError> {
    let names = decode_utf8(argument);
    let mut queues: Vec<String> = Vec::new();
    let mut seen: HashSet<&str> = HashSet::new();
    for name in names.split(' ').filter(|name| !name.is_empty()) {
        if name.len() > QUEUE_NAME_BYTES_MAX {
            super::check_queue_name(name)?;
        }
        let repeated = queues.iter().take(NAMES_COMPARED_MAX).any(|q| q == name)
            || (queues.len() >= NAMES_COMPARED_MAX && !seen.insert(name));
        if repeated {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse_command;

    fn fetch(queues: &[u8]) -> Result<Vec<String>, WireError> {
        match parse_command(&[b"FETCH ", queues].concat())? {
            Command::Fetch(queues) => Ok(queues),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn queues_keep_their_order_and_lose_their_repetitions() {
        assert_eq!(fetch(b"b a  b c a ").unwrap(), ["b", "a", "c"]);
    }

    #[test]
    fn repetitions_are_found_among_many_queues() {
        let names: Vec<String> = (0..FETCH_QUEUES_MAX).map(|n| format!("q{n}")).collect();
        let line = [names.join(" "), names.join(" ")].join(" ");
        assert_eq!(fetch(line.as_bytes()).unwrap(), names);
    }

    #[test]
    fn names_no_queue_can_have_are_harmless() {
        assert_eq!(fetch(b"a/b default").unwrap(), ["a/b", "default"]);
        assert_eq!(fetch(b"\xFF").unwrap(), ["\u{FFFD}"]);
    }

    #[test]
    fn names_and_their_number_are_bounded() {
        assert!(fetch("q".repeat(QUEUE_NAME_BYTES_MAX).as_bytes()).is_ok());
        assert!(fetch("q".repeat(QUEUE_NAME_BYTES_MAX + 1).as_bytes()).is_err());
        let names = |count: usize| {
            (0..count)
                .map(|index| format!("q{index} "))
                .collect::<String>()
        };
        assert_eq!(
            fetch(names(FETCH_QUEUES_MAX).as_bytes()).unwrap().len(),
            FETCH_QUEUES_MAX
        );
        let text = fetch(names(FETCH_QUEUES_MAX + 1).as_bytes())
            .unwrap_err()
            .text;
        assert_eq!(text, "FETCH takes at most 10000 queues: name fewer");
        let repeated = names(FETCH_QUEUES_MAX).repeat(2);
        assert_eq!(fetch(repeated.as_bytes()).unwrap().len(), FETCH_QUEUES_MAX);
    }
}
