//! What can be turned off: unique jobs and batches.

use super::SettingsError;
use super::bounds::{
    BATCH_DAYS_DEFAULT, BATCH_DAYS_RANGE, BATCH_MINUTES_DEFAULT, BATCH_MINUTES_RANGE,
};
use super::reader::{Reader, value_or};

/// What operators can set of batches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchSettings {
    /// Whether there are any. If not, jobs that name one are taken as others are.
    pub enabled: bool,
    /// After how many minutes a batch is forgotten that has not been committed.
    pub uncommitted_timeout_minutes: usize,
    /// After how many days without a change a batch is forgotten that has been committed.
    pub committed_timeout_days: usize,
}

/// Whether jobs can be unique.
pub(super) fn choose_uniq(reader: &mut Reader) -> Result<bool, SettingsError> {
    Ok(value_or(reader.boolean("uniq", "enabled")?, true))
}

pub(super) fn choose_batch(
    reader: &mut Reader,
    warnings: &mut Vec<String>,
) -> Result<BatchSettings, SettingsError> {
    let minutes = reader.integer("batch", "uncommitted_timeout_minutes", BATCH_MINUTES_RANGE)?;
    let days = reader.integer("batch", "committed_timeout_days", BATCH_DAYS_RANGE)?;
    if let Some(origin) = reader.ignored("batch", "child_search_depth")? {
        warnings.push(format!(
            "{origin}: batch.child_search_depth has no effect: batches are looked through as deep as they are"
        ));
    }
    Ok(BatchSettings {
        enabled: value_or(reader.boolean("batch", "enabled")?, true),
        uncommitted_timeout_minutes: value_or(minutes, BATCH_MINUTES_DEFAULT),
        committed_timeout_days: value_or(days, BATCH_DAYS_DEFAULT),
    })
}
