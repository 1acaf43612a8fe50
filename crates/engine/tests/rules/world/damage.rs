//! What is stored is changed past the engine.

use workmill_proto::SetName;
use workmill_store::fault::FaultStore;
use workmill_store::memory::{MemoryDisk, MemoryStore};
use workmill_store::reading::Bounds;
use workmill_store::{Lock, Reading as _, SetTime, Store, Tx as _};

use super::{World, open};

impl World {
    /// Overwrites the first job of all in queues and with workers, as a broken disk would, and restarts.
    pub fn spoil_first_job(&mut self, bytes: &[u8]) {
        let first = self.disk.job_keys().first().copied();
        self.spoil(|disk| disk.plant_job(first.unwrap(), bytes));
    }

    /// Overwrites the job that comes first in the scheduled set, as a broken disk would, and restarts.
    pub fn spoil_first_scheduled(&mut self, bytes: &[u8]) {
        let mut tx = self.store.as_mut().unwrap().begin().unwrap();
        let entries = tx.entries(SetName::Scheduled, None, SetTime::MAX, 1);
        drop(tx);
        let first = entries.unwrap().first().unwrap().key;
        self.spoil(|disk| disk.plant_entry(first, bytes));
    }

    fn spoil(&mut self, spoil: impl FnOnce(&MemoryDisk) -> bool) {
        self.store = None;
        assert!(spoil(&self.disk), "nothing was spoilt");
        self.store = Some(open(&self.disk, &self.faults));
    }

    /// Makes all locks belong to another job.
    pub fn give_locks_to(&mut self, jid: &str) {
        let bounds = Bounds::of_rows(100);
        let locks = self.reader().locks(None, bounds).unwrap().items;
        let locks = locks.into_iter().map(|lock| {
            let (key, mut lock) = lock.unwrap();
            lock.owner.jid = jid.into();
            (key, lock)
        });
        let locks: Vec<_> = locks.collect();
        let mut tx = self.store.as_mut().unwrap().begin().unwrap();
        tx.put(&locks).unwrap();
        tx.commit().unwrap();
    }

    /// Removes all locks.
    pub fn remove_locks(&mut self) {
        let bounds = Bounds::of_rows(100);
        let locks = self.reader().locks(None, bounds).unwrap().items;
        let keys: Vec<_> = locks.into_iter().map(|lock| lock.unwrap().0).collect();
        let mut tx = self.store.as_mut().unwrap().begin().unwrap();
        tx.remove::<Lock>(&keys).unwrap();
        tx.commit().unwrap();
    }

    /// Changes what is stored, past the engine.
    pub fn transact(&mut self, run: impl FnOnce(&mut <FaultStore<MemoryStore> as Store>::Tx<'_>)) {
        let mut tx = self.store.as_mut().unwrap().begin().unwrap();
        run(&mut tx);
        tx.commit().unwrap();
    }
}
