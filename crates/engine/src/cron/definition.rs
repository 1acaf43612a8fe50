//! Entries as people write them, and what can be wrong with one: the same for those of a configuration and those made by the
//! API.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use serde_json::value::{RawValue, to_raw_value};
use workmill_proto::{CustomReading, Job, Timestamp, WireError};
use workmill_store::CronDefinition;

use super::{CronEntry, Schedule, split_zone};
use crate::limits::{CRON_JOB_BYTES_MAX, CRON_NAME_BYTES_MAX};
use crate::new_job::NewJob;

/// A job id of a legal length, until a run gets its own.
const JID_PLACEHOLDER: &str = "00000000";

type Members = BTreeMap<String, Box<RawValue>>;

/// What is wrong with an entry, and with which part of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct CronFlaw {
    /// The part: `name`, `schedule`, `timezone`, `job`, or a member of the job such as `job.queue`.
    pub field: String,
    /// What is wrong and what to do.
    pub text: String,
}

/// Finds zones: the one of a name, or that of the server.
pub type FindZone<'a> = &'a mut dyn FnMut(Option<&str>) -> Option<TimeZone>;

impl CronFlaw {
    /// Something wrong with a part.
    pub fn new(field: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            text: text.into(),
        }
    }
}

/// Checks what somebody has called an entry.
pub fn check_cron_name(name: &str) -> Result<(), CronFlaw> {
    let flaw = |text| Err(CronFlaw::new("name", text));
    match name {
        "." | ".." => flaw(format!(
            "browsers take {name:?} in an address for another page: choose another name"
        )),
        name if (1..=CRON_NAME_BYTES_MAX).contains(&name.len()) => Ok(()),
        _ => flaw(format!("a name has 1 to {CRON_NAME_BYTES_MAX} bytes")),
    }
}

/// Reads when an entry is due. Its zone is the one named beside it or at its beginning, else that of the server.
pub fn read_schedule(
    text: &str,
    timezone: Option<&str>,
    zones: FindZone<'_>,
) -> Result<Schedule, CronFlaw> {
    let (prefix, fields) = split_zone(text);
    let (field, name) = match (prefix, timezone) {
        (Some(_), Some(_)) => {
            let text = "the time zone is given twice, here and in the schedule: remove one";
            return Err(CronFlaw::new("timezone", text));
        }
        (Some(prefix), None) => ("schedule", Some(prefix)),
        (None, timezone) => ("timezone", timezone),
    };
    let zone = zones(name).ok_or_else(|| {
        let name = name.unwrap_or_default();
        let text = format!(
            "there is no time zone {name:?}: write a name of the IANA database, such as \"Europe/Berlin\""
        );
        CronFlaw::new(field, text)
    })?;
    Schedule::parse(fields, zone).map_err(|error| {
        let text = match zone_at_the_end(fields).filter(|zone| zones(Some(zone)).is_some()) {
            Some(zone) => format!(
                "the schedule ends with the time zone {zone}: write timezone = \"{zone}\" beside it instead"
            ),
            None => format!("schedule: {error}"),
        };
        CronFlaw::new("schedule", text)
    })
}

/// The zone that the last word of a schedule may name, where there should be a field.
fn zone_at_the_end(schedule: &str) -> Option<&str> {
    let (_, last) = schedule.trim().rsplit_once(char::is_whitespace)?;
    Some(last.split_once("TZ=").map_or(last, |(_, name)| name))
}

impl CronEntry {
    /// The entry that was written so, with all that a PUSH would refuse of its jobs refused now.
    pub fn read(definition: &CronDefinition, zones: FindZone<'_>) -> Result<Self, CronFlaw> {
        let timezone = definition.timezone.as_deref();
        let schedule = read_schedule(&definition.schedule, timezone, zones)?;
        if definition.job.len() > CRON_JOB_BYTES_MAX {
            let text = format!("a job may have at most {CRON_JOB_BYTES_MAX} bytes");
            return Err(CronFlaw::new("job", text));
        }
        let job = read_job(&definition.job)?;
        Ok(Self::of_job(schedule, definition.catch_up, job))
    }
}

/// The job of an entry: its payload has no id.
fn read_job(payload: &[u8]) -> Result<Job, CronFlaw> {
    let members: Result<Members, _> = serde_json::from_slice(payload);
    let mut members = members.map_err(|error| CronFlaw::new("job", error.to_string()))?;
    for (key, instead) in [
        ("jid", "every run gets an id of its own"),
        ("at", "the schedule says when it is due"),
    ] {
        if let Some(found) = members.keys().find(|name| name.eq_ignore_ascii_case(key)) {
            let text = format!("the job must not have {key}: {instead}");
            return Err(CronFlaw::new(format!("job.{found}"), text));
        }
    }
    let has = |key: &str| members.keys().any(|name| name.eq_ignore_ascii_case(key));
    if !has("jobtype") {
        let text = "the job must have a jobtype, such as \"Report\"";
        return Err(CronFlaw::new("job.jobtype", text));
    }
    if !has("args") {
        set(&mut members, "args", &[(); 0]);
    }
    set(&mut members, "jid", &JID_PLACEHOLDER);
    check_payload(&members).map_err(|error| CronFlaw {
        field: culprit(&members),
        text: error.text,
    })
}

