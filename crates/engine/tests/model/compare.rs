//! Reads everything there is in the store, inside a transaction that never happens, and compares it with
//! the model.

use std::collections::BTreeSet;

use serde_json::Value;
use workmill_proto::{SetName, Timestamp};
use workmill_store::{JobRecord, Store, StoredJob, Tx};

use crate::naive::{Job, Naive};

/// Tells how many jobs were compared, or what differs.
pub fn compare<S: Store>(store: &mut S, naive: &Naive) -> Result<u64, String> {
    let mut tx = store.begin().map_err(|error| error.to_string())?;
    let mut seen = BTreeSet::new();
    compare_totals(&mut tx, naive)?;
    for (name, queue) in &naive.queues {
        tx.set_paused(&[name], false)
            .map_err(|error| error.to_string())?;
        let mut stored = Vec::new();
        while let Some((_, job)) = tx.claim(name, 1).map_err(|e| e.to_string())?.pop() {
            stored.push(job);
        }
        same_jobs(
            &format!("queue {name}"),
            &stored,
            queue.jobs.iter(),
            &mut seen,
        )?;
    }
    for set in SetName::ALL {
        let entries = tx
            .entries(set, None, Timestamp::MAX, 100_000)
            .map_err(|e| e.to_string())?;
        let times: Vec<Timestamp> = entries.iter().map(|entry| entry.key.at).collect();
        let expected: Vec<Timestamp> = naive.sets[&set].iter().map(|(at, _)| *at).collect();
        if times != expected {
            return Err(format!("{set:?}: times {times:?}, expected {expected:?}"));
        }
        let stored: Vec<StoredJob> = entries.into_iter().map(|entry| entry.job).collect();
        same_jobs(
            set.as_str(),
            &stored,
            naive.sets[&set].iter().map(|(_, job)| job),
            &mut seen,
        )?;
    }
    compare_working(&mut tx, naive, &mut seen)?;
    Ok(u64::try_from(seen.len()).unwrap())
}

fn compare_totals<T: Tx>(tx: &mut T, naive: &Naive) -> Result<(), String> {
    let totals = tx.totals().map_err(|error| error.to_string())?;
    let sizes: Vec<(&str, u64, bool)> = totals
        .queues
        .iter()
        .map(|(name, queue)| (name.as_str(), queue.size, queue.paused))
        .collect();
    let expected: Vec<(&str, u64, bool)> = naive
        .queues
        .iter()
        .map(|(name, queue)| (name.as_str(), queue.jobs.len() as u64, queue.paused))
        .collect();
    if sizes != expected {
        return Err(format!("queues are {sizes:?}, expected {expected:?}"));
    }
    let counts = (
        totals.scheduled,
        totals.retries,
        totals.dead,
        totals.working,
        totals.counts.processed,
        totals.counts.failures,
    );
    let size = |set: SetName| naive.sets[&set].len() as u64;
    let expected = (
        size(SetName::Scheduled),
        size(SetName::Retries),
        size(SetName::Dead),
        naive.working.len() as u64,
        naive.processed,
        naive.failures,
    );
    if counts != expected {
        return Err(format!("counts are {counts:?}, expected {expected:?}"));
    }
    Ok(())
}

fn compare_working<T: Tx>(
    tx: &mut T,
    naive: &Naive,
    seen: &mut BTreeSet<i64>,
) -> Result<(), String> {
    let held = tx
        .reservations_ending(Timestamp::MAX, 100_000)
        .map_err(|e| e.to_string())?;
    let mut expected = naive.working.clone();
    expected.sort_by_key(|work| (work.expires_at, work.key));
    let summary: Vec<_> = held
        .iter()
        .map(|h| (h.key.0, &*h.jid, &*h.wid, h.reserved_at, h.expires_at))
        .collect();
    let expected_summary: Vec<_> = expected
        .iter()
        .map(|w| {
            (
                w.key,
                w.job.jid.as_str(),
                w.wid.as_str(),
                w.reserved_at,
                w.expires_at,
            )
        })
        .collect();
    if summary != expected_summary {
        return Err(format!(
            "reserved are {summary:?}, expected {expected_summary:?}"
        ));
    }
    let keys: Vec<_> = held.iter().map(|reservation| reservation.key).collect();
    let jobs = tx.working_jobs(&keys).map_err(|error| error.to_string())?;
    let stored: Vec<StoredJob> = jobs.into_iter().map(|(_, job)| job).collect();
    same_jobs(
        "working",
        &stored,
        expected.iter().map(|work| &work.job),
        seen,
    )
}

fn same_jobs<'j>(
    place: &str,
    stored: &[StoredJob],
    expected: impl Iterator<Item = &'j Job>,
    seen: &mut BTreeSet<i64>,
) -> Result<(), String> {
    let mut found = Vec::new();
    for job in stored {
        let record = job
            .as_ref()
            .map_err(|corrupt| format!("{place}: {corrupt:?}"))?;
        let summary = summarise(record);
        if !seen.insert(summary.0) {
            return Err(format!("{place}: job {summary:?} is in two places"));
        }
        found.push(summary);
    }
    let expected: Vec<_> = expected
        .map(|job| {
            (
                job.number,
                job.jid.clone(),
                job.failures,
                job.recovered_at.len(),
            )
        })
        .collect();
    if found != expected {
        return Err(format!("{place}: {found:?}, expected {expected:?}"));
    }
    Ok(())
}

fn summarise(record: &JobRecord) -> (i64, String, i64, usize) {
    let payload: Value = serde_json::from_slice(&record.body).unwrap();
    let failures = payload["failure"]["retry_count"]
        .as_i64()
        .map_or(0, |count| count + 1);
    assert_eq!(failures, i64::from(record.failure_count), "{payload}");
    let number = payload["args"][0].as_i64().unwrap();
    (
        number,
        record.jid.to_string(),
        failures,
        record.recovered_at.len(),
    )
}
