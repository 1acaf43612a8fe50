//! What most cases do: push, fetch, look.

use workmill_proto::{Bid, SetName, SteadyTime, Timestamp};

use crate::reading::Bounds;
use crate::{
    Attempts, AuditEntry, AuditState, BatchDetails, BatchDue, BatchParents, BatchState,
    CallbackKind, CallbackOf, CallbackState, Counts, FailureGroup, FailureHours, Features, JobKey,
    JobLock, JobRecord, JobRef, Keyed, Lock, LockOwner, Membership, Operator, Passing, Place,
    Reading, Reservation, SetTime, Store, StoreError, StoredJob, Tombstone, Totals, Track,
    TrackState, Tx, Watermark,
};

/// A moment, in seconds after some start.
pub(super) fn at<M: Moment>(secs: i64) -> M {
    M::of_micros(1_700_000_000_000_000 + secs * 1_000_000)
}

/// A moment of any clock: the suite does not care of which.
pub(super) trait Moment {
    fn of_micros(micros: i64) -> Self;
}

impl Moment for Timestamp {
    fn of_micros(micros: i64) -> Self {
        Self::from_micros(micros)
    }
}

impl Moment for SteadyTime {
    fn of_micros(micros: i64) -> Self {
        Self::from_micros(micros)
    }
}

impl Moment for SetTime {
    fn of_micros(micros: i64) -> Self {
        Self::from_micros(micros)
    }
}

