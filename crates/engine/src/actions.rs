//! What is known in memory of actions that are under way.

use workmill_proto::Timestamp;
use workmill_store::{AuditEntry, AuditState};

/// An action that is under way: its number, and its entry as it was last written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotedAction {
    /// Its number.
    pub id: u64,
    /// Its entry.
    pub entry: AuditEntry,
}

/// How actions ended that nobody was left to write down: those of the server before this one, and those that were given up.
#[derive(Debug, Default)]
pub(crate) struct Actions {
    /// The first one that began since the start.
    first: Option<u64>,
    /// Whether all those from before it are settled.
    are_settled: bool,
    given_up: Vec<NotedAction>,
    /// Whether the group settles all there are.
    settles: bool,
}

impl Actions {
    /// An action begins.
    pub(crate) fn begun(&mut self, id: u64) {
        self.first.get_or_insert(id);
    }

    /// Whether an action that is under way was begun by an earlier server.
    pub(crate) fn is_orphan(&self, id: u64) -> bool {
        self.first.is_none_or(|first| id < first)
    }

    /// An action was given up, for this reason, and its transaction with it.
    pub(crate) fn gave_up(&mut self, mut action: NotedAction, reason: &str, now: Timestamp) {
        action.entry.state = AuditState::Failed(reason.into());
        action.entry.ended_at = Some(now);
        self.given_up.push(action);
    }

    /// Whether the ends of an earlier server's actions are still to be written.
    pub(crate) fn wants_orphans(&self) -> bool {
        !self.are_settled
    }

    /// The ends that are to be written.
    pub(crate) fn given_up(&self) -> &[NotedAction] {
        &self.given_up
    }

    /// The group has written all there was to be written.
    pub(crate) fn settled(&mut self) {
        self.settles = true;
    }

    /// Keeps what the group changed.
    pub(crate) fn commit(&mut self) {
        if std::mem::take(&mut self.settles) {
            self.are_settled = true;
            self.given_up.clear();
        }
    }

    /// Undoes what the group changed. Numbers are given again, so the first one stays what it is.
    pub(crate) fn roll_back(&mut self) {
        self.settles = false;
    }
}
