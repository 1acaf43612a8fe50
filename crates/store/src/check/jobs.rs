//! Jobs: each is sound, in its order, and in one place that is known.

use std::fmt;
use std::ops::ControlFlow;

use super::census::Census;
use super::findings::{Findings, ProblemKind};
use super::places::Places;
use crate::reading::Snapshot;
use crate::record::{Place as RecordPlace, RawRecord};
use crate::writer::{QueueState, Removal, place_of, position_of, queue_of};
use crate::{Reservation, StoreError, StoredJob};

/// Notes a key that does not come behind the one before it.
fn check_order<K: Ord + Copy + fmt::Debug>(
    table: &str,
    last: &mut Option<K>,
    key: K,
    findings: &mut Findings,
) {
    if let Some(before) = last.replace(key)
        && before >= key
    {
        findings.add(ProblemKind::Order, || {
            format!("{table}: {key:?} comes behind {before:?}")
        });
    }
}

fn check_record(at: impl fmt::Debug, job: &StoredJob, findings: &mut Findings) {
    if let Err(corrupt) = job {
        let reason = &corrupt.reason;
        findings.add(ProblemKind::Record, || format!("at {at:?}: {reason}"));
    }
}

/// Jobs that wait in queues or are reserved out of them.
pub(super) fn check_queues<S: Snapshot>(
    rows: &mut S,
    places: &mut Places,
    census: &mut Census,
    findings: &mut Findings,
) -> Result<(), StoreError> {
    let (mut last, mut waiting) = (None, 0_u64);
    rows.jobs((i64::MIN, i64::MAX), |key, record, is_reserved| {
        check_order("jobs", &mut last, key, findings);
        let id = queue_of(key);
        let state = id.and_then(|id| places.queue_state(id));
        let (Some(id), Some(state)) = (id, state) else {
            findings.add(ProblemKind::Place, || {
                format!("the job under the key {key} belongs to no queue")
            });
            return ControlFlow::Continue(());
        };
        let job = record.decode_head(RecordPlace::Job { key });
        let waits = !is_reserved && state == QueueState::Live;
        match (state, is_reserved) {
            (QueueState::Live, _) | (QueueState::Removed, true) => {
                check_record(key, &job, findings);
                waiting += u64::from(waits);
                places.count_job(id, position_of(key), waits);
            }
            (QueueState::Removed, false) => places.unswept += 1,
            (QueueState::Flushed, _) => {
                places.unswept += 1;
                return ControlFlow::Continue(());
            }
            (QueueState::Free, _) => {
                findings.add(ProblemKind::Place, || {
                    format!("the job under the key {key} belongs to a queue that is no more")
                });
                return ControlFlow::Continue(());
            }
        }
        if let Ok(job) = &job {
            census.see(job, findings);
        }
        ControlFlow::Continue(())
    })?;
    findings.count("jobs in queues", waiting);
    Ok(())
}

/// Reservations, each next to its job.
pub(super) fn check_reservations<S: Snapshot>(
    rows: &mut S,
    places: &mut Places,
    findings: &mut Findings,
) -> Result<(), StoreError> {
    let mut last = None;
    rows.reservations((0, i64::MAX), |key, reservation, record| {
        check_order("reservations", &mut last, key, findings);
        let state = queue_of(key).and_then(|id| places.queue_state(id));
        match state {
            Some(QueueState::Live | QueueState::Removed) => places.working += 1,
            Some(QueueState::Flushed) => {
                places.unswept += 1;
                return ControlFlow::Continue(());
            }
            Some(QueueState::Free) | None => findings.add(ProblemKind::Reservation, || {
                format!("the one under the key {key} belongs to no queue")
            }),
        }
        match reservation {
            Ok(reservation) => check_reservation(&reservation, record, findings),
            Err(error) => findings.add(ProblemKind::Row, || {
                format!("the reservation under the key {key}: {}", error.reason)
            }),
        }
        ControlFlow::Continue(())
    })?;
    findings.count("reserved jobs", places.working);
    Ok(())
}

fn check_reservation(
    reservation: &Reservation,
    record: Option<RawRecord<'_>>,
    findings: &mut Findings,
) {
    let (key, jid) = (reservation.key.0, &reservation.jid);
    let Some(record) = record else {
        findings.add(ProblemKind::Reservation, || {
            format!("{jid:?} is reserved under the key {key}, and there is no job")
        });
        return;
    };
    // One that cannot be read is told of as such.
    let Ok(job) = record.decode_head(RecordPlace::Job { key }) else {
        return;
    };
    if job.jid != *jid {
        let found = &job.jid;
        findings.add(ProblemKind::Reservation, || {
            format!("{jid:?} is reserved under the key {key}, and the job there is {found:?}")
        });
    }
    if job.features.is_some() != reservation.has_features {
        findings.add(ProblemKind::Reservation, || {
            format!("{jid:?} is reserved as if it had no lock, batch or track, or had one")
        });
    }
}

/// Jobs in sets.
pub(super) fn check_sets<S: Snapshot>(
    rows: &mut S,
    places: &mut Places,
    census: &mut Census,
    findings: &mut Findings,
) -> Result<(), StoreError> {
    let (mut last, mut entries) = (None, 0_u64);
    let first = (i64::MIN, i64::MIN, i64::MIN);
    rows.entries(first, |place, record| {
        check_order("entries", &mut last, place, findings);
        let (id, _, serial) = place;
        let Some(set) = places.set(id) else {
            findings.add(ProblemKind::Place, || {
                format!("the entry at {place:?} belongs to no set")
            });
            return ControlFlow::Continue(());
        };
        if serial > places.last_serial {
            let given = places.last_serial;
            findings.add(ProblemKind::Number, || {
                format!("the entry at {place:?}: {given} is the last number given")
            });
        }
        if set.removal == Some(Removal::Flushed) {
            places.unswept += 1;
            return ControlFlow::Continue(());
        }
        let (name, is_there) = (set.name, set.removal.is_none());
        let job = record.decode_head(place_of(place));
        if is_there {
            check_record(place, &job, findings);
            places.count_entry(id);
            entries += 1;
        } else {
            places.unswept += 1;
        }
        if let Ok(job) = &job {
            census.see(job, findings);
            if is_there {
                census.see_entry(name, job, findings);
            }
        }
        ControlFlow::Continue(())
    })?;
    findings.count("scheduled, retried, dead and completed jobs", entries);
    Ok(())
}
