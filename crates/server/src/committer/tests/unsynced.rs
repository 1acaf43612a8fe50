//! What happens while the disk takes its time to sync a group.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use parking_lot::{Condvar, Mutex};
use workmill_store::StoreError;

use super::hooked::{Hooks, start};
use super::*;
use crate::committer::window::{UNSYNCED_MAX, WINDOW_MAX};

/// Submissions in one group, fewer than would keep the next groups from sharing a sync.
const MANY: usize = 20;

/// A disk whose first sync takes longer than the committer would wait for itself; the others begin, and do not end
/// before they may.
#[derive(Default)]
struct Disk {
    transactions: AtomicUsize,
    syncs: AtomicUsize,
    is_fast: Mutex<bool>,
    got_fast: Condvar,
}

impl Hooks for Disk {
    fn before_begin(&self) -> Result<(), StoreError> {
        self.transactions.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }

    fn before_sync(&self) {
        if self.syncs.fetch_add(1, Ordering::SeqCst) == 0 {
            let begun = Instant::now();
            while begun.elapsed() <= WINDOW_MAX {}
            return;
        }
        let mut is_fast = self.is_fast.lock();
        self.got_fast.wait_while(&mut is_fast, |fast| !*fast);
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
    let (world, disk) = start::<Disk>();
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
