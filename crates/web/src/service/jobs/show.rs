//! The job with an id.

use std::time::Duration;

use tokio::time::Instant;
use workmill_store::Clocks;
use workmill_store::reading::Bounds;

use super::act::by_key;
use super::view::JobView;
use crate::desk::Desk;
use crate::service::search::{Hit, SLICE_TIME};
use crate::service::{Problem, ProblemKind};

/// How long it is looked for, beyond one read.
const SHOW_TIME: Duration = Duration::from_secs(10);

/// The job with this id. If there are several, the one under the key; without, one that works, else one in a queue.
///
/// Ids have no index: without a key, all jobs may have to be looked at.
///
/// # Errors
/// There is none; the key is none, or that of another job; it was not found in time; reading failed.
pub async fn show(desk: &dyn Desk, jid: &str, key: Option<&str>) -> Result<JobView, Problem> {
    let hit = match key {
        Some(key) => by_key(desk, jid, key).await?,
        None => {
            let hit = find(desk, jid, 1).await?.into_iter().next();
            hit.ok_or_else(no_such_job)?
        }
    };
    let kept = desk.read(|reading| reading.clocks()).await?;
    let now = Clocks::of_kept(kept, desk.now());
    Ok(JobView::new(hit, now, &desk.rules().redactions))
}

pub(super) fn no_such_job() -> Problem {
    let detail = "there is no job with this id: it is done, deleted, or was never here";
    Problem::new(ProblemKind::NotFound, detail)
}

/// Jobs with this id, so many at most: those that work first, then those in queues.
pub(super) async fn find(desk: &dyn Desk, jid: &str, most: usize) -> Result<Vec<Hit>, Problem> {
    let until = Instant::now() + SHOW_TIME;
    let (mut hits, mut after) = (Vec::new(), None);
    loop {
        let wanted = jid.to_owned();
        let bounds = Bounds {
            time: SLICE_TIME,
            ..Bounds::of_rows(most)
        };
        let found = desk
            .read(move |reading| reading.find_jobs(&wanted, after, bounds))
            .await?;
        let found_here = found.items.into_iter();
        hits.extend(found_here.map(|(place, job)| Hit { place, job }));
        after = found.next;
        if after.is_none() || hits.len() >= most {
            hits.truncate(most);
            return Ok(hits);
        }
        if Instant::now() >= until {
            let detail = "not found yet among so many jobs: search for it by a query with its state or queue";
            return Err(Problem::new(ProblemKind::Unavailable, detail));
        }
    }
}
