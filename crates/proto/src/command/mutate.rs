//! `MUTATE {"cmd":"…","target":"…","filter":{"jids":["…"],"regexp":"…","jobtype":"…"}}`

use std::collections::BTreeSet;

use serde_json::value::RawValue;

use super::{Command, CommandSpec};
use crate::json::{self, JsonError};
use crate::limits::MUTATE_JIDS_MAX;
use crate::utf8::decode_utf8;
use crate::{Glob, SetName, WireError};

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "MUTATE",
    argument_missing: Some(
        r#"MUTATE needs an operation: MUTATE {"cmd":"...","target":"...","filter":{...}}"#,
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
    /// Which jobs of it; none means all. For [`MutationVerb::Clear`] always none or one that matches nothing.
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
    /// Those with one of these ids, exactly. Without ids it matches nothing.
    Jids(BTreeSet<String>),
    /// Those whose payload, as compact JSON, matches.
    Glob {
        /// What the payload must match.
        glob: Glob,
        /// The same as it was written.
        pattern: String,
        /// What their type must also be, exactly.
        jobtype: Option<String>,
    },
    /// Those of this type, exactly.
    Jobtype(String),
}

impl MutationFilter {
    /// Whether no job can match it, whatever there is.
    pub fn matches_nothing(&self) -> bool {
        matches!(self, Self::Jids(jids) if jids.is_empty())
    }
}

fn parse(argument: &[u8]) -> Result<Command, WireError> {
    let json = decode_utf8(argument);
    let mut unknown = None;
    let [cmd, target, filter] =
        json::read_members(&json, &["cmd", "target", "filter"], |key, _| {
            unknown = Some(key);
        })
        .map_err(format_error)?;
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
    let target = SetName::parse(&target).filter(|set| SetName::WAITING.contains(set));
    let Some(target) = target else {
        return Err(WireError::err("invalid target for mutation command"));
    };
    if let (Some(key), None) = (unknown, filter) {
        // What was to be the filter, misspelt or left outside of it, must not act on everything.
        return Err(WireError::err(format!(
            "invalid format: it has {key} and no \"filter\"; leave it out to act on all jobs"
        )));
    }
    let filter = match (verb, filter) {
        // Its filter is ignored, as in Faktory; but who has found nothing to clear must not lose everything.
        (MutationVerb::Clear, Some(filter)) => {
            let filter = parse_filter(filter).unwrap_or_default();
            filter.filter(MutationFilter::matches_nothing)
        }
        (_, Some(filter)) => parse_filter(filter)?,
        (_, None) => None,
    };
    Ok(Command::Mutate(Mutation {
        verb,
        target,
        filter,
    }))
}

/// Job ids go before a pattern, a pattern before a type alone. Null counts as absent; an empty list of ids matches
/// nothing, and so does an empty text that nothing else stands beside.
fn parse_filter(filter: &RawValue) -> Result<Option<MutationFilter>, WireError> {
    let mut unknown = None;
    let known @ [jids, regexp, jobtype] =
        json::read_members(filter.get(), &["jids", "regexp", "jobtype"], |key, _| {
            unknown = Some(key);
        })
        .map_err(format_error)?;
    if let (Some(key), [None, None, None]) = (unknown, known) {
        // A misspelt filter must not act on everything.
        return Err(WireError::err(format!(
            "invalid format: the filter has {key} and none of \"jids\", \"regexp\", \"jobtype\""
        )));
    }
    let jids = json::strings("jids", jids, MUTATE_JIDS_MAX + 1).map_err(format_error)?;
    let regexp = json::string("regexp", regexp).map_err(format_error)?;
    let jobtype = json::string("jobtype", jobtype).map_err(format_error)?;
    if let Some(jids) = jids {
        if jids.len() > MUTATE_JIDS_MAX {
            return Err(WireError::err(format!(
                "MUTATE takes at most {MUTATE_JIDS_MAX} jids: send them in several"
            )));
        }
        return Ok(Some(MutationFilter::Jids(jids.into_iter().collect())));
    }
    let has_empty = [&regexp, &jobtype]
        .into_iter()
        .flatten()
        .any(|text| text.is_empty());
    let [regexp, jobtype] = [regexp, jobtype].map(|text| text.filter(|text| !text.is_empty()));
    let jobtype = jobtype.map(String::from);
    Ok(match (regexp, jobtype) {
        (Some(regexp), jobtype) => Some(MutationFilter::Glob {
            glob: Glob::new(&regexp)?,
            pattern: regexp.into_owned(),
            jobtype,
        }),
        (None, Some(jobtype)) => Some(MutationFilter::Jobtype(jobtype)),
        (None, None) => has_empty.then(|| MutationFilter::Jids(BTreeSet::new())),
    })
}

