//! Which marks there are.

use workmill_proto::Timestamp;

use super::{Begun, Mark};
use crate::desk::Desk;
use crate::service::{Page, PageRequest, Problem};

/// What began, the latest first. The cursor is the moment and the number of the last one.
///
/// # Errors
/// The limit is out of range; the cursor is of another list; reading failed.
pub(crate) async fn list(
    desk: &dyn Desk,
    begun: &Begun,
    asked: &PageRequest,
) -> Result<Page<Mark>, Problem> {
    let limit = asked.limit()?;
    let after = asked.after(read_cursor)?;
    let marks = begun.now(desk).await?;
    let marks = marks.iter();
    let behind = marks.filter(|mark| after.is_none_or(|after| (mark.at, mark.id) < after));
    Ok(Page::of_all(behind.cloned(), limit, |mark| {
        format!("{}.{}", mark.at.as_micros(), mark.id)
    }))
}

fn read_cursor(text: &str) -> Option<(Timestamp, u64)> {
    let (at, id) = text.split_once('.')?;
    let at = Timestamp::from_micros(at.parse().ok()?);
    Some((at, id.parse().ok()?))
}
