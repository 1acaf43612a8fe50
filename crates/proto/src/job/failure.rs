//! What a job says about its last failure.

use super::Job;
use crate::json::{self, JsonError, write_integer, write_string};
use crate::limits::BACKTRACE_LINES_MAX;

/// What a job says about its last failure.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Failure {
    /// How often the job has been tried again: 0 after its first failure.
    pub retry_count: i64,
    /// How often it may still be tried again.
    pub remaining: i64,
    /// When it failed first, RFC 3339.
    pub failed_at: String,
    /// When it will be tried again, RFC 3339; none if it will not.
    pub next_at: Option<String>,
    /// The error's text.
    pub message: Option<String>,
    /// The kind of error.
    pub errtype: Option<String>,
    /// Where it happened, line by line.
    pub backtrace: Vec<String>,
}

impl Job {
    /// What the job says about its last failure, if it had one.
    ///
    /// A client can have sent anything here: a member of the wrong type counts as absent.
    pub fn failure(&self) -> Option<Failure> {
        Failure::of_json(self.failure.as_deref()?)
    }

    /// Replaces what the job says about its last failure. Empty members are left out, as in Faktory.
    pub fn set_failure(&mut self, failure: &Failure) {
        self.failure = Some(failure.render().into());
    }
}

impl Failure {
    /// What the `failure` of a payload says. None if it is no object.
    pub fn of_json(json: &str) -> Option<Self> {
        Self::decode(json).ok()
    }

    fn decode(json: &str) -> Result<Self, JsonError> {
        let names = [
            "retry_count",
            "remaining",
            "failed_at",
            "next_at",
            "message",
            "errtype",
            "backtrace",
        ];
        let [
            retry_count,
            remaining,
            failed_at,
            next_at,
            message,
            errtype,
            backtrace,
        ] = json::read_members(json, &names, |_, _| {})?;
        let number = |value| json::integer("", value).ok().flatten().unwrap_or_default();
        let text = |value| {
            let text = json::string("", value).ok().flatten()?;
            (!text.is_empty()).then(|| text.into_owned())
        };
        let lines = json::strings("", backtrace, BACKTRACE_LINES_MAX);
        Ok(Self {
            retry_count: number(retry_count),
            remaining: number(remaining),
            failed_at: text(failed_at).unwrap_or_default(),
            next_at: text(next_at),
            message: text(message),
            errtype: text(errtype),
            backtrace: lines.ok().flatten().unwrap_or_default(),
        })
    }

    fn render(&self) -> String {
        let mut out = b"{\"retry_count\":".to_vec();
        write_integer(&mut out, self.retry_count);
        out.extend_from_slice(b",\"remaining\":");
        write_integer(&mut out, self.remaining);
        out.extend_from_slice(b",\"failed_at\":");
        write_string(&mut out, &self.failed_at);
        let members = [
            ("next_at", &self.next_at),
            ("message", &self.message),
            ("errtype", &self.errtype),
        ];
        for (name, text) in members {
            if let Some(text) = text.as_deref().filter(|text| !text.is_empty()) {
                out.push(b',');
                write_string(&mut out, name);
                out.push(b':');
                write_string(&mut out, text);
            }
        }
        for (index, line) in self.backtrace.iter().enumerate() {
            out.extend_from_slice(if index == 0 {
                b",\"backtrace\":["
            } else {
                b","
            });
            write_string(&mut out, line);
        }
        out.extend_from_slice(if self.backtrace.is_empty() {
            b"}"
        } else {
            b"]}"
        });
        String::from_utf8_lossy(&out).into_owned()
    }
}
