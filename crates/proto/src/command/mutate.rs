//! `MUTATE {"cmd":"…","target":"…","filter":{"jids":["…"],"regexp":"…","jobtype":"…"}}`

use std::collections::BTreeSet;

use serde_json::value::RawValue;

use super::{Command, CommandSpec};
use crate::json::{self, JsonError};
use crate::limits::MUTATE_JIDS_MAX;
use crate::{Glob, SetName, WireError};

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "MUTATE",
    argument_missing: Some(
        r#"MUTATE needs an operation: MUTATE {"cmd":"…","target":"…","filter":{…}}"#,
    ),
    parse,
};

/// A change to the jobs of a set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mutation {
    /// What to do with them.
    pub verb: MutationVerb,
    /// Which set.
    pub target: SetName,
    /// Which jobs of it; none means all. Always none for [`MutationVerb::Clear`].
    pub filter: Option<MutationFilter>,
}

/// What to do with jobs of a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MutationVerb {
    /// Forget all of them.
    Clear,
    /// Move them to the dead set.
    Kill,
    /// Forget them.
    Discard,
    /// Put them into their queues.
    Requeue,
}

/// Which jobs of a set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MutationFilter {
    /// Those with one of these ids, exactly.
    Jids(BTreeSet<String>),
    /// Those whose payload, as compact JSON, matches.
    Glob {
        /// What the payload must match.
        glob: Glob,
        /// What their type must also be, exactly.
        jobtype: Option<String>,
    },
    /// Those of this type, exactly.
    Jobtype(String),
}

fn parse(argument: &[u8]) -> Result<Command, WireError> {
    let json = String::from_utf8_lossy(argument);
    let [cmd, target, filter] =
        json::read_members(&json, &["cmd", "target", "filter"], |_, _| {}).map_err(format_error)?;
    let cmd = json::string("cmd", cmd)
        .map_err(format_error)?
        .unwrap_or_default();
    let target = json::string("target", target)
        .map_err(format_error)?
        .unwrap_or_default();
    let verb = match cmd.as_ref() {
        "clear" => MutationVerb::Clear,
        "kill" => MutationVerb::Kill,
        "discard" => MutationVerb::Discard,
        "requeue" => MutationVerb::Requeue,
        _ => return Err(WireError::err("unknown mutate operation")),
    };
    let Some(target) = SetName::parse(&target) else {
        return Err(WireError::err("invalid target for mutation command"));
    };
    let filter = match filter {
        Some(filter) if verb != MutationVerb::Clear => parse_filter(filter)?,
        _ => None,
    };
    Ok(Command::Mutate(Mutation {
        verb,
        target,
        filter,
    }))
}

/// Job ids go before a pattern, a pattern before a type alone. What is empty counts as absent.
fn parse_filter(filter: &RawValue) -> Result<Option<MutationFilter>, WireError> {
    let [jids, regexp, jobtype] =
        json::read_members(filter.get(), &["jids", "regexp", "jobtype"], |_, _| {})
            .map_err(format_error)?;
    let jids = json::strings("jids", jids, MUTATE_JIDS_MAX + 1).map_err(format_error)?;
    let regexp = json::string("regexp", regexp)
        .map_err(format_error)?
        .unwrap_or_default();
    let jobtype = json::string("jobtype", jobtype).map_err(format_error)?;
    let jobtype = jobtype
        .filter(|jobtype| !jobtype.is_empty())
        .map(String::from);
    let jids = jids.unwrap_or_default();
    if jids.len() > MUTATE_JIDS_MAX {
        return Err(WireError::err(format!(
            "MUTATE takes at most {MUTATE_JIDS_MAX} jids: send them in several"
        )));
    }
    if !jids.is_empty() {
        return Ok(Some(MutationFilter::Jids(jids.into_iter().collect())));
    }
    if !regexp.is_empty() {
        return Ok(Some(MutationFilter::Glob {
            glob: Glob::new(&regexp)?,
            jobtype,
        }));
    }
    Ok(jobtype.map(MutationFilter::Jobtype))
}

/// Faktory's words for a MUTATE that is not understood, and why it is not.
fn format_error(error: JsonError) -> WireError {
    WireError::err(format!("invalid format: {error}"))
}