/// The job of a payload, if it could be pushed.
fn check_payload(members: &Members) -> Result<Job, WireError> {
    let payload = serde_json::to_vec(members).unwrap_or_default();
    let job = Job::parse(&payload)?;
    NewJob::new(job.clone(), Timestamp::default(), CustomReading::ALL)?;
    Ok(job)
}

/// The member that a payload is refused for: the one that is refused among others that are right.
fn culprit(members: &Members) -> String {
    let mut members = members.iter();
    match members.find(|(name, value)| is_refused(name, value)) {
        Some((name, _)) => format!("job.{name}"),
        None => "job".to_owned(),
    }
}

fn is_refused(name: &str, value: &RawValue) -> bool {
    let mut right = Members::new();
    set(&mut right, "jid", &JID_PLACEHOLDER);
    set(&mut right, "jobtype", &"T");
    set(&mut right, "args", &[(); 0]);
    right.retain(|key, _| !key.eq_ignore_ascii_case(name));
    right.insert(name.to_owned(), value.to_owned());
    check_payload(&right).is_err()
}

fn set(members: &mut Members, name: &str, value: &impl serde::Serialize) {
    // What is given can be written.
    let value = to_raw_value(value).ok();
    members.extend(value.map(|value| (name.to_owned(), value)));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone(name: Option<&str>) -> Option<TimeZone> {
        name.map_or(Some(TimeZone::UTC), |name| TimeZone::get(name).ok())
    }

    fn flaw(schedule: &str, timezone: Option<&str>, job: &str) -> (String, String) {
        let definition = CronDefinition {
            schedule: schedule.into(),
            timezone: timezone.map(Into::into),
            catch_up: false,
            job: job.as_bytes().into(),
            changed_at: Timestamp::default(),
            changed_by: "anna".into(),
        };
        match CronEntry::read(&definition, &mut zone) {
            Ok(_) => Default::default(),
            Err(CronFlaw { field, text }) => (field, text),
        }
    }

    #[test]
    fn a_flaw_tells_the_part_that_is_wrong() {
        let right = r#"{"jobtype":"T"}"#;
        let none = Default::default();
        assert_eq!(flaw("0 3 * * *", Some("Asia/Tokyo"), right), none);
        assert_eq!(flaw("TZ=Asia/Tokyo 0 3 * * *", None, right), none);
        assert_eq!(flaw("@every 1h", None, right), none);
        let job = |members: &str| format!(r#"{{"jobtype":"T",{members}}}"#);
        let long = job(&format!(r#""args":["{}"]"#, "x".repeat(CRON_JOB_BYTES_MAX)));
        let day = "@daily";
        for (schedule, timezone, job, field, part) in [
            ("61 * * * *", None, right, "schedule", "minute"),
            ("", None, right, "schedule", "5 fields"),
            ("0 3 * * * Asia/Tokyo", None, right, "schedule", "ends with"),
            ("TZ=Nowhere 0 3 * * *", None, right, "schedule", "Nowhere"),
            (day, Some("Nowhere"), right, "timezone", "Nowhere"),
            ("TZ=UTC 0 3 * * *", Some("UTC"), right, "timezone", "twice"),
            (day, None, "[1]", "job", "map"),
            (day, None, "{}", "job.jobtype", "Report"),
            (day, None, &job(r#""jid":"x""#), "job.jid", "every run"),
            (day, None, &job(r#""At":"x""#), "job.At", "schedule"),
            (day, None, &job(r#""args":{}"#), "job.args", "args"),
            (day, None, &job(r#""queue":"a b""#), "job.queue", "queue"),
            (
                day,
                None,
                &job(r#""reserve_for":99999999"#),
                "job.reserve_for",
                "one day",
            ),
            (
                day,
                None,
                &job(r#""retry":1,"custom":{"unique_for":"x"}"#),
                "job.custom",
                "unique_for",
            ),
            (day, None, &long, "job", "16384 bytes"),
        ] {
            let (found, text) = flaw(schedule, timezone, job);
            assert_eq!(found, field, "{schedule} {timezone:?} {job}: {text}");
            assert!(text.contains(part), "{text}");
        }
    }

    #[test]
    fn names_are_bounded_and_can_stand_in_an_address() {
        for right in ["a", "...", ".a", &"x".repeat(256)] {
            assert!(check_cron_name(right).is_ok(), "{right}");
        }
        for wrong in ["", &"x".repeat(257), ".", ".."] {
            assert_eq!(check_cron_name(wrong).unwrap_err().field, "name");
        }
    }
}
