//! A search: slices until there are enough hits, or it has taken long enough.

use std::time::Duration;

use tokio::time::Instant;
use workmill_engine::query::{Query, QueryError};
use workmill_store::StoreError;

use super::scan::{HITS_BYTES_MAX, Hit, Room, Scan};
use crate::desk::Desk;
use crate::service::LIMIT_MAX;

/// The most hits that one answer has.
pub const HITS_MAX: usize = LIMIT_MAX;

/// How long one answer is waited for, beyond one slice: whoever wants more goes on from the cursor.
const SEARCH_TIME: Duration = Duration::from_secs(1);

/// What a search found, and how far it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// What matches, in the order of the search: jobs that work, in queues by name, scheduled, retries, dead.
    pub hits: Vec<Hit>,
    /// How many jobs have been looked at, since the search began.
    pub looked_at: u64,
    /// About how many there are to look at: those in places where none can match are not counted.
    pub of: u64,
    /// Of how many of those that were looked at it could not be told whether they match.
    pub unknown: u64,
    /// How many places (workers' hands, each queue, each set) are done.
    pub places_done: usize,
    /// How many there are.
    pub places: usize,
    /// Where to go on; none if everything has been looked at.
    pub cursor: Option<String>,
}

/// Why there was no search.
#[derive(Debug, thiserror::Error)]
pub enum SearchError {
    /// The text is no query.
    #[error(transparent)]
    Query(#[from] QueryError),
    /// The cursor is none, or one of another query.
    #[error(
        "the cursor belongs to another query, or to none: leave it out to search from the start"
    )]
    Cursor,
    /// Reading failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Searches on from a cursor, or from the start. Ends with so many hits (at most [`HITS_MAX`]) or some MiB of
/// them, with the last place, or after about a second. Dropped, it ends with the slice that is being read.
///
/// A job that stays where it is, is found once over all that is gone on with. One that moves meanwhile may be found twice or not at
/// all. Times from now are from when the search began.
///
/// # Errors
/// Those of the query and of reading; a cursor that does not belong to the query.
pub async fn search(
    desk: &dyn Desk,
    query: &str,
    cursor: Option<&str>,
    limit: usize,
) -> Result<Found, SearchError> {
    let query = Query::parse(query)?;
    let limit = limit.clamp(1, HITS_MAX);
    let mut scan = match cursor {
        None => Scan::new(desk.now()),
        Some(cursor) => Scan::resumed(&query, cursor).ok_or(SearchError::Cursor)?,
    };
    let until = Instant::now() + SEARCH_TIME;
    let redactions = desk.rules().redactions;
    let (mut hits, mut hit_bytes) = (Vec::new(), 0);
    loop {
        let (query_of_slice, hidden) = (query.clone(), redactions.clone());
        let room = Room {
            hits: limit - hits.len(),
            bytes: HITS_BYTES_MAX.saturating_sub(hit_bytes),
        };
        let (slice, found) = desk
            .read(move |reading| {
                let mut hits = Vec::new();
                let mut found = |hit| hits.push(hit);
                let slice = scan.slice(&query_of_slice, &hidden, reading, room, &mut found)?;
                Ok((slice, hits))
            })
            .await?;
        hits.extend(found);
        hit_bytes += slice.hit_bytes;
        scan = slice.scan;
        let is_enough = hits.len() >= limit || hit_bytes >= HITS_BYTES_MAX;
        if slice.is_over || is_enough || Instant::now() >= until {
            return Ok(Found {
                hits,
                looked_at: scan.looked_at,
                of: slice.of,
                unknown: scan.unknown,
                places_done: slice.places_done,
                places: slice.places,
                cursor: (!slice.is_over).then(|| scan.cursor(&query)),
            });
        }
    }
}
