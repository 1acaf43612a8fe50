//! The features, each with what a group knows of it: what is true of one is said here. When it has a say in a job's life is
//! in `rules/life.rs`.

mod batch_progress;
mod batches;
mod careful;
mod cron_runs;
mod failures;
mod locks;
mod meters;
mod slots;
mod tracks;
mod trash;

pub(crate) use batch_progress::DueCallback;
pub(crate) use batches::Batches;
pub use careful::{Care, Watch};
pub(crate) use careful::{Careful, CarefulRun, NextRetry, forget_unwatched};
pub(crate) use cron_runs::CronRuns;
pub(crate) use failures::{Failures, Seen};
pub(crate) use locks::Locks;
pub(crate) use meters::Meters;
pub(crate) use slots::{Allowance, Slots};
pub(crate) use tracks::Tracks;
pub(crate) use trash::TrashBin;
