//! The job with an id.

use std::time::Duration;

use tokio::time::Instant;
use workmill_store::Clocks;
use workmill_store::reading::Bounds;

use super::view::JobView;
use crate::desk::Desk;
use crate::service::search::{Hit, SLICE_TIME};
use crate::service::{Problem, ProblemKind};

/// How long it is looked for, beyond one read.
const SHOW_TIME: Duration = Duration::from_secs(10);

/// The job with this id. If there are several, one that works, else one in a queue.
///
/// # Errors
/// There is none; it was not found in time; reading failed.
pub async fn show(desk: &dyn Desk, jid: &str) -> Result<JobView, Problem> {
    let until = Instant::now() + SHOW_TIME;
    let mut after = None;
    loop {
        let wanted = jid.to_owned();
        let (found, kept) = desk
            .read(move |reading| {
                let bounds = Bounds {
                    time: SLICE_TIME,
                    ..Bounds::of_rows(1)
                };
                let found = reading.find_jobs(&wanted, after, bounds)?;
                Ok((found, reading.clocks()?))
            })
            .await?;
        if let Some((place, job)) = found.items.into_iter().next() {
            return Ok(JobView::new(
                Hit { place, job },
                Clocks::of_kept(kept, desk.now()),
            ));
        }
        after = found.next;
        if after.is_none() {
            let detail = "there is no job with this id: it is done, deleted, or was never here";
            return Err(Problem::new(ProblemKind::NotFound, detail));
        }
        if Instant::now() >= until {
            let detail = "not found yet among so many jobs: search for it by a query with its state or queue";
            return Err(Problem::new(ProblemKind::Unavailable, detail));
        }
    }
}
