//! The audit log: what operators did.

use serde::Serialize;
use utoipa::ToSchema;
use workmill_engine::OperationId;
use workmill_proto::Timestamp;
use workmill_store::reading::Bounds;
use workmill_store::{AuditEntry, AuditState};

use super::moment::{told, told_if_any};
use super::operations::{read_id, told_id};
use super::trash::{Undoable, undoable};
use super::{Page, PageRequest, Problem, ProblemKind};
use crate::desk::Desk;

/// Slices of the log that are looked through for one entry.
const SLICES_MAX: usize = 20;

/// Something an operator did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct AuditRecord {
    /// Its number: later ones have larger numbers.
    pub id: u64,
    /// The name they gave, or the id of the worker; empty if they gave none.
    pub name: Box<str>,
    /// `viewer`, `operator`, `admin`, or `client` for a connection of the protocol.
    pub role: Box<str>,
    /// Where they came from.
    pub address: Box<str>,
    /// What was done, such as `job.delete` or `queue.pause`.
    pub action: Box<str>,
    /// To what.
    pub target: Box<str>,
    /// When it began.
    #[serde(serialize_with = "told")]
    #[schema(value_type = String, format = DateTime)]
    pub began_at: Timestamp,
    /// When it ended; null while it is under way.
    #[serde(serialize_with = "told_if_any")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub ended_at: Option<Timestamp>,
    /// `running`, `done`, `cancelled`, `failed`, or `interrupted` if the server ended before it.
    pub state: &'static str,
    /// Why it failed; null if it did not.
    pub reason: Option<Box<str>>,
    /// How many jobs it has changed so far; of queues and workers, how many of them.
    pub changed: u64,
    /// How many jobs it was asked to change and could not.
    pub skipped: u64,
    /// The id of the operation it is; null if it is none.
    pub operation: Option<String>,
    /// The number of the action that it takes back; null if it takes none back.
    pub undoes: Option<u64>,
    /// What can be put back of the jobs that it took away; null if that is nothing.
    pub undo: Option<Undoable>,
}

/// Which entries are asked for. What is left out, or empty, says nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// The name of who did it.
    pub name: Option<String>,
    /// What was done.
    pub action: Option<String>,
    /// A text in what it was done to, in large or small letters.
    pub target: Option<String>,
    /// When they began at the earliest, in RFC 3339.
    pub since: Option<String>,
    /// Before when they began, in RFC 3339.
    pub until: Option<String>,
}

/// The audit log, the latest entry first. Entries that cannot be read are left out. The cursor is the number of the last
/// one that was looked at: there may be more behind fewer entries than were asked for.
///
/// # Errors
/// The limit is out of range; the cursor is no number; a moment is none; reading failed.
pub async fn list(
    desk: &dyn Desk,
    filter: AuditFilter,
    asked: &PageRequest,
) -> Result<Page<AuditRecord>, Problem> {
    let limit = asked.limit()?;
    let after = asked.after(|text| text.parse().ok())?;
    let wanted = filter.wanted()?;
    let audit = desk
        .read(move |reading| reading.audit(after, &wanted, Bounds::of_rows(limit)))
        .await?;
    let readable = audit.items.into_iter();
    let items = readable.filter_map(|(id, entry)| Some(AuditRecord::new(id, entry.ok()?)));
    let mut items: Vec<AuditRecord> = items.collect();
    let ids = items.iter().map(|entry| entry.id).collect();
    let undoable = undoable(desk, ids).await?;
    for (entry, undo) in items.iter_mut().zip(undoable) {
        // One that is under way is stopped first.
        entry.undo = undo.filter(|_| entry.state != "running");
    }
    Ok(Page {
        items,
        cursor: audit.next.map(|id| id.to_string()),
    })
}

/// The number of the latest entry about an operation, if there is one among those that can be looked through at once: for an operation
/// that nobody remembers any more.
///
/// # Errors
/// Reading failed.
pub(crate) async fn of_operation(desk: &dyn Desk, id: &str) -> Result<Option<u64>, Problem> {
    let Some(OperationId(id)) = read_id(id) else {
        return Ok(None);
    };
    let wanted = move |entry: &AuditEntry| entry.operation == Some(id);
    let mut after = None;
    for _ in 0..SLICES_MAX {
        let slice = desk
            .read(move |reading| reading.audit(after, &wanted, Bounds::of_rows(1)))
            .await?;
        let found = slice.items.into_iter().find(|(_, entry)| entry.is_ok());
        if let Some((number, _)) = found {
            return Ok(Some(number));
        }
        after = slice.next;
        if after.is_none() {
            break;
        }
    }
    Ok(None)
}

impl AuditFilter {
    /// Tells of an entry whether it is asked for.
    fn wanted(self) -> Result<impl Fn(&AuditEntry) -> bool + Send + 'static, Problem> {
        let given = |text: Option<String>| text.filter(|text| !text.is_empty());
        let moment = |name, text: Option<String>| match text {
            None => Ok(None),
            Some(text) => match Timestamp::parse_rfc3339(&text) {
                Some(moment) => Ok(Some(moment)),
                None => {
                    let detail = format!("{name} is no moment: write it like 2026-01-31T07:00:00Z");
                    Err(Problem::new(ProblemKind::Invalid, detail))
                }
            },
        };
        let (since, until) = (moment("since", self.since)?, moment("until", self.until)?);
        let (name, action) = (given(self.name), given(self.action));
        let target = given(self.target).map(|text| text.to_lowercase());
        Ok(move |entry: &AuditEntry| {
            name.as_deref().is_none_or(|name| name == &*entry.by.name)
                && action
                    .as_deref()
                    .is_none_or(|action| action == &*entry.action)
                && since.is_none_or(|since| entry.began_at >= since)
                && until.is_none_or(|until| entry.began_at < until)
                && target
                    .as_deref()
                    .is_none_or(|text| entry.target.to_lowercase().contains(text))
        })
    }
}

impl AuditRecord {
    fn new(id: u64, entry: AuditEntry) -> Self {
        let (state, reason) = match entry.state {
            AuditState::Running => ("running", None),
            AuditState::Done => ("done", None),
            AuditState::Cancelled => ("cancelled", None),
            AuditState::Failed(reason) => ("failed", Some(reason)),
            AuditState::Interrupted => ("interrupted", None),
        };
        Self {
            id,
            name: entry.by.name,
            role: entry.by.role,
            address: entry.by.address,
            action: entry.action,
            target: entry.target,
            began_at: entry.began_at,
            ended_at: entry.ended_at,
            state,
            reason,
            changed: entry.changed,
            skipped: entry.skipped,
            operation: entry.operation.map(told_id),
            undoes: entry.undoes,
            undo: None,
        }
    }
}
