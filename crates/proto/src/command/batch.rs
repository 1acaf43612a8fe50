//! `BATCH NEW {batch}`, `BATCH OPEN|COMMIT|STATUS bid`, `BATCH CHILD parent child`

mod new;

pub use new::NewBatch;

use super::{Command, CommandSpec};
use crate::WireError;
use crate::error::echo;
use crate::limits::BID_BYTES_MAX;
use crate::utf8::decode_utf8;

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "BATCH",
    argument_missing: Some(
        "BATCH needs a subcommand: BATCH NEW {...}, BATCH OPEN|COMMIT|STATUS bid or BATCH CHILD parent child",
    ),
    parse,
};

/// Something to do with batches. Their ids are in the client's words, at most [`BID_BYTES_MAX`] bytes.
#[derive(Clone, Debug)]
pub enum BatchCommand {
    /// Make one.
    New(Box<NewBatch>),
    /// Look whether jobs can be added to it.
    Open(String),
    /// All its jobs are there.
    Commit(String),
    /// Tell how it is getting on.
    Status(String),
    /// Make one batch part of another.
    Child {
        /// The one that waits for the other.
        parent: String,
        /// The one that becomes part of it.
        child: String,
    },
}

/// The subcommand may be in any case, unlike the verb before it.
fn parse(argument: &[u8]) -> Result<Command, WireError> {
    let words = decode_utf8(argument);
    let (subcommand, rest) = words.split_once(' ').unwrap_or((&words, ""));
    let subcommand = echo(subcommand.as_bytes()).to_uppercase();
    let command = match subcommand.as_str() {
        "NEW" => BatchCommand::New(Box::new(NewBatch::parse(rest)?)),
        "OPEN" => BatchCommand::Open(parse_bid(&subcommand, rest)?),
        "COMMIT" => BatchCommand::Commit(parse_bid(&subcommand, rest)?),
        "STATUS" => BatchCommand::Status(parse_bid(&subcommand, rest)?),
        "CHILD" => {
            let usage = "BATCH CHILD needs two batch ids: BATCH CHILD parent child";
            let [parent, child] = parse_bids(rest).ok_or_else(|| WireError::err(usage))?;
            BatchCommand::Child {
                parent: bounded_bid(parent)?,
                child: bounded_bid(child)?,
            }
        }
        _ => {
            return Err(WireError::err(format!(
                "no such BATCH subcommand: {subcommand}"
            )));
        }
    };
    Ok(Command::Batch(command))
}

fn parse_bid(subcommand: &str, words: &str) -> Result<String, WireError> {
    let Some([bid]) = parse_bids(words) else {
        return Err(WireError::err(format!(
            "BATCH {subcommand} needs one batch id: BATCH {subcommand} bid"
        )));
    };
    bounded_bid(bid)
}

/// As many ids as are wanted. None if there are more or fewer.
fn parse_bids<const N: usize>(words: &str) -> Option<[&str; N]> {
    let bids = words.split(' ').filter(|word| !word.is_empty());
    bids.take(N + 1).collect::<Vec<_>>().try_into().ok()
}

/// The id of a batch there may be. What is longer than any is the id of none.
pub(crate) fn bounded_bid(bid: &str) -> Result<String, WireError> {
    if bid.len() > BID_BYTES_MAX {
        return Err(WireError::no_such_batch(bid));
    }
    Ok(bid.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse_command;

    fn batch(words: &str) -> Result<String, String> {
        match parse_command(format!("BATCH {words}").as_bytes()) {
            Ok(Command::Batch(command)) => Ok(format!("{command:?}")),
            Ok(other) => panic!("{other:?}"),
            Err(error) => Err(error.text),
        }
    }

    #[test]
    fn subcommands_take_ids_in_any_case() {
        for (words, wanted) in [
            ("OPEN b-1", r#"Open("b-1")"#),
            ("open   b-1 ", r#"Open("b-1")"#),
            ("Commit x", r#"Commit("x")"#),
            ("STATUS b-1", r#"Status("b-1")"#),
            (
                "CHILD b-1  b-2 ",
                r#"Child { parent: "b-1", child: "b-2" }"#,
            ),
        ] {
            assert_eq!(batch(words).unwrap(), wanted);
        }
    }

    #[test]
    fn ids_that_are_missing_or_too_many_are_refused() {
        for (words, wanted) in [
            ("OPEN", "BATCH OPEN needs one batch id: BATCH OPEN bid"),
            ("open  ", "BATCH OPEN needs one batch id: BATCH OPEN bid"),
            (
                "COMMIT a b",
                "BATCH COMMIT needs one batch id: BATCH COMMIT bid",
            ),
            (
                "STATUS",
                "BATCH STATUS needs one batch id: BATCH STATUS bid",
            ),
            (
                "CHILD a",
                "BATCH CHILD needs two batch ids: BATCH CHILD parent child",
            ),
            (
                "CHILD a b c",
                "BATCH CHILD needs two batch ids: BATCH CHILD parent child",
            ),
        ] {
            assert_eq!(batch(words).unwrap_err(), wanted);
        }
    }

    #[test]
    fn an_id_longer_than_any_is_one_of_no_batch() {
        let long = "b".repeat(BID_BYTES_MAX);
        assert!(batch(&format!("OPEN {long}")).is_ok());
        let text = batch(&format!("OPEN {long}b")).unwrap_err();
        assert_eq!(text, format!("No such batch {long}b"));
        assert!(
            batch(&format!("CHILD a {}", long.repeat(100)))
                .unwrap_err()
                .len()
                < 300
        );
    }

    #[test]
    fn an_unknown_subcommand_is_repeated_in_upper_case() {
        assert_eq!(
            batch("stop a").unwrap_err(),
            "no such BATCH subcommand: STOP"
        );
        assert!(batch(&"x".repeat(10_000)).unwrap_err().len() < 300);
    }
}
