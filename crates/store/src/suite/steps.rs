//! What most cases do: push, fetch, look.

use workmill_proto::Timestamp;

use crate::{JobKey, JobRecord, Observer, Reservation, Store, StoredJob, Totals, Tx};

/// A moment, in seconds after some start.
pub(super) fn at(secs: i64) -> Timestamp {
    Timestamp::from_micros(1_700_000_000_000_000).plus_secs(secs)
}

/// A job.
pub(super) fn job(jid: &str, queue: &str) -> JobRecord {
    let body = format!(r#"{{"jid":"{jid}","queue":"{queue}","jobtype":"Some","args":[]}}"#);
    JobRecord {
        jid: jid.into(),
        queue: queue.into(),
        jobtype: "Some".into(),
        reserve_for_secs: 1800,
        enqueued_at: None,
        failure_count: 0,
        recovered_at: Vec::new(),
        ties: None,
        enqueued_at_index: 9,
        body: body.into_bytes(),
    }
}

/// Runs a transaction and commits it.
pub(super) fn change<S: Store, R>(store: &mut S, run: impl FnOnce(&mut S::Tx<'_>) -> R) -> R {
    let mut tx = store.begin().unwrap();
    let result = run(&mut tx);
    tx.commit().unwrap();
    result
}

/// Runs a transaction and drops it.
pub(super) fn look<S: Store, R>(store: &mut S, run: impl FnOnce(&mut S::Tx<'_>) -> R) -> R {
    run(&mut store.begin().unwrap())
}

/// Pushes jobs in one transaction.
pub(super) fn push(store: &mut impl Store, queue: &str, jids: &[&str]) {
    let jobs: Vec<JobRecord> = jids.iter().map(|jid| job(jid, queue)).collect();
    let jobs: Vec<&JobRecord> = jobs.iter().collect();
    change(store, |tx| tx.enqueue(&jobs, at(0)).unwrap());
}

/// The reservation of a claimed job.
pub(super) fn reservation(key: JobKey, jid: &str, wid: &str, reserved_secs: i64) -> Reservation {
    Reservation {
        key,
        jid: jid.into(),
        wid: wid.into(),
        reserved_at: at(reserved_secs),
        expires_at: at(reserved_secs + 1800),
        tied: false,
        connection: 0,
    }
}

/// Claims jobs and reserves them in one transaction.
pub(super) fn fetch(
    store: &mut impl Store,
    queue: &str,
    wid: &str,
    limit: usize,
    reserved_secs: i64,
) -> Vec<Reservation> {
    change(store, |tx| {
        let claimed = tx.claim(queue, limit).unwrap();
        let reservations: Vec<Reservation> = claimed
            .into_iter()
            .map(|(key, job)| reservation(key, &job.unwrap().jid, wid, reserved_secs))
            .collect();
        tx.reserve(&reservations).unwrap();
        reservations
    })
}

/// Fetches one job.
pub(super) fn fetch_one(store: &mut impl Store, queue: &str) -> Reservation {
    fetch(store, queue, "w", 1, 0).pop().unwrap()
}

/// The ids of jobs.
pub(super) fn jids_of<K>(jobs: Vec<(K, StoredJob)>) -> Vec<String> {
    jobs.into_iter()
        .map(|(_, job)| job.unwrap().jid.to_string())
        .collect()
}

/// The ids of the jobs that wait in a queue, in the order they would be claimed, paused or not.
pub(super) fn waiting(store: &mut impl Store, queue: &str) -> Vec<String> {
    look(store, |tx| {
        tx.set_paused(&[queue], false).unwrap();
        jids_of(tx.claim(queue, usize::MAX >> 1).unwrap())
    })
}

/// The totals, as a transaction and an observer both see them.
pub(super) fn totals(store: &mut impl Store) -> Totals {
    let seen = look(store, |tx| {
        let seen = tx.totals().unwrap();
        assert_eq!(tx.reserved_count().unwrap(), seen.working);
        seen
    });
    assert_eq!(store.observer().unwrap().totals().unwrap(), seen);
    seen
}

/// Sweeps to the end; tells how many calls it took.
pub(super) fn sweep_all(store: &mut impl Store, limit: usize) -> usize {
    for calls in 1..10_000 {
        if !change(store, |tx| tx.sweep(limit).unwrap().more) {
            return calls;
        }
    }
    panic!("sweeping does not end");
}
