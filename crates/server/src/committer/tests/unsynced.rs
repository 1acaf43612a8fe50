//! What happens while the disk takes its time to sync a group.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use parking_lot::{Condvar, Mutex};
use workmill_store::{StoreError, Syncer};

use super::*;
use crate::committer::window::{UNSYNCED_MAX, WINDOW_MAX};

/// Submissions in one group, fewer than would keep the next groups from sharing a sync.
const MANY: usize = 20;

/// A store whose first sync takes longer than the committer would wait for itself; the others begin, and do not end
/// before they may.
struct SlowStore {
    store: FaultStore<SqliteStore>,
    disk: Arc<Disk>,
}

#[derive(Default)]
struct Disk {
    transactions: AtomicUsize,
    syncs: AtomicUsize,
    is_fast: Mutex<bool>,
    got_fast: Condvar,
}

struct SlowSyncer {
    syncer: <FaultStore<SqliteStore> as Store>::Syncer,
    disk: Arc<Disk>,
}

impl Syncer for SlowSyncer {
    fn sync(&mut self) -> Result<(), StoreError> {
        if self.disk.syncs.fetch_add(1, Ordering::SeqCst) == 0 {
            let begun = Instant::now();
            while begun.elapsed() <= WINDOW_MAX {}
            return self.syncer.sync();
        }
        let mut is_fast = self.disk.is_fast.lock();
        self.disk.got_fast.wait_while(&mut is_fast, |fast| !*fast);
        self.syncer.sync()
    }
}

impl Store for SlowStore {
    type Tx<'a> = <FaultStore<SqliteStore> as Store>::Tx<'a>;
    type Reader = <FaultStore<SqliteStore> as Store>::Reader;
    type Syncer = SlowSyncer;

    fn begin(&mut self) -> Result<Self::Tx<'_>, StoreError> {
        self.disk.transactions.fetch_add(1, Ordering::SeqCst);
        self.store.begin()
    }

    fn syncer(&self) -> SlowSyncer {
        SlowSyncer {
            syncer: self.store.syncer(),
            disk: Arc::clone(&self.disk),
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

impl Disk {
    async fn transactions_have_begun(&self, transactions: usize) {
        while self.transactions.load(Ordering::SeqCst) < transactions {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn groups_go_on_being_committed_and_share_the_next_sync() {
    let disk: Arc<Disk> = Arc::default();
    let wrapped = Arc::clone(&disk);
    let world = World::start_on(|store| SlowStore {
        store,
        disk: wrapped,
    });
    let mut first = world.submit(push("q"));
    first.answers().await.unwrap();
    let mut pending: Vec<Pending> = (0..MANY).map(|_| world.submit(push("q"))).collect();
    disk.transactions_have_begun(2).await;
    // One more than may be unsynced is run, and waits to be handed over.
    for group in 3..=UNSYNCED_MAX + 2 {
        pending.push(world.submit(push("q")));
        disk.transactions_have_begun(group).await;
    }
    assert!(disk.syncs.load(Ordering::SeqCst) <= 2);
    pending.push(world.submit(push("q")));
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    let groups = UNSYNCED_MAX + 2;
    assert_eq!(disk.transactions.load(Ordering::SeqCst), groups);
    *disk.is_fast.lock() = true;
    disk.got_fast.notify_all();
    for mut pending in pending {
        let answers = pending.answers().await.unwrap();
        assert!(matches!(answers.outcomes[..], [Outcome::Ok]));
    }
    // The first two were synced alone, those that were handed over meanwhile together.
    let synced_together = UNSYNCED_MAX - 2;
    assert!(disk.syncs.load(Ordering::SeqCst) <= groups + 1 - synced_together);
}
