//! The job of an entry, from TOML to JSON.

use serde_json::{Map, Number, Value as Json};

use super::super::origin::Origin;
use super::super::tree::{Node, Table, Value};
use super::flaw::{Flaw, flaw};
use super::misplaced;

/// The queue of jobs that name none.
const QUEUE_DEFAULT: &str = "default";

/// The payload of an entry.
pub(super) struct Payload {
    pub(super) origin: Origin,
    pub(super) jobtype: String,
    /// As a client would send it, but without an id.
    pub(super) members: Map<String, Json>,
}

impl Payload {
    /// What tells this job from others of its type: the queue, if it is another than `default`, then the arguments and
    /// what is in `custom`, if there is anything. Nothing for a job that has none of that.
    pub(super) fn details(&self) -> Vec<String> {
        let member = |key: &str| self.members.get(key);
        let queue = member("queue").and_then(Json::as_str);
        let queue = queue.filter(|queue| *queue != QUEUE_DEFAULT);
        let args =
            member("args").filter(|args| args.as_array().is_some_and(|args| !args.is_empty()));
        let custom = member("custom")
            .filter(|custom| custom.as_object().is_some_and(|custom| !custom.is_empty()));
        let values = [args, custom].into_iter().flatten().map(Json::to_string);
        queue
            .map(|queue| format!("in {queue}"))
            .into_iter()
            .chain(values)
            .collect()
    }
}

/// Reads `[cron.job]`, and the arguments that stand in `[[cron.jobs.args]]` by mistake.
pub(super) fn read(
    entry: &Origin,
    job: Option<Node>,
    jobs: Option<Node>,
    warnings: &mut Vec<String>,
) -> Result<Payload, Flaw> {
    let no_type = || {
        flaw(
            entry,
            "[cron.job] must have a type, such as type = \"Report\"",
        )
    };
    let Node { value, origin } = job.ok_or_else(no_type)?;
    let Value::Table(mut job) = value else {
        return Err(flaw(&origin, "job must be a table, written [cron.job]"));
    };
    for (key, instead) in [
        ("jobtype", "write it as type"),
        ("jid", "every run gets an id of its own"),
    ] {
        if let Some(node) = job.get(key) {
            let what = format!("[cron.job] must not have {key}: {instead}");
            return Err(flaw(&node.origin, what));
        }
    }
    let jobtype = match job.remove("type") {
        Some(node) => jobtype_of(node)?,
        None => match misplaced::find_like(&job, "type") {
            Some((key, node)) => {
                let what = format!("[cron.job] has {key} and no type; did you mean type?");
                return Err(flaw(node.first_origin(), what));
            }
            None => return Err(no_type()),
        },
    };
    misplaced::warn_of_job(&job, warnings);
    let mut args = job.remove("args").map_or(Ok(Vec::new()), array)?;
    if let Some(jobs) = jobs {
        args.extend(misplaced_args(jobs, warnings)?);
    }
    let mut members = object(job)?;
    members.insert("jobtype".to_owned(), jobtype.clone().into());
    members.insert("args".to_owned(), args.into());
    Ok(Payload {
        origin,
        jobtype,
        members,
    })
}

fn jobtype_of(node: Node) -> Result<String, Flaw> {
    match node.value {
        Value::String(jobtype) if !jobtype.is_empty() => Ok(jobtype),
        Value::String(_) => Err(flaw(
            &node.origin,
            "type must be the name of a job, not empty",
        )),
        other => {
            let what = format!("type must be a text, not {}", other.kind());
            Err(flaw(&node.origin, what))
        }
    }
}

/// The arguments of `[[cron.jobs.args]]`, as a published example has it.
fn misplaced_args(jobs: Node, warnings: &mut Vec<String>) -> Result<Vec<Json>, Flaw> {
    let Node { value, origin } = jobs;
    let args = match value {
        Value::Table(mut jobs) if jobs.len() == 1 => jobs.remove("args"),
        _ => None,
    };
    let Some(args) = args else {
        return Err(flaw(
            &origin,
            "jobs is no key of [[cron]]: write [cron.job]",
        ));
    };
    warnings.push(format!(
        "{}: [[cron.jobs.args]] is read as [[cron.job.args]]; write it so",
        args.first_origin()
    ));
    array(args)
}

fn array(node: Node) -> Result<Vec<Json>, Flaw> {
    match node.value {
        Value::Array(nodes) => nodes.into_iter().map(json).collect(),
        other => {
            let what = format!("args must be an array, not {}", other.kind());
            Err(flaw(&node.origin, what))
        }
    }
}

fn object(table: Table) -> Result<Map<String, Json>, Flaw> {
    table
        .into_iter()
        .map(|(key, node)| Ok((key, json(node)?)))
        .collect()
}

/// Dates and times become strings, as JSON has none.
fn json(node: Node) -> Result<Json, Flaw> {
    Ok(match node.value {
        Value::String(text) | Value::Datetime(text) => text.into(),
        Value::Integer(integer) => integer.into(),
        Value::Boolean(boolean) => boolean.into(),
        Value::Float(float) => match Number::from_f64(float) {
            Some(number) => number.into(),
            None => return Err(flaw(&node.origin, format!("JSON has no number {float}"))),
        },
        Value::Array(nodes) => nodes.into_iter().map(json).collect::<Result<_, _>>()?,
        Value::Table(table) => object(table)?.into(),
    })
}
