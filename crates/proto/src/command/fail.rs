//! `FAIL {"jid":"…","errtype":"…","message":"…","backtrace":["…"]}`

use std::borrow::Cow;

use super::{Command, CommandSpec};
use crate::WireError;
use crate::error::{cut, echo};
use crate::json::{self, JsonError};
use crate::limits::{
    BACKTRACE_LINE_BYTES_MAX, BACKTRACE_LINES_MAX, ERRTYPE_BYTES_MAX, MESSAGE_BYTES_MAX,
};

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "FAIL",
    argument_missing: Some(
        r#"FAIL needs a failure: FAIL {"jid":"…","errtype":"…","message":"…","backtrace":["…"]}"#,
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
    let report = parse_report(&String::from_utf8_lossy(argument))
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
