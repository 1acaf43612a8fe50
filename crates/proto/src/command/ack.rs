//! `ACK {"jid":"…"}`

use super::{Command, CommandSpec};
use crate::WireError;
use crate::error::echo;
use crate::json::{self, JsonError};

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "ACK",
    argument_missing: Some(r#"ACK needs a job id: ACK {"jid":"…"}"#),
    parse,
};

/// Other members may be of any type.
fn parse(argument: &[u8]) -> Result<Command, WireError> {
    match parse_jid(&String::from_utf8_lossy(argument)) {
        Ok(Some(jid)) => Ok(Command::Ack { jid }),
        Ok(None) | Err(_) => Err(WireError::err(format!("invalid ACK {}", echo(argument)))),
    }
}

fn parse_jid(json: &str) -> Result<Option<String>, JsonError> {
    let [jid] = json::read_members(json, &["jid"], |_, _| {})?;
    Ok(json::string("jid", jid)?.map(Into::into))
}
