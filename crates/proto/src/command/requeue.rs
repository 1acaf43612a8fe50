//! `REQUEUE {"jid":"…"}`

use super::ack::parse_jid;
use super::{Command, CommandSpec};
use crate::WireError;
use crate::error::echo;
use crate::utf8::decode_utf8;

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "REQUEUE",
    argument_missing: Some(r#"REQUEUE needs a job id: REQUEUE {"jid":"..."}"#),
    parse,
};

/// Other members may be of any type.
fn parse(argument: &[u8]) -> Result<Command, WireError> {
    match parse_jid(&decode_utf8(argument)) {
        Ok(Some(jid)) => Ok(Command::Requeue { jid }),
        Ok(None) | Err(_) => Err(WireError::err(format!(
            r#"invalid REQUEUE {}: send REQUEUE {{"jid":"..."}}"#,
            echo(argument)
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse_command;

    fn requeue(json: &str) -> Result<String, String> {
        match parse_command(format!("REQUEUE {json}").as_bytes()) {
            Ok(Command::Requeue { jid }) => Ok(jid),
            Ok(other) => panic!("{other:?}"),
            Err(error) => Err(error.text),
        }
    }

    #[test]
    fn other_members_may_be_of_any_type() {
        let json = r#"{ "JID" : "a\u0062c", "x": [{}], "y": null }"#;
        assert_eq!(requeue(json).unwrap(), "abc");
    }

    #[test]
    fn a_requeue_without_a_job_id_is_invalid() {
        for json in ["{}", r#"{"jid":7}"#, r#"{"jid":null}"#, "x", "[]"] {
            assert_eq!(
                requeue(json).unwrap_err(),
                format!(r#"invalid REQUEUE {json}: send REQUEUE {{"jid":"..."}}"#)
            );
        }
        assert!(requeue(&"x".repeat(10_000)).unwrap_err().len() < 300);
    }
}
