//! `TRACK GET jid` and `TRACK SET {"jid":"…","percent":…,"desc":"…","reserve_until":"…"}`

use serde_json::value::RawValue;

use super::{Command, CommandSpec};
use crate::error::{echo, too_long};
use crate::json::{self, JsonError};
use crate::limits::{JID_BYTES_MAX, TRACK_DESC_BYTES_MAX};
use crate::utf8::decode_utf8;
use crate::{Timestamp, WireError};

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "TRACK",
    argument_missing: Some(
        r#"TRACK needs a subcommand: TRACK GET jid or TRACK SET {"jid":"...","percent":...,"desc":"..."}"#,
    ),
    parse,
};

/// How a job is getting on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TrackCommand {
    /// Tell it of the job with this id.
    Get(String),
    /// Note it.
    Set(TrackUpdate),
}

/// What a worker says of a job it works on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrackUpdate {
    /// The job's id, never empty, at most [`JID_BYTES_MAX`] bytes.
    pub jid: String,
    /// How much of it is done, 0 to 100; none if the worker does not say.
    pub percent: Option<i64>,
    /// What it is about, at most [`TRACK_DESC_BYTES_MAX`] bytes; none if the worker does not say.
    pub desc: Option<String>,
    /// How long the worker wants to keep it; none if it does not say.
    pub reserve_until: Option<Timestamp>,
}

/// The subcommand may be in any case, unlike the verb before it.
fn parse(argument: &[u8]) -> Result<Command, WireError> {
    let words = decode_utf8(argument);
    let (subcommand, rest) = words.split_once(' ').unwrap_or((&words, ""));
    let rest = rest.trim_matches(' ');
    let command = match echo(subcommand.as_bytes()).to_uppercase().as_str() {
        "GET" => TrackCommand::Get(parse_get(rest)?),
        "SET" => TrackCommand::Set(parse_set(rest)?),
        unknown => {
            return Err(WireError::err(format!(
                "no such TRACK subcommand: {unknown}"
            )));
        }
    };
    Ok(Command::Track(command))
}

fn parse_get(jid: &str) -> Result<String, WireError> {
    if jid.is_empty() {
        return Err(WireError::err("TRACK GET needs a job id: TRACK GET jid"));
    }
    check_jid(jid)?;
    Ok(jid.to_owned())
}

fn parse_set(json: &str) -> Result<TrackUpdate, WireError> {
    let invalid = |error: JsonError| {
        let json = echo(json.as_bytes());
        WireError::err(format!("invalid TRACK SET {json}: {error}"))
    };
    let names = ["jid", "percent", "desc", "reserve_until"];
    let [jid, percent, desc, reserve_until] =
        json::read_members(json, &names, |_, _| {}).map_err(invalid)?;
    let jid = json::string("jid", jid).map_err(invalid)?;
    let jid = jid.unwrap_or_default().into_owned();
    if jid.is_empty() {
        return Err(WireError::err(
            r#"missing jid: send TRACK SET {"jid":"..."}"#,
        ));
    }
    check_jid(&jid)?;
    let percent = json::integer("percent", percent).map_err(invalid)?;
    if let Some(percent) = percent.filter(|percent| !(0..=100).contains(percent)) {
        return Err(WireError::err(format!(
            "percent must be from 0 to 100, not {percent}"
        )));
    }
    let desc = json::string("desc", desc).map_err(invalid)?;
    if desc.as_ref().map_or(0, |desc| desc.len()) > TRACK_DESC_BYTES_MAX {
        return Err(too_long("desc", TRACK_DESC_BYTES_MAX));
    }
    Ok(TrackUpdate {
        jid,
        percent,
        desc: desc.map(Into::into),
        reserve_until: parse_reserve_until(reserve_until).map_err(invalid)?,
    })
}

/// Empty is as absent, as in a job's `at`.
fn parse_reserve_until(value: Option<&RawValue>) -> Result<Option<Timestamp>, JsonError> {
    let name = "reserve_until";
    let text = json::string(name, value)?;
    let Some(text) = text.filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    let moment = Timestamp::parse_rfc3339(&text).ok_or(JsonError::Type {
        name,
        wanted: "a time in RFC 3339, like 2026-01-31T08:00:00Z",
    })?;
    Ok(Some(moment))
}

