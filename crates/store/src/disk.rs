//! What the store is asking of the disk right now, for whoever watches over it from another thread.

use std::sync::atomic::{AtomicU64, Ordering};

/// What can be asked of the disk, and can take for ever if the disk hangs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DiskWork {
    /// The storage directory and its files are opened.
    Open,
    /// A transaction reads and writes.
    Transaction,
    /// The log is synced, before the answers.
    Sync,
    /// The log is synced at an interval; nobody waits for it.
    SyncLater,
    /// The log is copied into the database.
    Copy,
}

impl DiskWork {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Open,
        Self::Transaction,
        Self::Sync,
        Self::SyncLater,
        Self::Copy,
    ];
}

/// Which work is going on. Each work is done by one thread at a time.
///
/// To begin or to end one is an addition in memory, and reads no clock: whoever finds a turn that goes on at two looks
/// knows how long it has taken at least.
#[derive(Debug, Default)]
pub struct Disk {
    /// How often each work was begun or ended: odd while it goes on.
    steps: [AtomicU64; DiskWork::ALL.len()],
}

/// One turn of a work; it ends when this is dropped.
#[derive(Debug)]
pub struct DiskTurn<'a>(Option<&'a AtomicU64>);

impl Disk {
    /// Begins a work.
    pub fn begin(&self, work: DiskWork) -> DiskTurn<'_> {
        let steps = self.steps.get(work as usize);
        if let Some(steps) = steps {
            steps.fetch_add(1, Ordering::Release);
        }
        DiskTurn(steps)
    }

    /// The number of the turn of a work that goes on. No other turn of it has that number.
    pub fn turn(&self, work: DiskWork) -> Option<u64> {
        let steps = self.steps.get(work as usize)?.load(Ordering::Acquire);
        (!steps.is_multiple_of(2)).then_some(steps)
    }
}

impl Drop for DiskTurn<'_> {
    fn drop(&mut self) {
        if let Some(steps) = self.0 {
            steps.fetch_add(1, Ordering::Release);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turn_goes_on_until_it_is_dropped_and_the_next_one_has_another_number() {
        let disk = Disk::default();
        for work in DiskWork::ALL {
            assert_eq!(disk.turn(work), None, "{work:?}");
            let turn = disk.begin(work);
            let first = disk.turn(work);
            assert_eq!(disk.turn(work), first);
            let going_on = DiskWork::ALL.map(|work| disk.turn(work).is_some());
            assert_eq!(going_on.iter().filter(|on| **on).count(), 1, "{work:?}");
            drop(turn);
            assert_eq!(disk.turn(work), None, "{work:?}");
            let _turn = disk.begin(work);
            assert!(first.is_some() && disk.turn(work) != first, "{work:?}");
            assert!(disk.turn(work).is_some());
        }
    }
}
