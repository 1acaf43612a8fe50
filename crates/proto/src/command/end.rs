//! `END`; what follows it is ignored.

use super::{Command, CommandSpec};

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "END",
    argument_missing: None,
    parse: |_| Ok(Command::End),
};
