//! Reads everything there is in the store, inside a transaction that never happens, and compares it with
//! the model.

use std::collections::BTreeSet;

use serde_json::Value;
use workmill_proto::{SetName, SteadyTime, Timestamp};
use workmill_store::{
    CallbackOf, Counts, Features, HistoryKey, HistorySlot, JobRecord, Membership, ReservationsOf,
    Resolution, SetTime, Store, StoredJob, Tx,
};

use crate::compare_features::{
    compare_batches, compare_failures, compare_locks, compare_slots, compare_tracks,
};
use crate::naive::{Job, Naive};

/// Tells how many jobs were compared, or what differs.
pub fn compare<S: Store>(store: &mut S, naive: &Naive) -> Result<u64, String> {
    let mut tx = store.begin().map_err(|error| error.to_string())?;
    let mut seen = BTreeSet::new();
    compare_totals(&mut tx, naive)?;
    compare_batches(&mut tx, naive)?;
    compare_tracks(&mut tx, naive)?;
    compare_slots(&mut tx, naive)?;
    compare_failures(&mut tx)?;
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
            naive,
            &mut seen,
        )?;
    }
    for set in SetName::ALL {
        let entries = tx
            .entries(set, None, SetTime::MAX, 100_000)
            .map_err(|e| e.to_string())?;
        let times: Vec<SetTime> = entries.iter().map(|entry| entry.key.at).collect();
        let on_its_clock = |at: &i64| match set {
            SetName::Scheduled => SetTime::scheduled(Timestamp::from_micros(*at)),
            SetName::Retries => SetTime::retries(SteadyTime::from_micros(*at)),
            SetName::Dead => SetTime::dead(SteadyTime::from_micros(*at)),
            SetName::Completed => SetTime::completed(SteadyTime::from_micros(*at)),
        };
        let expected = naive.sets[&set].iter().map(|(at, _)| on_its_clock(at));
        let expected: Vec<SetTime> = expected.collect();
        if times != expected {
            return Err(format!("{set:?}: times {times:?}, expected {expected:?}"));
        }
        let stored: Vec<StoredJob> = entries.into_iter().map(|entry| entry.job).collect();
        same_jobs(
            set.as_str(),
            &stored,
            naive.sets[&set].iter().map(|(_, job)| job),
            naive,
            &mut seen,
        )?;
    }
    compare_working(&mut tx, naive, &mut seen)?;
    compare_locks(&mut tx, naive)?;
    Ok(u64::try_from(seen.len()).unwrap())
}

/// What was counted over time comes to what was counted at all: nothing is left out, and nothing is counted twice.
pub fn compare_history<S: Store>(store: &mut S) -> Result<(), String> {
    let ever = HistoryKey {
        resolution: Resolution::Ever,
        slot: 0,
    };
    let mut tx = store.begin().map_err(|error| error.to_string())?;
    let counts = tx.totals().map_err(|error| error.to_string())?.counts;
    let found = tx.get::<HistorySlot>(&[ever]);
    let found = found.map_err(|error| error.to_string())?.pop().flatten();
    let history = found.unwrap_or_default();
    for lines in [history.queues, history.jobtypes] {
        let sum = lines.sum().counts;
        let counted = Counts {
            processed: sum.succeeded + sum.failed,
            failures: sum.failed,
            expired: sum.expired,
        };
        if counted != counts {
            return Err(format!(
                "the history has {counted:?}, and there were {counts:?}"
            ));
        }
    }
    Ok(())
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
        totals.completed,
        totals.working,
        totals.counts.processed,
        totals.counts.failures,
        totals.counts.expired,
    );
    let size = |set: SetName| naive.sets[&set].len() as u64;
    let expected = (
        size(SetName::Scheduled),
        size(SetName::Retries),
        size(SetName::Dead),
        size(SetName::Completed),
        naive.working.len() as u64,
        naive.processed,
        naive.failures,
        naive.expired,
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
        .reservations(ReservationsOf::EndingBy(SteadyTime::MAX, 100_000))
        .map_err(|e| e.to_string())?;
    let mut expected = naive.working.clone();
    expected.sort_by_key(|work| (work.expires_at, work.key));
    let summary: Vec<_> = held
        .iter()
        .map(|h| {
            (
                (h.key.0, &*h.jid, &*h.wid, h.connection),
                (h.reserved_at, h.expires_at),
            )
        })
        .collect();
    let expected_summary: Vec<_> = expected
        .iter()
        .map(|w| {
            (
                (w.key, w.job.jid.as_str(), w.wid.as_str(), w.connection),
                (w.reserved_at, w.expires_at),
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
        naive,
        seen,
    )
}

/// Jobs of a place, in its order, each in no other place.
fn same_jobs<'j>(
    place: &str,
    stored: &[StoredJob],
    expected: impl Iterator<Item = &'j Job>,
    naive: &Naive,
    seen: &mut BTreeSet<i64>,
) -> Result<(), String> {
    let mut found = Vec::new();
    for job in stored {
        let record = job
            .as_ref()
            .map_err(|corrupt| format!("{place}: {corrupt:?}"))?;
        let summary = Summary::of_stored(record);
        if !seen.insert(summary.number) {
            return Err(format!("{place}: job {summary:?} is in two places"));
        }
        found.push(summary);
    }
    let expected: Vec<_> = expected.map(|job| Summary::of(job, naive)).collect();
    if found != expected {
        return Err(format!("{place}: {found:?}, expected {expected:?}"));
    }
    Ok(())
}

/// What is compared of a job.
#[derive(Debug, PartialEq, Eq)]
struct Summary {
    number: i64,
    jid: String,
    failures: i64,
    recoveries: usize,
    enqueued_at: Option<Timestamp>,
    features: Option<Box<Features>>,
}

impl Summary {
    fn of_stored(record: &JobRecord) -> Self {
        let payload: Value = serde_json::from_slice(&record.body).unwrap();
        let failures = payload["failure"]["retry_count"]
            .as_i64()
            .map_or(0, |count| count + 1);
        assert_eq!(failures, i64::from(record.failure_count), "{payload}");
        let custom = &payload["custom"];
        assert_eq!(custom["expires_in"], Value::Null, "{payload}");
        let features = record.features.clone().map(|mut features| {
            // Told by whose lock it gives back.
            if let Some(lock) = &mut features.lock {
                lock.pushing = 0;
            }
            // Counted in its batch.
            features.batch = features.batch.map(|member| Membership {
                failed: false,
                ..member
            });
            features
        });
        Self {
            number: custom["number"].as_i64().unwrap(),
            jid: record.jid.to_string(),
            failures,
            recoveries: record.recovered_at.len(),
            enqueued_at: record.enqueued_at,
            features,
        }
    }

    fn of(job: &Job, naive: &Naive) -> Self {
        let bid = |index: usize| naive.batches[index].bid;
        let features = Features {
            expires_at: job.expires_at,
            lock: job.lock,
            batch: job.member.map(|(index, _)| Membership {
                bid: bid(index),
                failed: false,
            }),
            callback: job.callback.map(|(index, kind)| CallbackOf {
                bid: bid(index),
                kind,
            }),
            tracked: job.tracked,
            cron: None,
        };
        Self {
            number: job.number,
            jid: job.jid.clone(),
            failures: job.failures,
            recoveries: job.recovered_at.len(),
            enqueued_at: job.enqueued_at,
            features: (features != Features::default()).then(|| Box::new(features)),
        }
    }
}
