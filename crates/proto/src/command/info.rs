//! `INFO`; what follows it is ignored.

use super::{Command, CommandSpec};

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "INFO",
    argument_missing: None,
    parse: |_| Ok(Command::Info),
};
