//! Counters, and what is only counted.

use std::ops::ControlFlow;

use super::findings::{Findings, ProblemKind};
use crate::reading::Snapshot;
use crate::{Counts, StoreError};

pub(super) fn check<S: Snapshot>(rows: &mut S, findings: &mut Findings) -> Result<(), StoreError> {
    let tallies = rows.tallies()?;
    let days = rows.days(i64::MIN, i64::MAX)?;
    findings.count("days with counters", days.len() as u64);
    let of_all_days = days
        .iter()
        .fold(Counts::default(), |sum, (_, counts)| Counts {
            processed: sum.processed.saturating_add(counts.processed),
            failures: sum.failures.saturating_add(counts.failures),
            expired: sum.expired.saturating_add(counts.expired),
        });
    for (what, all_time, days) in [
        ("processed", tallies.counts.processed, of_all_days.processed),
        ("failures", tallies.counts.failures, of_all_days.failures),
        ("expired", tallies.counts.expired, of_all_days.expired),
    ] {
        if all_time != days {
            findings.add(ProblemKind::Counters, || {
                format!("{what}: {all_time} of all time, {days} of all days")
            });
        }
    }
    let mut tombstones = 0;
    rows.tombstones(tallies.generation, |tombstone| {
        tombstones += 1;
        if let Err(error) = tombstone {
            findings.add(ProblemKind::Row, || {
                format!("a tombstone: {}", error.reason)
            });
        }
        ControlFlow::Continue(())
    })?;
    findings.count("remembered ends of reservations", tombstones);
    check_cron(rows, findings)?;
    let mut slots = 0;
    rows.history(tallies.generation, |place, slot| {
        slots += 1;
        if let Err(error) = slot {
            findings.add(ProblemKind::Row, || {
                format!("the slot of history at place {place}: {}", error.reason)
            });
        }
        ControlFlow::Continue(())
    })?;
    findings.count("slots of history", slots);
    let mut actions = 0;
    rows.audit(None, |id, entry| {
        actions += 1;
        if let Err(error) = entry {
            findings.add(ProblemKind::Row, || {
                format!("entry {id} of the audit log: {}", error.reason)
            });
        }
        ControlFlow::Continue(())
    })?;
    findings.count("entries of the audit log", actions);
    Ok(())
}

fn check_cron<S: Snapshot>(rows: &mut S, findings: &mut Findings) -> Result<(), StoreError> {
    let mut ticks = 0;
    rows.cron_ticks(None, |_, _| {
        ticks += 1;
        ControlFlow::Continue(())
    })?;
    findings.count("cron entries", ticks);
    let mut definitions = 0;
    rows.cron_definitions(None, |name, definition| {
        definitions += 1;
        if let Err(error) = definition {
            findings.add(ProblemKind::Row, || {
                format!("the cron entry {name:?} of the API: {}", error.reason)
            });
        }
        ControlFlow::Continue(())
    })?;
    findings.count("cron entries made by the API", definitions);
    Ok(())
}
