//! `BEAT {"wid":"…","current_state":"…","rss_kb":…}`

use super::{Command, CommandSpec};
use crate::WireError;
use crate::error::echo;
use crate::json::{self, JsonError};

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "BEAT",
    argument_missing: Some(r#"BEAT needs a worker id: BEAT {"wid":"…"}"#),
    parse,
};

/// A sign of life of a worker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Beat {
    /// The worker's id, never empty.
    pub wid: String,
    /// The state it says it is in; none if it does not say.
    pub current_state: Option<String>,
    /// Its memory in kilobytes; none if it does not say.
    pub rss_kb: Option<i64>,
}

fn parse(argument: &[u8]) -> Result<Command, WireError> {
    let beat = parse_beat(&String::from_utf8_lossy(argument))
        .map_err(|_| WireError::err(format!("invalid BEAT {}", echo(argument))))?;
    if beat.wid.is_empty() {
        return Err(WireError::err(r#"missing wid: send BEAT {"wid":"…"}"#));
    }
    Ok(Command::Beat(beat))
}

fn parse_beat(json: &str) -> Result<Beat, JsonError> {
    let names = ["wid", "current_state", "rss_kb"];
    let [wid, current_state, rss_kb] = json::read_members(json, &names, |_, _| {})?;
    let current_state = json::string("current_state", current_state)?;
    Ok(Beat {
        wid: json::string("wid", wid)?.unwrap_or_default().into_owned(),
        current_state: current_state
            .filter(|state| !state.is_empty())
            .map(Into::into),
        rss_kb: json::integer("rss_kb", rss_kb)?,
    })
}