/// A job without any features.
pub fn job(jid: &str, queue: &str) -> JobRecord {
    let body = format!(r#"{{"jid":"{jid}","queue":"{queue}","jobtype":"Some","args":[]}}"#);
    JobRecord {
        jid: jid.into(),
        queue: queue.into(),
        jobtype: "Some".into(),
        reserve_for_secs: 1800,
        enqueued_at: None,
        failure_count: 0,
        recovered_at: Vec::new(),
        failure: None,
        attempts: Attempts::default(),
        features: None,
        enqueued_at_index: 9,
        body: body.into_bytes(),
    }
}

/// A job that is bound to everything a job can be bound to.
pub(super) fn tied_job(jid: &str, queue: &str) -> JobRecord {
    let bid = Bid {
        id: 300,
        check: u64::MAX,
    };
    let features = Features {
        expires_at: Some(at(50)),
        lock: Some(JobLock {
            key: [7; 32],
            ends_at: at(60),
            pushing: 7,
            until_start: true,
        }),
        batch: Some(Membership { bid, failed: true }),
        callback: Some(CallbackOf {
            bid,
            kind: CallbackKind::Success,
        }),
        tracked: true,
        cron: None,
    };
    JobRecord {
        features: Some(Box::new(features)),
        ..job(jid, queue)
    }
}

/// A lock of a job.
pub(super) fn lock(owner: &str, ends_secs: i64) -> Lock {
    Lock {
        owner: LockOwner {
            jid: owner.into(),
            pushing: 0,
        },
        ends_at: at(ends_secs),
    }
}

/// The state of a batch, told apart by a number in each of its fields.
pub(super) fn batch(n: u64) -> BatchState {
    BatchState {
        check: n + 1,
        total: n + 2,
        pending: n + 3,
        failed: n + 4,
        committed: true,
        complete: CallbackState::Waiting,
        success: CallbackState::Absent,
        completed: true,
        succeeded: false,
        children_incomplete: n + 5,
        children_unsuccessful: n + 6,
        changed_at: at(n as i64 + 7),
    }
}

/// A track, told apart by a number.
pub(super) fn track(n: i64, forget_secs: Option<i64>) -> Track {
    Track {
        state: TrackState::Working,
        percent: Some(n),
        desc: Some(format!("at {n}")),
        updated_at: at(n),
        forget_at: forget_secs.map(at),
    }
}

/// A group of failures, told apart by a number in each of its fields.
pub(super) fn failure_group(n: u64, forget_secs: Option<i64>) -> FailureGroup {
    let mut hours = FailureHours::default();
    hours.count(at(n as i64 * 3_600));
    FailureGroup {
        jobtype: format!("type {n}").into(),
        errtype: format!("error {n}").into(),
        pattern: "\u{2026} failed".into(),
        example: format!("{n} failed").into(),
        backtrace: vec![format!("line {n}").into(), "".into()],
        first_at: at(n as i64),
        last_at: at(n as i64 + 1),
        failures: n + 2,
        retries: n + 3,
        dead: n + 4,
        workers: vec![format!("worker {n}").into()],
        hours,
        forget_at: forget_secs.map(at),
    }
}

/// An entry of the audit log, told apart by a number in each of its fields.
pub(super) fn audit_entry(n: i64) -> AuditEntry {
    AuditEntry {
        by: Operator {
            name: format!("name {n}").into(),
            role: format!("role {n}").into(),
            address: format!("address {n}").into(),
        },
        action: format!("action {n}").into(),
        target: format!("target {n}").into(),
        began_at: at(n + 1),
        noted_at: at(n),
        ended_at: Some(at(n + 2)),
        state: AuditState::Done,
        changed: n.cast_unsigned() + 3,
        skipped: n.cast_unsigned() + 4,
        operation: Some(n.cast_unsigned() + 5),
        undoes: Some(n.cast_unsigned() + 6),
    }
}

/// One row of each feature: 6.
pub(super) fn fill_features(store: &mut impl Store) {
    change(store, |tx| {
        tx.put(&[([1; 32], lock("j", 10))]).unwrap();
        let id = tx.next_batch().unwrap();
        tx.put(&[(id, batch(1))]).unwrap();
        tx.put(&[(id, BatchDetails::default())]).unwrap();
        tx.put(&[(id, BatchParents(vec![1]))]).unwrap();
        tx.put(&[((at(1), id), BatchDue)]).unwrap();
        tx.put(&[("j".into(), track(1, Some(10)))]).unwrap();
    });
}

/// What a transaction finds under a key.
pub(super) fn read<K: Keyed>(store: &mut impl Store, key: impl Into<K::Key>) -> Option<K> {
    let key = key.into();
    look(store, |tx| tx.get(&[key]).unwrap().pop().unwrap())
}

/// Keeps something.
pub(super) fn keep<K: Keyed>(store: &mut impl Store, key: impl Into<K::Key>, kept: K) {
    change(store, |tx| tx.put(&[(key.into(), kept)]).unwrap());
}

/// Removes something.
pub(super) fn forget<K: Keyed>(store: &mut impl Store, key: impl Into<K::Key>) {
    change(store, |tx| tx.remove::<K>(&[key.into()]).unwrap());
}

/// The keys of what has its time over.
pub(super) fn due<P: Passing>(store: &mut impl Store, secs: i64, limit: usize) -> Vec<P::Key> {
    look(store, |tx| tx.due::<P>(at(secs), limit).unwrap())
}

/// The key of an end of a reservation.
pub(super) fn end_key(jid: &str, wid: &str) -> (Box<str>, Box<str>) {
    (jid.into(), wid.into())
}

/// Notes that a reservation ended.
pub(super) fn note_end(tx: &mut impl Tx, jid: &str, wid: &str, secs: i64) {
    let end = Tombstone {
        at: at(secs),
        trashed: None,
    };
    tx.put(&[(end_key(jid, wid), end)]).unwrap();
}

/// Whether it is noted that a reservation ended.
pub(super) fn has_ended(tx: &mut impl Tx, jid: &str, wid: &str) -> bool {
    let noted = tx.get::<Tombstone>(&[end_key(jid, wid)]).unwrap();
    noted[0].is_some()
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

/// Pushes a job to a queue, for tests of what only one backend has.
///
/// # Errors
/// Those of the store.
pub fn push_one(store: &mut impl Store, queue: &str) -> Result<(), StoreError> {
    let mut tx = store.begin()?;
    tx.enqueue(&[&job("0123456789", queue)], at(0))?;
    tx.commit()
}

/// Counts ends of jobs on some day.
pub(super) fn count_ends(tx: &mut impl Tx, processed: u64, failures: u64) {
    let counts = Counts {
        processed,
        failures,
        expired: 0,
    };
    tx.count(19_000, counts).unwrap();
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
        has_features: false,
        connection: 0,
        series: 0,
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

/// The job at the head of a queue, paused or not.
pub(super) fn head(store: &impl Store, queue: &str) -> Option<(JobKey, StoredJob)> {
    let place = Place::Queue(queue.into());
    let slice = store.reader().jobs(&place, None, Bounds::of_rows(1));
    let found = slice.unwrap().items.pop()?;
    match found.key {
        JobRef::Job(key) => Some((key, found.job)),
        JobRef::Entry(key) => panic!("an entry in a queue: {key:?}"),
    }
}

/// The totals, as a transaction and a reader both see them.
pub(super) fn totals(store: &mut impl Store) -> Totals {
    let seen = look(store, |tx| {
        let seen = tx.totals().unwrap();
        assert_eq!(tx.size(&Place::Working).unwrap(), seen.working);
        seen
    });
    assert_eq!(store.reader().totals().unwrap(), seen);
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

/// The largest serial any entry has had so far.
pub(super) fn last_serial<T: Tx>(tx: &mut T) -> i64 {
    tx.watermark(&Place::Set(SetName::Dead)).unwrap().0
}

/// The ids of the jobs that were in a place at a watermark and still are, read in slices.
pub(super) fn jids_in<S: Store>(
    store: &mut S,
    place: &Place,
    until: Watermark,
    limit: usize,
) -> Vec<String> {
    let mut jids = Vec::new();
    let mut after = None;
    loop {
        let slice = look(store, |tx| tx.jobs(place, after, until, limit).unwrap());
        assert!(slice.items.len() <= limit);
        jids.extend(
            slice
                .items
                .into_iter()
                .map(|(_, job)| job.unwrap().jid.to_string()),
        );
        after = slice.next;
        if after.is_none() {
            return jids;
        }
    }
}

/// Tells the jobs that are in a place now from those that come later.
pub(super) fn watermark<S: Store>(store: &mut S, place: &Place) -> Watermark {
    look(store, |tx| tx.watermark(place).unwrap())
}
