//! `PUSHB [job,…]`

use super::{Command, CommandSpec};
use crate::json;
use crate::limits::PUSHB_JOBS_MAX;
use crate::{Job, WireError};

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "PUSHB",
    argument_missing: Some(
        r#"PUSHB needs an array of jobs: PUSHB [{"jid":"…","jobtype":"…","args":[…]},…]"#,
    ),
    parse,
};

/// One job of a PUSHB.
#[derive(Clone, Debug)]
pub struct BulkJob {
    /// Its id, even if it is refused for something else; empty if it has none.
    pub jid: String,
    /// The job, or why it is refused.
    pub job: Result<Job, WireError>,
}

fn parse(argument: &[u8]) -> Result<Command, WireError> {
    let array = String::from_utf8_lossy(argument);
    let mut elements = Vec::new();
    let mut count = 0_usize;
    json::read_elements(&array, "it", |element| {
        count += 1;
        if count <= PUSHB_JOBS_MAX {
            elements.push(element);
        }
    })
    .map_err(|error| error.to_wire_error())?;
    if count > PUSHB_JOBS_MAX {
        return Err(WireError::err(format!(
            "PUSHB takes at most {PUSHB_JOBS_MAX} jobs: send these {count} in several"
        )));
    }
    let jobs = elements.into_iter().map(|element| {
        let (jid, job) = Job::parse_with_jid(element.get());
        BulkJob { jid, job }
    });
    Ok(Command::PushBulk(jobs.collect()))
}
