//! How much was compared. A test that compared nothing proves nothing.

/// What a [`super::FeatureLedger`] has compared so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FeaturesChecked {
    /// Jobs that ended as they must.
    pub jobs: u64,
    /// Pushes, ACKs, FAILs and REQUEUEs that had no answer.
    pub unknown: u64,
    /// Reservations that outlived the server.
    pub reservations_kept: u64,
    /// Unique jobs that were accepted.
    pub locks_taken: u64,
    /// Pushes that were refused, because another job held the lock.
    pub duplicates_refused: u64,
    /// Keys that could be taken again after their jobs were done.
    pub locks_free: u64,
    /// Answers to BATCH STATUS.
    pub statuses: u64,
    /// Batches whose end was right.
    pub batches: u64,
    /// Callbacks that ran.
    pub callbacks: u64,
    /// Answers to TRACK GET.
    pub tracks: u64,
    /// Jobs that were dropped because their time was over.
    pub expired: u64,
    /// Times that a queue, or a worker's share of one, was seen full.
    pub limits_reached: u64,
    /// Jobs of cron entries.
    pub ticks: u64,
    /// Those of them that made up for a downtime.
    pub ticks_caught_up: u64,
}
