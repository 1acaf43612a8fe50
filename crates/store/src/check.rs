//! Whether all that a store keeps agrees: every invariant there is, over the rows of any backend.
//!
//! Each job and each entry is read once. Batches, locks and the tracks of jobs that live are held in memory meanwhile, jobs
//! are not.

mod batches;
mod census;
mod counters;
mod failures;
mod findings;
mod jobs;
mod locks;
mod places;
mod tracks;
mod trash;

pub use findings::{Count, Findings, Problem, ProblemKind};

use census::Census;
use places::Places;

use crate::StoreError;
use crate::reading::{Reader, Snapshot, Snapshots};

/// Looks through all that is committed. It takes as long as it takes, and holds up the log of a store in use.
///
/// # Errors
/// If something cannot be read at all. What can be read and does not agree is among the findings.
pub fn check<R: Snapshots>(reader: &Reader<R>) -> Result<Findings, StoreError> {
    reader.0.read(|rows| {
        let mut findings = Findings::default();
        look_through(rows, &mut findings)?;
        Ok(findings)
    })
}

/// Looks through the rows of one commit.
pub(crate) fn look_through<S: Snapshot>(
    rows: &mut S,
    findings: &mut Findings,
) -> Result<(), StoreError> {
    let mut places = Places::read(rows, findings)?;
    let mut census = Census::read(rows, findings)?;
    jobs::check_queues(rows, &mut places, &mut census, findings)?;
    jobs::check_reservations(rows, &mut places, findings)?;
    jobs::check_sets(rows, &mut places, &mut census, findings)?;
    places.check(findings);
    census.check(findings);
    counters::check(rows, findings)?;
    trash::check(rows, findings)
}
