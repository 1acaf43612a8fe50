//! The care for a job between its reservation and the last byte of its reply.

use std::sync::Arc;

use workmill_engine::{Handout, Op};

use super::inbox::Inbox;

/// Gives a job back to the front of its queue when dropped, unless its reply was written.
#[derive(Debug)]
pub(crate) struct Delivery {
    handout: Option<Handout>,
    inbox: Arc<Inbox>,
}

impl Delivery {
    /// Takes care of a job that was just reserved.
    pub(super) fn new(handout: Handout, inbox: Arc<Inbox>) -> Self {
        Self {
            handout: Some(handout),
            inbox,
        }
    }

    /// The reply has been written to the last byte. The caller takes the care for what may yet become of it.
    pub(crate) fn written(mut self) -> Option<Handout> {
        self.handout.take()
    }
}

impl Drop for Delivery {
    fn drop(&mut self) {
        if let Some(handout) = self.handout.take() {
            self.inbox.submit_unanswered(Op::Return(vec![handout]));
        }
    }
}
