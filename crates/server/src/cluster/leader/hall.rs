//! What links lead to.

use std::sync::Arc;

use super::links::Links;
use crate::committer::Inbox;
use crate::shared::Shared;

/// What a frame has besides the longest command, in bytes.
const FRAME_BYTES_SPARE: usize = 1 << 20;

/// How much longer a command may be in a frame than it is as a line: a PUSHB has some fields twice.
const FRAME_PER_LINE: usize = 2;

/// The committer of a term, as links reach it.
pub(crate) struct Hall {
    pub(super) shared: Arc<Shared>,
    pub(super) inbox: Arc<Inbox>,
    pub(super) links: Arc<Links>,
}

impl Hall {
    /// That of the term that `inbox` is of; `links` is where its answers go.
    pub(crate) fn new(shared: &Arc<Shared>, inbox: &Arc<Inbox>, links: Arc<Links>) -> Self {
        Self {
            shared: Arc::clone(shared),
            inbox: Arc::clone(inbox),
            links,
        }
    }

    /// The longest frame that is taken, in bytes.
    pub(super) fn frame_bytes_max(&self) -> usize {
        let line_bytes_max = self.shared.settings.now().line_bytes_max;
        FRAME_PER_LINE * line_bytes_max + FRAME_BYTES_SPARE
    }
}
