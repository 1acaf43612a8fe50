//! `ACK {"jid":"…"}`

use super::{Command, CommandSpec};
use crate::WireError;
use crate::error::echo;
use crate::json::{self, JsonError};
use crate::utf8::decode_utf8;

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "ACK",
    argument_missing: Some(r#"ACK needs a job id: ACK {"jid":"..."}"#),
    parse,
};

/// Other members may be of any type.
fn parse(argument: &[u8]) -> Result<Command, WireError> {
    match parse_jid(&decode_utf8(argument)) {
        Ok(Some(jid)) => Ok(Command::Ack { jid }),
        Ok(None) | Err(_) => Err(WireError::err(format!("invalid ACK {}", echo(argument)))),
    }
}

/// The id of the job a command is about. None if it names none.
pub(super) fn parse_jid(json: &str) -> Result<Option<String>, JsonError> {
    let [jid] = json::read_members(json, &["jid"], |_, _| {})?;
    Ok(json::string("jid", jid)?.map(Into::into))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse_command;

    fn ack(json: &str) -> Result<String, String> {
        match parse_command(format!("ACK {json}").as_bytes()) {
            Ok(Command::Ack { jid }) => Ok(jid),
            Ok(other) => panic!("{other:?}"),
            Err(error) => Err(error.text),
        }
    }

    #[test]
    fn other_members_may_be_of_any_type() {
        assert_eq!(
            ack(r#"{"jid":"abc","x":1,"y":[{}],"z":null}"#).unwrap(),
            "abc"
        );
        assert_eq!(ack(r#"{ "JID" : "a\u0062c" }"#).unwrap(), "abc");
    }

    #[test]
    fn an_ack_without_a_job_id_is_invalid() {
        for json in [
            "{}",
            r#"{"jid":7}"#,
            r#"{"jid":null}"#,
            "x",
            "[]",
            r#"{"jid":"a"} x"#,
        ] {
            assert_eq!(ack(json).unwrap_err(), format!("invalid ACK {json}"));
        }
    }

    #[test]
    fn an_invalid_ack_is_repeated_in_short() {
        assert_eq!(
            ack(&"x".repeat(10_000)).unwrap_err().len(),
            "invalid ACK ".len() + 200
        );
    }
}
