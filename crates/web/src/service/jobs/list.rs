//! The jobs that match a query.

use workmill_store::Clocks;

use super::view::JobView;
use crate::desk::Desk;
use crate::service::search::{Found, HITS_MAX, search};
use crate::service::{Problem, ProblemKind};

/// How many jobs are told of, if nobody says how many.
pub const LIMIT_DEFAULT: usize = 100;

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
/// Those of the search; a limit that is 0 or above [`HITS_MAX`].
pub async fn list(
    desk: &dyn Desk,
    query: &str,
    cursor: Option<&str>,
    limit: usize,
) -> Result<JobList, Problem> {
    if !(1..=HITS_MAX).contains(&limit) {
        let detail = format!("limit is to be from 1 to {HITS_MAX}");
        return Err(Problem::new(ProblemKind::Invalid, detail));
    }
    let mut found = search(desk, query, cursor, limit).await?;
    let kept = desk.read(|reading| reading.clocks()).await?;
    let now = Clocks::of_kept(kept, desk.now());
    let hits = std::mem::take(&mut found.hits).into_iter();
    Ok(JobList {
        jobs: hits.map(|hit| JobView::new(hit, now)).collect(),
        found,
    })
}
