//! The trash: what can be put back of what operators deleted and killed.

use serde::Serialize;
use utoipa::ToSchema;
use workmill_proto::Timestamp;
use workmill_store::reading::{Bounds, READ_ROWS_MAX};
use workmill_store::{Clocks, Reading, StoreError};

use super::Problem;
use super::moment::told;
use crate::desk::Desk;

/// What can still be put back of what an action took away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Undoable {
    /// How many jobs.
    pub jobs: u64,
    /// Until when.
    #[serde(serialize_with = "told")]
    #[schema(value_type = String, format = DateTime)]
    pub until: Timestamp,
}

/// All that is in the trash.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Trash {
    /// What so many actions took away.
    pub actions: u64,
    /// How many jobs, those among them that were killed and are in the dead set.
    pub jobs: u64,
    /// How large the payloads of those are together that were deleted, in bytes.
    pub bytes: u64,
}

/// For each of these actions in order what can still be put back; none if that is nothing.
///
/// # Errors
/// Reading failed.
pub async fn undoable(
    desk: &dyn Desk,
    actions: Vec<u64>,
) -> Result<Vec<Option<Undoable>>, Problem> {
    let now = desk.now();
    let read = move |reading: &dyn Reading| Ok((reading.trash_of(&actions)?, reading.clocks()?));
    let (trash, clocks) = desk.read(read).await?;
    let clocks = Clocks::of_kept(clocks, now);
    let undoable = trash.into_iter().map(|trash| {
        let trash = trash?;
        let until = clocks.on_wall(trash.ends_at);
        (until > now).then(|| Undoable {
            jobs: trash.jobs(),
            until,
        })
    });
    Ok(undoable.collect())
}

/// How much there is in the trash.
///
/// # Errors
/// Reading failed.
pub(crate) async fn trash(desk: &dyn Desk) -> Result<Trash, StoreError> {
    let mut all = Trash::default();
    let mut after = None;
    loop {
        let bounds = Bounds::of_rows(READ_ROWS_MAX);
        let slice = desk
            .read(move |reading| reading.trash(after, bounds))
            .await?;
        for (_, trash) in slice.items {
            let Ok(trash) = trash else { continue };
            all.actions += 1;
            all.jobs += trash.jobs();
            all.bytes += trash.bytes;
        }
        after = slice.next;
        if after.is_none() {
            return Ok(all);
        }
    }
}
