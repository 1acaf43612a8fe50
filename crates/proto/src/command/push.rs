//! `PUSH {job}`

use super::{Command, CommandSpec};
use crate::Job;

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "PUSH",
    argument_missing: Some(r#"PUSH needs a job: PUSH {"jid":"...","jobtype":"...","args":[...]}"#),
    parse: |argument| Job::parse(argument).map(Command::Push),
};
