//! The recurring jobs: those of the configuration, and those that were made beside them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use workmill_engine::{CronEntry, CronTable, MadeEntries};
use workmill_store::{CronDefinition, StoreError};

use super::remembered::Remembered;
use crate::desk::Desk;

/// For how long what was read counts as now.
const FRESH_FOR: Duration = Duration::from_secs(1);

/// The recurring jobs there are.
#[derive(Debug, Default)]
pub(crate) struct Recurring {
    /// Those of the configuration.
    pub(crate) configured: Arc<CronTable>,
    /// Those that were made.
    pub(crate) made: BTreeMap<Box<str>, MadeEntry>,
    /// All that run.
    pub(crate) running: CronTable,
}

/// One that was made.
#[derive(Clone, Debug)]
pub(crate) struct MadeEntry {
    /// How it is written; none if that is damaged.
    pub(crate) definition: Option<CronDefinition>,
    /// What that means, or why it means nothing.
    pub(crate) entry: Result<Arc<CronEntry>, String>,
}

impl Recurring {
    /// Those there are now, read once for all who ask within a second.
    pub(super) async fn now(
        remembered: &Remembered<Self>,
        desk: &dyn Desk,
    ) -> Result<Arc<Self>, StoreError> {
        let configured = desk.cron();
        let is_right = |known: &Self| Arc::ptr_eq(&known.configured, &configured);
        let read = |known| Self::read(desk, known);
        remembered.get(FRESH_FOR, is_right, read).await
    }

    /// `known` is what was read before: what is written as it was then means the same.
    async fn read(desk: &dyn Desk, known: Option<Arc<Self>>) -> Result<Self, StoreError> {
        let definitions = desk.read_all(|reading, after: Option<Box<str>>, bounds| {
            reading.cron_definitions(after.as_deref(), bounds)
        });
        let mut made = BTreeMap::new();
        for (name, definition) in definitions.await? {
            let definition = definition.map_err(|damaged| damaged.reason.to_string());
            let before = known.as_ref().and_then(|known| known.made.get(&name));
            let read = |definition: &CronDefinition| match before {
                Some(MadeEntry {
                    definition: Some(was),
                    entry: Ok(entry),
                }) if was == definition => Ok(Arc::clone(entry)),
                _ => {
                    let entry = desk.read_cron(definition);
                    entry.map(Arc::new).map_err(|flaw| flaw.text)
                }
            };
            let entry = MadeEntry {
                entry: definition.as_ref().map_err(Clone::clone).and_then(read),
                definition: definition.ok(),
            };
            made.insert(name, entry);
        }
        let entries = made.iter().map(|(name, made)| {
            let entry = made.entry.as_ref().ok();
            (Arc::from(&**name), entry.map(Arc::clone))
        });
        let (entries, configured) = (MadeEntries::from_iter(entries), desk.cron());
        Ok(Self {
            running: configured.with_made(&entries),
            configured,
            made,
        })
    }

    /// How many there are.
    pub(crate) fn count(&self) -> u64 {
        let made = self.made.keys();
        let beside = made.filter(|name| self.configured.get(name).is_none());
        self.configured.len() as u64 + beside.count() as u64
    }

    /// Whether there is one of this name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.made.contains_key(name) || self.configured.get(name).is_some()
    }
}
