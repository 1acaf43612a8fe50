//! Cron entries that were made while the server ran.

use std::sync::Arc;

use jiff::tz::TimeZone;
use workmill_engine::{CronEntry, CronFlaw, MadeEntries};
use workmill_store::reading::{Bounds, READ_ROWS_MAX};
use workmill_store::{CronDefinition, Reading as _};

use super::World;

/// What an entry means, on a machine that knows no zone but UTC.
pub fn read_utc(definition: &CronDefinition) -> Result<CronEntry, CronFlaw> {
    let is_known = |name: Option<&str>| name.is_none_or(|name| name == "UTC");
    CronEntry::read(definition, &mut |name| {
        is_known(name).then_some(TimeZone::UTC)
    })
}

impl World {
    /// Those that are kept, as a server reads them at its start.
    pub(super) fn made(&self) -> MadeEntries {
        let bounds = Bounds::of_rows(READ_ROWS_MAX);
        let made = self.reader().cron_definitions(None, bounds).unwrap();
        let made = made.items.into_iter().map(|(name, definition)| {
            let entry = read_utc(&definition.unwrap());
            (name.into(), entry.ok().map(Arc::new))
        });
        made.collect()
    }
}
