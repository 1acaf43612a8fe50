//! Entries that were made by the API: written in the store instead of a file, and read by the same rules.

use workmill_engine::{CronEntry, CronFlaw, MadeEntries};
use workmill_store::reading::{Bounds, READ_ROWS_MAX};
use workmill_store::{CronDefinition, Reading, StoreError};

use super::zone;

/// The entry that was written so, in the zones that this machine knows.
pub(crate) fn read_entry(definition: &CronDefinition) -> Result<CronEntry, CronFlaw> {
    // That the system names no zone is said when the configuration is read.
    let mut warnings = Vec::new();
    CronEntry::read(definition, &mut |name| zone::find(name, &mut warnings))
}

/// All of them. One that cannot be read does not hold up the others: the log says why, and so do the pages.
pub(crate) fn load_made(reading: &impl Reading) -> Result<MadeEntries, StoreError> {
    let (mut made, mut after) = (MadeEntries::new(), None::<Box<str>>);
    loop {
        let slice = reading.cron_definitions(after.as_deref(), Bounds::of_rows(READ_ROWS_MAX))?;
        for (name, definition) in slice.items {
            let read = definition
                .map_err(|damaged| damaged.reason.to_string())
                .and_then(|definition| read_entry(&definition).map_err(|flaw| flaw.text));
            if let Err(error) = &read {
                tracing::warn!(
                    entry = &*name,
                    error,
                    "a cron entry made by the API DOES NOT RUN"
                );
            }
            made.insert(name.into(), read.ok().map(Into::into));
        }
        after = slice.next;
        if after.is_none() {
            return Ok(made);
        }
    }
}
