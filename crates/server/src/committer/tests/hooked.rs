//! A store that does something of its own before its transactions and its syncs.

use workmill_store::{StoreError, Syncer};

use super::*;

/// What it does.
pub(super) trait Hooks: Send + Sync + 'static {
    /// Comes before a transaction, which does not begin after an error.
    fn before_begin(&self) -> Result<(), StoreError>;

    /// Comes before a sync.
    fn before_sync(&self) {}
}

pub(super) struct HookedStore<H> {
    store: FaultStore<SqliteStore>,
    hooks: Arc<H>,
}

pub(super) struct HookedSyncer<H> {
    syncer: <FaultStore<SqliteStore> as Store>::Syncer,
    hooks: Arc<H>,
}

/// A committer on such a store, and the hooks.
pub(super) fn start<H: Hooks + Default>() -> (World, Arc<H>) {
    let hooks: Arc<H> = Arc::default();
    let wrapped = Arc::clone(&hooks);
    let world = World::start_on(|store| HookedStore {
        store,
        hooks: wrapped,
    });
    (world, hooks)
}

impl<H: Hooks> Syncer for HookedSyncer<H> {
    fn sync(&mut self) -> Result<(), StoreError> {
        self.hooks.before_sync();
        self.syncer.sync()
    }
}

impl<H: Hooks> Store for HookedStore<H> {
    type Tx<'a> = <FaultStore<SqliteStore> as Store>::Tx<'a>;
    type Reader = <FaultStore<SqliteStore> as Store>::Reader;
    type Syncer = HookedSyncer<H>;

    fn begin(&mut self) -> Result<Self::Tx<'_>, StoreError> {
        self.hooks.before_begin()?;
        self.store.begin()
    }

    fn syncer(&self) -> Self::Syncer {
        HookedSyncer {
            syncer: self.store.syncer(),
            hooks: Arc::clone(&self.hooks),
        }
    }

    fn wants_sync(&self) -> bool {
        self.store.wants_sync()
    }

    fn close(self) -> Result<(), StoreError> {
        self.store.close()
    }

    fn reader(&self) -> Self::Reader {
        self.store.reader()
    }
}
