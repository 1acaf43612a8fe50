//! `PUSHB [job,…]`

use super::{Command, CommandSpec};
use crate::json;
use crate::limits::PUSHB_JOBS_MAX;
use crate::utf8::decode_utf8;
use crate::{Job, WireError};

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "PUSHB",
    argument_missing: Some(
        r#"PUSHB needs an array of jobs: PUSHB [{"jid":"...","jobtype":"...","args":[...]},...]"#,
    ),
    parse,
};

/// One job of a PUSHB that is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedJob {
    /// Its id, if it is refused for something else; empty if it has none.
    pub jid: String,
    /// Why it is refused.
    pub error: WireError,
}

fn parse(argument: &[u8]) -> Result<Command, WireError> {
    let array = decode_utf8(argument);
    // Counted before anything is kept, where there can be too many at all: a job takes two bytes, with its comma.
    if array.len() > PUSHB_JOBS_MAX * 2 {
        check_count(&array)?;
    }
    match Job::parse_all(&array) {
        Some(jobs) => Ok(Command::PushBulk(jobs)),
        None => parse_one_by_one(&array),
    }
}

fn check_count(array: &str) -> Result<(), WireError> {
    let mut count = 0_usize;
    json::read_elements(array, "it", |_| count += 1).map_err(|error| error.to_wire_error())?;
    if count > PUSHB_JOBS_MAX {
        return Err(WireError::err(format!(
            "PUSHB takes at most {PUSHB_JOBS_MAX} jobs: send these {count} in several"
        )));
    }
    Ok(())
}

/// Tells what is wrong with an array that could not be read in one pass; often it is only one of its elements.
fn parse_one_by_one(array: &str) -> Result<Command, WireError> {
    let mut jobs = Vec::new();
    json::read_elements(array, "it", |element| {
        jobs.push(Job::parse_one(element.get()));
    })
    .map_err(|error| error.to_wire_error())?;
    Ok(Command::PushBulk(jobs))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse_command;

    fn push(array: &str) -> Result<Vec<Result<Job, RefusedJob>>, WireError> {
        match parse_command(format!("PUSHB {array}").as_bytes())? {
            Command::PushBulk(jobs) => Ok(jobs),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn each_job_is_taken_by_itself_and_in_order() {
        let jobs = push(
            r#"[{"jid":"job-0001","jobtype":"t","args":[]},
                {"jid":"job-0002","jobtype":7,"args":[]},
                {"jid":"job-0003","args":[]},
                {"jid":"short","jobtype":"t","args":[]},
                {"jobtype":"t","args":[]},
                {"jid":["job-0006"]},
                17, null, [],
                {"jid":"job-0010","jobtype":"t","args":[1]}]"#,
        )
        .unwrap();
        let outcomes: Vec<_> = jobs
            .iter()
            .map(|job| match job {
                Ok(job) => (job.jid.as_str(), ""),
                Err(refused) => (refused.jid.as_str(), refused.error.text.as_str()),
            })
            .collect();
        let wanted = [
            ("job-0001", ""),
            ("job-0002", "invalid JSON: jobtype must be a string"),
            ("job-0003", "jobs must have a jobtype parameter"),
            ("short", "jobs must have a reasonable jid parameter"),
            ("", "jobs must have a reasonable jid parameter"),
            ("", "invalid JSON: jid must be a string"),
            ("", "invalid JSON: it must be an object"),
            ("", "invalid JSON: it must be an object"),
            ("", "invalid JSON: it must be an object"),
            ("job-0010", ""),
        ];
        assert_eq!(outcomes, wanted);
        assert!(push("[]").unwrap().is_empty());
    }

    #[test]
    fn what_is_no_array_of_json_is_refused_whole() {
        for array in ["{}", "x", "[", "[{]", "[{}", "[{}] x", "[{},]", "null", "1"] {
            let text = push(array).unwrap_err().text;
            assert!(text.starts_with("invalid JSON: "), "{array}: {text}");
        }
    }

    #[test]
    fn more_jobs_than_the_limit_are_refused_with_it() {
        let array = |count: usize| format!("[{}]", vec!["1"; count].join(","));
        assert_eq!(push(&array(PUSHB_JOBS_MAX)).unwrap().len(), PUSHB_JOBS_MAX);
        let text = push(&array(PUSHB_JOBS_MAX + 1)).unwrap_err().text;
        assert_eq!(
            text,
            "PUSHB takes at most 250000 jobs: send these 250001 in several"
        );
    }
}
