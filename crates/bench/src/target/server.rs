//! The server itself.

use super::address::Address;

/// A server to measure, as the command line describes it.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    /// What results call it.
    pub(crate) name: String,
    pub(crate) address: Address,
    /// The command that starts it, word by word; none if it runs already.
    pub(crate) start: Option<Vec<String>>,
    /// Its process id, if it was given.
    pub(crate) pid: Option<u32>,
    /// Name or process id of another process whose work counts as the server's.
    pub(crate) companion: Option<String>,
    /// What the user says about its durability.
    pub(crate) durability: Option<String>,
}
