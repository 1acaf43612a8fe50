//! The database that all servers share: it outlives each of them, and may end itself.

use workmill_cluster::LeaderRow;
use workmill_engine::ServerId;
use workmill_store::memory::MemoryDisk;

/// The database.
#[derive(Debug, Default)]
pub(crate) struct Database {
    pub(crate) disk: MemoryDisk,
    pub(crate) leader: LeaderRow<ServerId>,
    /// What the leader row was some time ago.
    pub(crate) leader_before: LeaderRow<ServerId>,
    pub(crate) is_down: bool,
    /// How often it has started: no connection outlives that.
    pub(crate) run: u64,
}

impl Database {
    /// Changes who leads.
    pub(crate) fn set_leader(&mut self, row: LeaderRow<ServerId>) {
        self.leader_before = self.leader;
        self.leader = row;
    }

    /// Ends it, as a loss of power does.
    pub(crate) fn crash(&mut self) {
        self.is_down = true;
        self.run += 1;
        self.disk.lose_power();
    }
}
