//! `FLUSH`; what follows it is ignored.

use super::{Command, CommandSpec};

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "FLUSH",
    argument_missing: None,
    parse: |_| Ok(Command::Flush),
};
