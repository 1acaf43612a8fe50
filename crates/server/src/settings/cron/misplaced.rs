//! Keys of an entry that stand in the wrong place or are misspelt, so that nobody would obey them.

use super::super::origin::Origin;
use super::super::tree::{Node, Table};
use super::super::unknown_keys::nearest;

/// The fields of a job that an entry can give it.
pub(super) const FIELDS: [&str; 7] = [
    "type",
    "queue",
    "args",
    "retry",
    "custom",
    "reserve_for",
    "backtrace",
];

/// The keys that belong to the entry itself.
const ENTRY_KEYS: [&str; 4] = ["name", "schedule", "timezone", "catch_up"];

/// What the server obeys in `custom`, but for words that may well mean something else to workers.
const CUSTOM_FIELDS: [&str; 6] = [
    "unique_for",
    "unique_until",
    "expires_in",
    "expires_at",
    "retry_delays",
    "retry_backoff",
];

/// How many letters of a field of `custom` may be wrong: more, and it is a word of the workers.
const TYPING_ERRORS_MAX: usize = 2;

/// Takes out the fields of a job that stand beside the entry's own keys by mistake.
pub(super) fn extract_job_fields(table: &mut Table) -> Table {
    let (known, others) = std::mem::take(table)
        .into_iter()
        .partition(|(key, _)| FIELDS.contains(&key.as_str()));
    *table = others;
    known
}

/// Where the schedule of an entry without one seems to be, and what to do about it.
pub(super) fn find_schedule<'a>(
    table: &'a Table,
    job: Option<&'a Table>,
) -> Option<(&'a Origin, String)> {
    if let Some(node) = job.and_then(|job| job.get("schedule")) {
        let what = "schedule stands in [cron.job]: write it above, below [[cron]]".to_owned();
        return Some((node.first_origin(), what));
    }
    let (key, node) = find_like(table, "schedule")?;
    Some((
        node.first_origin(),
        format!("it has {key} and no schedule; did you mean schedule?"),
    ))
}

/// The key that a known one seems to be misspelt as.
pub(super) fn find_like<'a>(table: &'a Table, known: &str) -> Option<(&'a str, &'a Node)> {
    let mut keys = table.iter();
    keys.find(|(key, _)| nearest(key, &[known]).is_some())
        .map(|(key, node)| (key.as_str(), node))
}

/// Fields the protocol does not have are the workers' business, but for those that look like something the server obeys.
pub(super) fn warn_of_job(job: &Table, warnings: &mut Vec<String>) {
    for (key, node) in job {
        if let Some(meant) = meant_by(key) {
            warnings.push(format!(
                "{}: [cron.job] has {key}, which only workers see{meant}",
                node.first_origin()
            ));
        }
    }
    let custom = job.get("custom").and_then(|node| node.value.as_table());
    for (key, node) in custom.into_iter().flatten() {
        if let Some(meant) = misspelt_custom_field(key) {
            warnings.push(format!(
                "{}: [cron.job.custom] has {key}, which only workers see; did you mean {meant}?",
                node.first_origin()
            ));
        }
    }
}

/// What was meant by a field of the job that the server does not obey.
fn meant_by(key: &str) -> Option<String> {
    if FIELDS.iter().any(|field| field.eq_ignore_ascii_case(key)) {
        None
    } else if ENTRY_KEYS.contains(&key) {
        Some(format!(": write {key} above it, below [[cron]]"))
    } else if CUSTOM_FIELDS.contains(&key) {
        Some(format!(": write {key} below [cron.job.custom]"))
    } else {
        nearest(key, &FIELDS).map(|field| format!("; did you mean {field}?"))
    }
}

fn misspelt_custom_field(key: &str) -> Option<&'static str> {
    let distance = |field: &&str| strsim::osa_distance(key, field);
    let likest = CUSTOM_FIELDS.into_iter().min_by_key(distance)?;
    (1..=TYPING_ERRORS_MAX)
        .contains(&distance(&likest))
        .then_some(likest)
}
