//! `FAIL {"jid":"…","errtype":"…","message":"…","backtrace":["…"]}`

use std::borrow::Cow;

use super::{Command, CommandSpec};
use crate::WireError;
use crate::error::{cut, echo};
use crate::json::{self, JsonError};
use crate::limits::{
    BACKTRACE_LINE_BYTES_MAX, BACKTRACE_LINES_MAX, ERRTYPE_BYTES_MAX, MESSAGE_BYTES_MAX,
};
use crate::utf8::decode_utf8;

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "FAIL",
    argument_missing: Some(
        r#"FAIL needs a failure: FAIL {"jid":"...","errtype":"...","message":"...","backtrace":["..."]}"#,
    ),
    parse,
};

/// What a worker says about a job that went wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailReport {
    /// The job's id.
    pub jid: String,
    /// The kind of error, at most [`ERRTYPE_BYTES_MAX`] bytes; `unknown` if the worker gave none.
    pub errtype: String,
    /// The error's text, at most [`MESSAGE_BYTES_MAX`] bytes; `unknown` if the worker gave none.
    pub message: String,
    /// Where it happened, at most [`BACKTRACE_LINES_MAX`] lines of [`BACKTRACE_LINE_BYTES_MAX`] bytes.
    pub backtrace: Vec<String>,
}

fn parse(argument: &[u8]) -> Result<Command, WireError> {
    let report = parse_report(&decode_utf8(argument))
        .map_err(|_| WireError::err(format!("invalid FAIL {}", echo(argument))))?;
    if report.jid.is_empty() {
        return Err(WireError::err("missing JID"));
    }
    Ok(Command::Fail(report))
}

fn parse_report(json: &str) -> Result<FailReport, JsonError> {
    let names = ["jid", "errtype", "message", "backtrace"];
    let [jid, errtype, message, backtrace] = json::read_members(json, &names, |_, _| {})?;
    let mut backtrace =
        json::strings("backtrace", backtrace, BACKTRACE_LINES_MAX)?.unwrap_or_default();
    for line in &mut backtrace {
        cut(line, BACKTRACE_LINE_BYTES_MAX);
        line.shrink_to_fit();
    }
    Ok(FailReport {
        jid: json::string("jid", jid)?.unwrap_or_default().into_owned(),
        errtype: cut_or_unknown(json::string("errtype", errtype)?, ERRTYPE_BYTES_MAX),
        message: cut_or_unknown(json::string("message", message)?, MESSAGE_BYTES_MAX),
        backtrace,
    })
}

/// Trims a text and cuts it between two characters, where Faktory would split one.
fn cut_or_unknown(text: Option<Cow<'_, str>>, bytes_max: usize) -> String {
    let trimmed = text.as_deref().unwrap_or_default().trim();
    match trimmed.get(..trimmed.floor_char_boundary(bytes_max)) {
        None | Some("") => "unknown".to_owned(),
        Some(head) => head.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse_command;

    fn fail(json: &str) -> Result<FailReport, String> {
        match parse_command(format!("FAIL {json}").as_bytes()) {
            Ok(Command::Fail(report)) => Ok(report),
            Ok(other) => panic!("{other:?}"),
            Err(error) => Err(error.text),
        }
    }

    #[test]
    fn a_job_id_alone_is_enough() {
        for json in [
            r#"{"jid":"j"}"#,
            r#"{"jid":"j","errtype":null,"message":null,"backtrace":null}"#,
            r#"{"jid":"j","errtype":" ","message":"\t\n","backtrace":[],"x":{}}"#,
        ] {
            let report = fail(json).unwrap();
            assert_eq!((report.jid.as_str(), report.backtrace.len()), ("j", 0));
            assert_eq!(
                (report.errtype.as_str(), report.message.as_str()),
                ("unknown", "unknown")
            );
        }
    }

    #[test]
    fn texts_are_trimmed() {
        let report = fail(r#"{"jid":"j","errType":" E ","MESSAGE":"\u00a0 m m\n"}"#).unwrap();
        assert_eq!(
            (report.errtype.as_str(), report.message.as_str()),
            ("E", "m m")
        );
    }

    #[test]
    fn texts_are_cut_between_characters() {
        let long = format!("a{}", "é".repeat(2000));
        let json = format!(
            r#"{{"jid":"j","errtype":"{long}","message":"{long}","backtrace":["{long}"]}}"#
        );
        let report = fail(&json).unwrap();
        assert_eq!(report.errtype, format!("a{}", "é".repeat(49)));
        assert_eq!(report.message, format!("a{}", "é".repeat(499)));
        assert_eq!(report.backtrace, [format!("a{}", "é".repeat(499))]);
    }

    #[test]
    fn at_most_fifty_lines_of_backtrace_are_kept() {
        let lines: Vec<_> = (0..60).map(|index| format!("\"line {index}\"")).collect();
        let json = format!(r#"{{"jid":"j","backtrace":[{}]}}"#, lines.join(","));
        let backtrace = fail(&json).unwrap().backtrace;
        assert_eq!(backtrace.len(), 50);
        assert_eq!(backtrace[49], "line 49");
    }

    #[test]
    fn a_failure_without_a_job_id_is_refused() {
        for json in ["{}", r#"{"jid":""}"#, r#"{"jid":null,"errtype":"E"}"#] {
            assert_eq!(fail(json).unwrap_err(), "missing JID");
        }
    }

    #[test]
    fn a_failure_of_wrong_types_is_invalid() {
        for json in [
            "x",
            "[]",
            r#"{"jid":1}"#,
            r#"{"jid":"j","errtype":1}"#,
            r#"{"jid":"j","message":[]}"#,
            r#"{"jid":"j","backtrace":"x"}"#,
            r#"{"jid":"j","backtrace":[1]}"#,
        ] {
            assert_eq!(fail(json).unwrap_err(), format!("invalid FAIL {json}"));
        }
    }
}
