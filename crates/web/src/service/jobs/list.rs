//! The jobs that match a query, and those of one place.

use workmill_proto::check_queue_name;
use workmill_store::reading::Bounds;
use workmill_store::{Clocks, JobRef, Place};

use super::view::JobView;
use crate::desk::Desk;
use crate::service::search::{Found, Hit, search};
use crate::service::{Page, PageRequest, Problem};

/// Bytes of jobs that one page of a place has, beyond one of them.
const PAGE_BYTES_MAX: usize = 8 << 20;

/// Some of the jobs that match, and how far the search is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobList {
    /// The jobs, in the order of the search.
    pub jobs: Vec<JobView>,
    /// How far it is; its hits are in `jobs`.
    pub found: Found,
}

/// Searches on from a cursor, or from the start: see [`search`].
///
/// # Errors
/// Those of the search; the limit is out of range.
pub async fn list(desk: &dyn Desk, query: &str, asked: &PageRequest) -> Result<JobList, Problem> {
    let mut found = search(desk, query, asked.cursor.as_deref(), asked.limit()?).await?;
    let kept = desk.read(|reading| reading.clocks()).await?;
    let now = Clocks::of_kept(kept, desk.now());
    let redactions = desk.rules().redactions;
    let hits = std::mem::take(&mut found.hits).into_iter();
    Ok(JobList {
        jobs: hits
            .map(|hit| JobView::new(hit, now, &redactions))
            .collect(),
        found,
    })
}

/// Jobs of one place: of a queue in the order they are handed out, of a set by time, and those that work in no order that
/// means anything. The cursor is the key of the last one.
///
/// # Errors
/// No queue can have this name; the limit is out of range; the cursor is no key; reading failed.
pub async fn list_of(
    desk: &dyn Desk,
    place: Place,
    asked: &PageRequest,
) -> Result<Page<JobView>, Problem> {
    if let Place::Queue(name) = &place {
        check_queue_name(name)?;
    }
    let after = asked.after(JobRef::parse)?;
    let bounds = Bounds {
        bytes: PAGE_BYTES_MAX,
        ..Bounds::of_rows(asked.limit()?)
    };
    let wanted = place.clone();
    let (slice, kept) = desk
        .read(move |reading| Ok((reading.jobs(&wanted, after, bounds)?, reading.clocks()?)))
        .await?;
    let now = Clocks::of_kept(kept, desk.now());
    let redactions = desk.rules().redactions;
    let jobs = slice.items.into_iter().map(|job| {
        let place = place.clone();
        JobView::new(Hit { place, job }, now, &redactions)
    });
    Ok(Page {
        items: jobs.collect(),
        cursor: slice.next.map(|key| key.to_string()),
    })
}
