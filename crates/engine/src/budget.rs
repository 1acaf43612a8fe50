//! How much work a group may still do: a slice for all of its ops together, so that no group is long.

use crate::limits::{DELIVERY_SLICE_BYTES, REWRITE_SLICE_BYTES, UNUSABLE_SLICE_JOBS};

/// What is left.
#[derive(Debug)]
pub(crate) struct Budget {
    unusable_jobs: usize,
    delivery_bytes: usize,
    rewrite_bytes: usize,
}

impl Budget {
    pub(crate) fn new() -> Self {
        Self {
            unusable_jobs: UNUSABLE_SLICE_JOBS,
            delivery_bytes: DELIVERY_SLICE_BYTES,
            rewrite_bytes: REWRITE_SLICE_BYTES,
        }
    }

    /// Notes that jobs were passed over, as they cannot be handed out.
    pub(crate) fn note_unusable(&mut self, jobs: usize) {
        self.unusable_jobs = self.unusable_jobs.saturating_sub(jobs);
    }

    /// Whether more of them may be.
    pub(crate) fn may_pass_over(&self) -> bool {
        self.unusable_jobs > 0
    }

    /// Notes that a payload of this many bytes is handed out.
    pub(crate) fn note_delivery(&mut self, bytes: usize) {
        self.delivery_bytes = self.delivery_bytes.saturating_sub(bytes);
    }

    /// Whether another payload may be; one job may exceed what is left.
    pub(crate) fn may_deliver(&self) -> bool {
        self.delivery_bytes > 0
    }

    /// Notes that a payload of this many bytes is rewritten.
    pub(crate) fn note_rewritten(&mut self, bytes: usize) {
        self.rewrite_bytes = self.rewrite_bytes.saturating_sub(bytes);
    }

    /// Whether another payload may be; one job may exceed what is left.
    pub(crate) fn may_rewrite(&self) -> bool {
        self.rewrite_bytes > 0
    }
}