/// Faktory's words for a MUTATE that is not understood, and why it is not.
fn format_error(error: JsonError) -> WireError {
    WireError::err(format!("invalid format: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse_command;

    fn mutate(json: &str) -> Result<Mutation, String> {
        match parse_command(format!("MUTATE {json}").as_bytes()) {
            Ok(Command::Mutate(mutation)) => Ok(mutation),
            Ok(other) => panic!("{other:?}"),
            Err(error) => Err(error.text),
        }
    }

    fn filter(json: &str) -> Option<MutationFilter> {
        let json = format!(r#"{{"cmd":"kill","target":"retries","filter":{json}}}"#);
        mutate(&json).unwrap().filter
    }

    fn jids(jids: &[&str]) -> Option<MutationFilter> {
        Some(MutationFilter::Jids(
            jids.iter().map(|jid| (*jid).to_owned()).collect(),
        ))
    }

    #[test]
    fn operations_and_targets_are_read() {
        let verbs = [
            ("clear", MutationVerb::Clear),
            ("kill", MutationVerb::Kill),
            ("discard", MutationVerb::Discard),
            ("requeue", MutationVerb::Requeue),
        ];
        for (cmd, verb) in verbs {
            for target in SetName::WAITING {
                let json = format!(r#"{{ "cmd" : "{cmd}", "target": "{}" }}"#, target.as_str());
                assert_eq!(
                    mutate(&json),
                    Ok(Mutation {
                        verb,
                        target,
                        filter: None
                    })
                );
            }
        }
    }

    #[test]
    fn unknown_operations_and_targets_are_refused() {
        for json in [
            "{}",
            r#"{"cmd":"Kill","target":"dead"}"#,
            r#"{"cmd":"x","target":"x"}"#,
        ] {
            assert_eq!(mutate(json).unwrap_err(), "unknown mutate operation");
        }
        for json in [r#"{"cmd":"kill"}"#, r#"{"cmd":"kill","target":"Dead"}"#] {
            assert_eq!(
                mutate(json).unwrap_err(),
                "invalid target for mutation command"
            );
        }
    }

    #[test]
    fn what_is_not_understood_is_an_invalid_format() {
        for json in [
            "x",
            "{} x",
            r#"{"cmd":1}"#,
            r#"{"cmd":"kill","target":[]}"#,
            r#"{"cmd":"kill","target":"dead","filter":"all"}"#,
            r#"{"cmd":"kill","target":"dead","filter":{"jids":"a"}}"#,
            r#"{"cmd":"kill","target":"dead","filter":{"jids":[1]}}"#,
            r#"{"cmd":"kill","target":"dead","filter":{"regexp":1}}"#,
            r#"{"cmd":"kill","target":"dead","filter":{"jobtype":1}}"#,
        ] {
            let text = mutate(json).unwrap_err();
            assert!(text.starts_with("invalid format: "), "{json}: {text}");
        }
    }

    #[test]
    fn a_filter_that_names_nothing_means_all() {
        for json in [
            "null",
            "{}",
            r#"{"jids":null}"#,
            r#"{"jids":null,"regexp":null,"jobtype":null}"#,
        ] {
            assert_eq!(filter(json), None, "{json}");
        }
    }

    #[test]
    fn what_is_explicitly_empty_matches_nothing() {
        for json in [
            r#"{"jids":[]}"#,
            r#"{"JIDS": [ ]}"#,
            r#"{"jids":[],"regexp":"*","jobtype":"t"}"#,
            r#"{"jids":[],"regexp":"","jobtype":""}"#,
            r#"{"jids":null,"jobtype":""}"#,
            r#"{"regexp":""}"#,
            r#"{"jobtype":""}"#,
        ] {
            for verb in ["kill", "discard", "requeue", "clear"] {
                let json = format!(r#"{{"cmd":"{verb}","target":"dead","filter":{json}}}"#);
                assert_eq!(mutate(&json).unwrap().filter, jids(&[]), "{json}");
            }
        }
    }

    #[test]
    fn a_misspelt_filter_is_refused_rather_than_all() {
        let json = |filter| format!(r#"{{"cmd":"discard","target":"dead","filter":{filter}}}"#);
        assert_eq!(
            mutate(&json(r#"{"jid":["a"]}"#)).unwrap_err(),
            r#"invalid format: the filter has "jid" and none of "jids", "regexp", "jobtype""#
        );
        assert!(mutate(&json(r#"{"jid":["a"],"jobtype":"t"}"#)).is_ok());
    }

    #[test]
    fn what_was_to_be_the_filter_is_refused_rather_than_all() {
        for verb in ["clear", "kill", "discard", "requeue"] {
            for (key, value) in [("fliter", r#"{"jids":["a"]}"#), ("jids", r#"["a"]"#)] {
                let json = |filter| {
                    format!(r#"{{"cmd":"{verb}","target":"dead","{key}":{value}{filter}}}"#)
                };
                assert_eq!(
                    mutate(&json("")).unwrap_err(),
                    format!(
                        r#"invalid format: it has "{key}" and no "filter"; leave it out to act on all jobs"#
                    )
                );
                assert!(mutate(&json(r#","filter":null"#)).is_err());
                assert!(mutate(&json(r#","filter":{"jobtype":"t"}"#)).is_ok());
            }
        }
    }

    #[test]
    fn an_empty_job_id_matches_nothing_rather_than_all() {
        assert_eq!(filter(r#"{"jids":[""]}"#), jids(&[""]));
        assert_eq!(filter(r#"{"jids":[null]}"#), jids(&[""]));
    }

    #[test]
    fn job_ids_go_before_a_pattern_and_that_before_a_type() {
        let all = r#"{"jids":["a","b","a"],"regexp":"*x*","jobtype":"t"}"#;
        assert_eq!(filter(all), jids(&["a", "b"]));
        let glob = Glob::new("*x*").unwrap();
        let with_type = MutationFilter::Glob {
            glob: glob.clone(),
            pattern: "*x*".to_owned(),
            jobtype: Some("t".to_owned()),
        };
        assert_eq!(filter(r#"{"regexp":"*x*","jobtype":"t"}"#), Some(with_type));
        let alone = MutationFilter::Glob {
            glob,
            pattern: "*x*".to_owned(),
            jobtype: None,
        };
        assert_eq!(filter(r#"{"Regexp":"*x*","jobtype":""}"#), Some(alone));
        let jobtype = MutationFilter::Jobtype("t".to_owned());
        assert_eq!(filter(r#"{"jobtype":"t"}"#), Some(jobtype));
    }

    #[test]
    fn clear_ignores_its_filter() {
        for filter in [r#"{"jids":["a"]}"#, r#"{"jid":"a"}"#, "1", "null"] {
            let json = format!(r#"{{"cmd":"clear","target":"dead","filter":{filter}}}"#);
            assert_eq!(mutate(&json).unwrap().filter, None, "{json}");
        }
    }

    #[test]
    fn job_ids_are_bounded() {
        let json = |count: usize| {
            let jids = vec!["\"a\""; count].join(",");
            format!(r#"{{"cmd":"kill","target":"dead","filter":{{"jids":[{jids}]}}}}"#)
        };
        assert!(mutate(&json(MUTATE_JIDS_MAX)).is_ok());
        let text = mutate(&json(MUTATE_JIDS_MAX + 1)).unwrap_err();
        assert_eq!(
            text,
            "MUTATE takes at most 100000 jids: send them in several"
        );
    }
}
