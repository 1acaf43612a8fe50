//! A mark, as it is told.

use serde::Serialize;
use utoipa::ToSchema;
use workmill_proto::Timestamp;
use workmill_store::AuditEntry;

use crate::service::moment::told;

/// What the audit log calls a mark that somebody has made.
pub(super) const MADE: &str = "mark.add";

/// What it calls that one was taken back.
pub(super) const TAKEN_BACK: &str = "mark.delete";

/// What else begins something that shows in a chart, apart from operations.
const BEGINNINGS: [&str; 8] = [
    "queue.pause",
    "queue.resume",
    "queue.remove",
    "workers.quiet",
    "workers.terminate",
    "cron.save",
    "cron.delete",
    "flush",
];

/// Something that began at a moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Mark {
    /// Its number; 0 for the start of the server.
    pub id: u64,
    /// When it began.
    #[serde(serialize_with = "told")]
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// `mark.add` for one that was made; else what began, as the audit log has it, or `server.start`.
    pub kind: Box<str>,
    /// What it says; of what else began, what it was done to.
    pub text: Box<str>,
    /// The name of who did it; empty if they gave none.
    pub name: Box<str>,
}

impl Mark {
    /// What an entry of the audit log marks; none if nothing began that shows.
    pub(super) fn of(id: u64, entry: AuditEntry) -> Option<Self> {
        let kind = &*entry.action;
        let begins = kind == MADE || entry.operation.is_some() || BEGINNINGS.contains(&kind);
        begins.then_some(Self {
            id,
            at: entry.began_at,
            kind: entry.action,
            text: entry.target,
            name: entry.by.name,
        })
    }

    /// That the server has started.
    pub(super) fn of_start(at: Timestamp, version: &str) -> Self {
        Self {
            id: 0,
            at,
            kind: "server.start".into(),
            text: format!("Workmill {version}").into(),
            name: Box::default(),
        }
    }

    /// Whether somebody made it, and may take it back.
    pub(crate) fn is_made(&self) -> bool {
        &*self.kind == MADE
    }
}