fn check_jid(jid: &str) -> Result<(), WireError> {
    if jid.len() > JID_BYTES_MAX {
        return Err(too_long("jid", JID_BYTES_MAX));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse_command;

    fn track(words: &str) -> Result<TrackCommand, String> {
        match parse_command(format!("TRACK {words}").as_bytes()) {
            Ok(Command::Track(command)) => Ok(command),
            Ok(other) => panic!("{other:?}"),
            Err(error) => Err(error.text),
        }
    }

    fn set(json: &str) -> Result<TrackUpdate, String> {
        track(&format!("SET {json}")).map(|command| match command {
            TrackCommand::Set(update) => update,
            TrackCommand::Get(jid) => panic!("{jid}"),
        })
    }

    #[test]
    fn a_job_is_asked_for_by_its_id_alone() {
        for words in ["GET 12345678", "get   12345678 ", "Get 12345678"] {
            assert_eq!(track(words), Ok(TrackCommand::Get("12345678".to_owned())));
        }
        assert_eq!(
            track("GET").unwrap_err(),
            "TRACK GET needs a job id: TRACK GET jid"
        );
        let long = "j".repeat(JID_BYTES_MAX + 1);
        assert_eq!(
            track(&format!("GET {long}")).unwrap_err(),
            "a jid may have at most 512 bytes: send a shorter one"
        );
    }

    #[test]
    fn an_update_may_leave_out_everything_but_the_job() {
        let silent = TrackUpdate {
            jid: "12345678".to_owned(),
            percent: None,
            desc: None,
            reserve_until: None,
        };
        for json in [
            r#"{"jid":"12345678"}"#,
            r#"{"jid":"12345678","percent":null,"desc":null,"reserve_until":null,"x":[]}"#,
            r#"{"jid":"12345678","reserve_until":""}"#,
        ] {
            assert_eq!(set(json).unwrap(), silent, "{json}");
        }
    }

    #[test]
    fn an_update_is_read() {
        let json = r#"{ "Jid": "12345678", "percent": 0, "desc": "", "reserve_until": "2026-01-31T08:00:00.5+01:00" }"#;
        let update = set(json).unwrap();
        assert_eq!(
            (update.percent, update.desc.as_deref()),
            (Some(0), Some(""))
        );
        let until = Timestamp::parse_rfc3339("2026-01-31T07:00:00.5Z");
        assert_eq!(update.reserve_until, until);
        assert_eq!(
            set(r#"{"jid":"j","percent":100}"#).unwrap().percent,
            Some(100)
        );
    }

    #[test]
    fn an_update_that_says_something_else_is_refused() {
        for (members, wanted) in [
            (r#""percent":101"#, "percent must be from 0 to 100, not 101"),
            (r#""percent":-1"#, "percent must be from 0 to 100, not -1"),
            (
                r#""percent":1.5"#,
                r#"invalid TRACK SET {"jid":"j","percent":1.5}: percent must be a whole number of 64 bits"#,
            ),
            (
                r#""desc":1"#,
                r#"invalid TRACK SET {"jid":"j","desc":1}: desc must be a string"#,
            ),
            (
                r#""reserve_until":"soon""#,
                r#"invalid TRACK SET {"jid":"j","reserve_until":"soon"}: reserve_until must be a time in RFC 3339, like 2026-01-31T08:00:00Z"#,
            ),
        ] {
            let json = format!(r#"{{"jid":"j",{members}}}"#);
            assert_eq!(set(&json).unwrap_err(), wanted);
        }
        for json in ["{}", r#"{"jid":""}"#, r#"{"jid":null,"percent":1}"#] {
            let text = set(json).unwrap_err();
            assert_eq!(text, r#"missing jid: send TRACK SET {"jid":"..."}"#);
        }
        for json in ["", "x", "[]", r#"{"jid":1}"#] {
            let text = set(json).unwrap_err();
            assert!(
                text.starts_with(&format!("invalid TRACK SET {json}: ")),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let json = |jid: usize, desc: usize| {
            let (jid, desc) = ("j".repeat(jid), "d".repeat(desc));
            format!(r#"{{"jid":"{jid}","desc":"{desc}"}}"#)
        };
        assert!(set(&json(JID_BYTES_MAX, TRACK_DESC_BYTES_MAX)).is_ok());
        assert_eq!(
            set(&json(JID_BYTES_MAX + 1, 0)).unwrap_err(),
            "a jid may have at most 512 bytes: send a shorter one"
        );
        assert_eq!(
            set(&json(1, TRACK_DESC_BYTES_MAX + 1)).unwrap_err(),
            "a desc may have at most 16384 bytes: send a shorter one"
        );
    }

    #[test]
    fn an_unknown_subcommand_is_repeated_in_upper_case() {
        assert_eq!(
            track("stop a").unwrap_err(),
            "no such TRACK subcommand: STOP"
        );
        assert!(track(&"x".repeat(10_000)).unwrap_err().len() < 300);
    }
}
