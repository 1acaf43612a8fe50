//! From JSON to a job.

use std::borrow::Cow;
use std::collections::HashMap;

use serde_json::value::RawValue;

use super::Job;
use crate::json::{self, JsonError, compact_json};
use crate::limits::JOB_FIELDS_UNKNOWN_MAX;
use crate::utf8::decode_utf8;
use crate::{RefusedJob, Timestamp, WireError};

/// What a queue is called if the client does not say. Faktory's default.
const QUEUE_DEFAULT: &str = "default";

/// How often a job is tried again if the client does not say. Faktory's default.
const RETRY_DEFAULT: i64 = 25;

impl Job {
    /// Decodes what a client sent and checks it, in Faktory's order and with Faktory's texts.
    ///
    /// Field names match in any case, null is like absent, the last of equal names wins, bytes that are no
    /// UTF-8 become U+FFFD. `enqueued_at` is dropped: the server says when a job was queued.
    pub fn parse(json: &[u8]) -> Result<Self, WireError> {
        Fields::read(&decode_utf8(json))
            .and_then(|fields| fields.decode())
            .map_err(|error| error.to_wire_error())?
            .check()
    }

    /// Decodes and checks one job among others: if it is refused, it is told from them by its id.
    pub(crate) fn parse_one(json: &str) -> Result<Self, RefusedJob> {
        match Fields::read(json) {
            Ok(fields) => fields.accept(),
            Err(error) => Err(RefusedJob {
                jid: String::new(),
                error: error.to_wire_error(),
            }),
        }
    }

    /// Decodes and checks jobs in one pass over their array. None if one of them is no object, or if it is no JSON.
    pub(crate) fn parse_all(array: &str) -> Option<Vec<Result<Self, RefusedJob>>> {
        let mut jobs = Vec::new();
        let each = |known, unknown| jobs.push(Fields { known, unknown }.accept());
        json::read_objects(array, &NAMES, UnknownFields::add, each).ok()?;
        Some(jobs)
    }

    /// Decodes and checks a callback of a batch. Of that the server fills in what it can: it may come without an
    /// id, which is empty then, and without args.
    pub(crate) fn parse_callback(json: &str) -> Result<Self, WireError> {
        let mut job = Fields::read(json)
            .and_then(|fields| fields.decode())
            .map_err(|error| error.to_wire_error())?;
        if job.args.is_empty() {
            job.args = "[]".into();
        }
        if job.jid.is_empty() {
            return job.check_but_jid();
        }
        job.check()
    }

    /// Decodes what [`Job::render`] wrote, without holding the rules against it: they may have changed since.
    pub fn parse_stored(body: &[u8]) -> Result<Self, WireError> {
        let mut job = Fields::read(&decode_utf8(body))
            .and_then(|fields| fields.decode())
            .map_err(|error| error.to_wire_error())?;
        job.check_args()?;
        job.at = job.at_text.as_deref().and_then(Timestamp::parse_rfc3339);
        Ok(job)
    }
}

/// The names of the fields of the protocol.
const NAMES: [&str; 12] = [
    "jid",
    "queue",
    "jobtype",
    "args",
    "retry",
    "custom",
    "created_at",
    "enqueued_at",
    "at",
    "reserve_for",
    "backtrace",
    "failure",
];

/// The fields of a job, their values still text.
struct Fields<'a> {
    /// The values of [`NAMES`].
    known: [Option<&'a RawValue>; NAMES.len()],
    unknown: UnknownFields<'a>,
}

/// The fields of a job that are none of the protocol's.
#[derive(Default)]
struct UnknownFields<'a> {
    /// Their keys, with their quotes, and their values, as far as they are allowed.
    kept: Vec<(&'a str, &'a RawValue)>,
    /// How many there are.
    count: usize,
}

impl<'a> UnknownFields<'a> {
    fn add(&mut self, key: &'a str, value: &'a RawValue) {
        self.count += 1;
        if self.count <= JOB_FIELDS_UNKNOWN_MAX {
            self.kept.push((key, value));
        }
    }
}

impl<'a> Fields<'a> {
    fn read(json: &'a str) -> Result<Self, JsonError> {
        let mut unknown = UnknownFields::default();
        let known = json::read_members(json, &NAMES, |key, value| unknown.add(key, value))?;
        Ok(Self { known, unknown })
    }

