//! `QUEUE PAUSE|RESUME|REMOVE|LATENCY queue…`

use super::{Command, CommandSpec};
use crate::WireError;
use crate::error::echo;
use crate::limits::QUEUE_NAMES_MAX;
use crate::utf8::decode_utf8;

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "QUEUE",
    argument_missing: Some(
        "QUEUE needs a subcommand and queues: QUEUE PAUSE|RESUME|REMOVE|LATENCY queue...",
    ),
    parse,
};

/// Something to do with queues.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QueueCommand {
    /// Hand out no more jobs from them, also from those that do not exist yet.
    Pause(QueueSelection),
    /// Hand out jobs from them again.
    Resume(QueueSelection),
    /// Forget them and the jobs waiting in them.
    Remove(QueueSelection),
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
    let words = decode_utf8(argument);
    let mut words = words.split(' ').filter(|word| !word.is_empty());
    let subcommand = echo(words.next().unwrap_or_default().as_bytes()).to_uppercase();
    let names: Vec<String> = words.take(QUEUE_NAMES_MAX + 1).map(String::from).collect();
    if names.len() > QUEUE_NAMES_MAX {
        return Err(WireError::err(format!(
            "QUEUE takes at most {QUEUE_NAMES_MAX} queues: name fewer"
        )));
    }
    let command = match subcommand.as_str() {
        "PAUSE" => QueueCommand::Pause(select(names, "PAUSE")?),
        "RESUME" => QueueCommand::Resume(select(names, "RESUME")?),
        "REMOVE" => QueueCommand::Remove(select(names, "REMOVE")?),
        "LATENCY" if names == ["*"] => {
            return Err(WireError::err("QUEUE LATENCY does not support wildcards"));
        }
        "LATENCY" => return Ok(Command::Latency(checked(names)?)),
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
            "QUEUE {subcommand} needs queues: QUEUE {subcommand} queue..., or * for all"
        ))),
        Some("*") => Ok(QueueSelection::All),
        Some(_) => Ok(QueueSelection::Named(checked(names)?)),
    }
}

/// Refuses names that no queue can have: whoever writes `a,b` or `a*` believes that it does something.
fn checked(names: Vec<String>) -> Result<Vec<String>, WireError> {
    names
        .iter()
        .try_for_each(|name| super::check_queue_name(name))?;
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::QUEUE_NAME_BYTES_MAX;
    use crate::parse_command;

    fn parse(words: &str) -> Result<Command, String> {
        parse_command(format!("QUEUE {words}").as_bytes()).map_err(|error| error.text)
    }

    fn queue(words: &str) -> Result<QueueCommand, String> {
        match parse(words)? {
            Command::Queue(command) => Ok(command),
            other => panic!("{other:?}"),
        }
    }

    fn latency(words: &str) -> Vec<String> {
        match parse(words) {
            Ok(Command::Latency(queues)) => queues,
            other => panic!("{other:?}"),
        }
    }

    fn named(names: &[&str]) -> QueueSelection {
        QueueSelection::Named(names.iter().map(|name| (*name).to_owned()).collect())
    }

    #[test]
    fn subcommands_take_queues_in_any_case() {
        assert_eq!(
            queue("PAUSE a  b "),
            Ok(QueueCommand::Pause(named(&["a", "b"])))
        );
        assert_eq!(queue("resume a"), Ok(QueueCommand::Resume(named(&["a"]))));
        assert_eq!(queue("Remove a"), Ok(QueueCommand::Remove(named(&["a"]))));
        assert_eq!(latency("latency a"), ["a"]);
    }

    #[test]
    fn a_first_star_means_all() {
        assert_eq!(
            queue("PAUSE *"),
            Ok(QueueCommand::Pause(QueueSelection::All))
        );
        assert_eq!(
            queue("RESUME * a"),
            Ok(QueueCommand::Resume(QueueSelection::All))
        );
        assert_eq!(
            queue("REMOVE *"),
            Ok(QueueCommand::Remove(QueueSelection::All))
        );
    }

    #[test]
    fn latency_takes_no_star_but_no_queues() {
        assert_eq!(
            queue("LATENCY *").unwrap_err(),
            "QUEUE LATENCY does not support wildcards"
        );
        assert!(latency("LATENCY").is_empty());
    }

    #[test]
    fn other_subcommands_need_queues() {
        for subcommand in ["PAUSE", "RESUME", "REMOVE"] {
            let text = queue(subcommand).unwrap_err();
            assert!(
                text.starts_with(&format!("QUEUE {subcommand} needs queues")),
                "{text}"
            );
        }
    }

    #[test]
    fn a_name_no_queue_can_have_is_refused_and_named() {
        let long = "q".repeat(QUEUE_NAME_BYTES_MAX + 1);
        for subcommand in ["PAUSE", "RESUME", "REMOVE", "LATENCY"] {
            for bad in ["default,low", "a:b", "a*", "*", "b/c", "\u{e9}", &long] {
                let text = parse(&format!("{subcommand} a {bad} b")).unwrap_err();
                assert_eq!(text, super::super::check_queue_name(bad).unwrap_err().text);
            }
            assert!(parse(&format!("{subcommand} a b-1.c_2")).is_ok());
        }
    }

    #[test]
    fn an_unknown_subcommand_is_repeated_in_upper_case() {
        assert_eq!(
            queue("stop a").unwrap_err(),
            "no such QUEUE subcommand: STOP"
        );
        assert!(queue(&"x".repeat(10_000)).unwrap_err().len() < 300);
    }

    #[test]
    fn queues_are_bounded() {
        let names = |count: usize| format!("REMOVE {}", "q ".repeat(count));
        assert!(queue(&names(QUEUE_NAMES_MAX)).is_ok());
        let text = queue(&names(QUEUE_NAMES_MAX + 1)).unwrap_err();
        assert_eq!(text, "QUEUE takes at most 10000 queues: name fewer");
    }
}
