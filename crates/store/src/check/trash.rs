//! The trash: what is written down of an action is what is there of it.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use super::findings::{Findings, ProblemKind};
use crate::reading::Snapshot;
use crate::{Fate, StoreError, Trash};

pub(super) fn check<S: Snapshot>(rows: &mut S, findings: &mut Findings) -> Result<(), StoreError> {
    let generation = rows.tallies()?.generation;
    let mut actions: BTreeMap<u64, (Trash, u64)> = BTreeMap::new();
    rows.trash(generation, None, |action, trash| {
        match trash {
            Ok(trash) => drop(actions.insert(action, (trash, 0))),
            Err(error) => findings.add(ProblemKind::Row, || {
                format!("the trash of action {action}: {}", error.reason)
            }),
        }
        ControlFlow::Continue(())
    })?;
    let mut jobs = 0;
    rows.trashed_jobs(generation, |(action, number), job| {
        jobs += 1;
        match job.map(|job| job.fate) {
            Ok(
                Fate::Deleted(Err(corrupt))
                | Fate::Evicted {
                    job: Err(corrupt), ..
                },
            ) => findings.add(ProblemKind::Record, || {
                let reason = &corrupt.reason;
                format!("job {number} in the trash of action {action}: {reason}")
            }),
            Ok(_) => {}
            Err(error) => findings.add(ProblemKind::Row, || {
                let reason = &error.reason;
                format!("job {number} in the trash of action {action}: {reason}")
            }),
        }
        match actions.get_mut(&action) {
            Some((trash, found)) if (trash.first..trash.end).contains(&number) => *found += 1,
            _ => findings.add(ProblemKind::Trash, || {
                format!("job {number} of action {action} is there, and nobody knows of it")
            }),
        }
        ControlFlow::Continue(())
    })?;
    for (action, (trash, found)) in actions {
        let written = trash.jobs();
        if written != found {
            findings.add(ProblemKind::Trash, || {
                format!("action {action}: {written} jobs are written down, and {found} are found")
            });
        }
    }
    findings.count("jobs in the trash", jobs);
    Ok(())
}