    /// The job's id; empty if there is none or it is no string.
    fn jid(&self) -> String {
        let [jid, ..] = self.known;
        json::string("jid", jid)
            .ok()
            .flatten()
            .unwrap_or_default()
            .into_owned()
    }

    fn accept(&self) -> Result<Job, RefusedJob> {
        let job = self.decode().map_err(|error| error.to_wire_error());
        job.and_then(Job::check).map_err(|error| RefusedJob {
            jid: self.jid(),
            error,
        })
    }

    fn decode(&self) -> Result<Job, JsonError> {
        if self.unknown.count > JOB_FIELDS_UNKNOWN_MAX {
            return Err(JsonError::Count {
                what: "fields the protocol does not have",
                count_max: JOB_FIELDS_UNKNOWN_MAX,
            });
        }
        let [
            jid,
            queue,
            jobtype,
            args,
            retry,
            custom,
            created_at,
            enqueued_at,
            at,
            reserve_for,
            backtrace,
            failure,
        ] = self.known;
        json::string("enqueued_at", enqueued_at)?;
        let custom = bracketed("custom", "an object", '{', custom)?;
        Ok(Job {
            jid: json::string("jid", jid)?.unwrap_or_default().into_owned(),
            queue: filled("queue", queue)?.unwrap_or_else(|| QUEUE_DEFAULT.to_owned()),
            jobtype: json::string("jobtype", jobtype)?
                .unwrap_or_default()
                .into_owned(),
            retry: json::integer("retry", retry)?.unwrap_or(RETRY_DEFAULT),
            at: None,
            reserve_for_secs: non_zero("reserve_for", reserve_for)?,
            created_at: filled("created_at", created_at)?,
            at_text: filled("at", at)?,
            backtrace: non_zero("backtrace", backtrace)?,
            args: bracketed("args", "an array", '[', args)?
                .unwrap_or_default()
                .into(),
            custom: custom
                .filter(|custom| !is_empty_object(custom))
                .map(raw_value)
                .transpose()?,
            failure: bracketed("failure", "an object", '{', failure)?.map(Into::into),
            unknown: write_unknown(&self.unknown.kept),
        })
    }
}

/// A string that is not empty.
fn filled(name: &'static str, value: Option<&RawValue>) -> Result<Option<String>, JsonError> {
    let text = json::string(name, value)?;
    Ok(text.filter(|text| !text.is_empty()).map(Cow::into_owned))
}

/// A number that is not 0.
fn non_zero(name: &'static str, value: Option<&RawValue>) -> Result<Option<i64>, JsonError> {
    Ok(json::integer(name, value)?.filter(|number| *number != 0))
}

/// The text of an array or object.
fn bracketed<'a>(
    name: &'static str,
    wanted: &'static str,
    bracket: char,
    value: Option<&'a RawValue>,
) -> Result<Option<Cow<'a, str>>, JsonError> {
    let Some(value) = value else {
        return Ok(None);
    };
    if !value.get().starts_with(bracket) {
        return Err(JsonError::Type { name, wanted });
    }
    Ok(Some(on_one_line(value)))
}

/// The text of a value, without its white space if that would break the line it is sent on.
fn on_one_line(value: &RawValue) -> Cow<'_, str> {
    let text = value.get();
    if memchr::memchr2(b'\r', b'\n', text.as_bytes()).is_none() {
        return Cow::Borrowed(text);
    }
    Cow::Owned(String::from_utf8_lossy(&compact_json(text.as_bytes())).into_owned())
}

fn is_empty_object(text: &str) -> bool {
    text.trim_matches(['{', '}', ' ', '\t']).is_empty()
}

fn raw_value(text: Cow<'_, str>) -> Result<Box<RawValue>, JsonError> {
    Ok(RawValue::from_string(text.into_owned())?)
}

/// Writes `,"key":value` for each field, of those with equal keys only the last.
fn write_unknown(fields: &[(&str, &RawValue)]) -> String {
    if fields.is_empty() {
        return String::new();
    }
    let mut last_index = HashMap::new();
    if fields.len() > 1 {
        last_index.extend(
            fields
                .iter()
                .enumerate()
                .map(|(index, (key, _))| (json::text(key), index)),
        );
    }
    let mut out = String::new();
    for (index, (key, value)) in fields.iter().enumerate() {
        if last_index
            .get(&json::text(key))
            .is_none_or(|last| *last == index)
        {
            out.push(',');
            out.push_str(key);
            out.push(':');
            out.push_str(&on_one_line(value));
        }
    }
    out
}
