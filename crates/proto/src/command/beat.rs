//! `BEAT {"wid":"…","current_state":"…","rss_kb":…}`

use super::{Command, CommandSpec};
use crate::WireError;
use crate::error::echo;
use crate::json::{self, JsonError};
use crate::utf8::decode_utf8;

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "BEAT",
    argument_missing: Some(r#"BEAT needs a worker id: BEAT {"wid":"..."}"#),
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
    let beat = parse_beat(&decode_utf8(argument))
        .map_err(|_| WireError::err(format!("invalid BEAT {}", echo(argument))))?;
    if beat.wid.is_empty() {
        return Err(WireError::err(r#"missing wid: send BEAT {"wid":"..."}"#));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse_command;

    fn beat(json: &str) -> Result<Beat, String> {
        match parse_command(format!("BEAT {json}").as_bytes()) {
            Ok(Command::Beat(beat)) => Ok(beat),
            Ok(other) => panic!("{other:?}"),
            Err(error) => Err(error.text),
        }
    }

    #[test]
    fn state_and_memory_may_be_left_out() {
        let silent = Beat {
            wid: "w".to_owned(),
            current_state: None,
            rss_kb: None,
        };
        assert_eq!(beat(r#"{"wid":"w"}"#).unwrap(), silent);
        assert_eq!(
            beat(r#"{"wid":"w","current_state":"","rss_kb":null}"#).unwrap(),
            silent
        );
    }

    #[test]
    fn state_and_memory_are_read() {
        let beat = beat(r#"{"WID":"w","current_state":"quiet","rss_kb":-5,"x":1}"#).unwrap();
        assert_eq!(
            (beat.current_state.as_deref(), beat.rss_kb),
            (Some("quiet"), Some(-5))
        );
    }

    #[test]
    fn a_beat_of_nobody_is_refused() {
        for json in ["{}", r#"{"wid":null}"#, r#"{"wid":""}"#] {
            assert_eq!(
                beat(json).unwrap_err(),
                r#"missing wid: send BEAT {"wid":"..."}"#
            );
        }
        for json in ["x", "[]", r#"{"wid":1}"#, r#"{"wid":"w","rss_kb":"1"}"#] {
            assert_eq!(beat(json).unwrap_err(), format!("invalid BEAT {json}"));
        }
    }
}
