//! Failed jobs that are in no group yet.

use crate::EntryKey;

/// That jobs which a server without groups of failures has left are still to be put into theirs. It is kept under no name,
/// as there is one at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ungrouped {
    /// All jobs of this set up to this one have a group, and all those of the sets before it.
    pub after: EntryKey,
}
