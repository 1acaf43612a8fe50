//! What there is in the store, seen in a transaction that never happens.

use std::collections::BTreeMap;

use workmill_proto::{Bid, SetName, SteadyTime};
use workmill_store::{
    CallbackKind, LockKey, ReservationsOf, SetTime, Store, StoreError, StoredJob, Tx,
};

/// Where a job is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    Queue,
    Working { wid: String },
    Set(SetName),
}

/// A job in the store.
#[derive(Clone, Debug)]
pub struct Seen {
    pub place: Place,
    pub queue: String,
    pub failures: u32,
    pub bid: Option<Bid>,
    pub callback: Option<(Bid, CallbackKind)>,
    pub lock: Option<LockKey>,
}

/// All jobs, by their ids: each has one place.
pub type Sight = BTreeMap<String, Seen>;

pub fn look<S: Store>(store: &mut S) -> Result<Sight, String> {
    let mut tx = store.begin().map_err(|error| error.to_string())?;
    let jobs = read(&mut tx).map_err(|error| error.to_string())?;
    let mut sight = Sight::new();
    for (place, job) in jobs {
        let record = job.map_err(|corrupt| format!("{corrupt:?}"))?;
        let features = record.features.unwrap_or_default();
        let seen = Seen {
            place,
            queue: record.queue.to_string(),
            failures: record.failure_count,
            bid: features.batch.map(|member| member.bid),
            callback: features
                .callback
                .map(|callback| (callback.bid, callback.kind)),
            lock: features.lock.map(|lock| lock.key),
        };
        if let Some(other) = sight.insert(record.jid.to_string(), seen) {
            return Err(format!(
                "job {} is there twice, also as {other:?}",
                record.jid
            ));
        }
    }
    Ok(sight)
}

fn read<T: Tx>(tx: &mut T) -> Result<Vec<(Place, StoredJob)>, StoreError> {
    let mut jobs = Vec::new();
    let held = tx.reservations(ReservationsOf::EndingBy(SteadyTime::MAX, 100_000))?;
    for reservation in held {
        for (_, job) in tx.working_jobs(&[reservation.key])? {
            let wid = reservation.wid.to_string();
            jobs.push((Place::Working { wid }, job));
        }
    }
    for queue in tx.totals()?.queues.into_keys() {
        tx.set_paused(&[&queue], false)?;
        let claimed = tx.claim(&queue, 100_000)?;
        jobs.extend(claimed.into_iter().map(|(_, job)| (Place::Queue, job)));
    }
    for set in SetName::ALL {
        let entries = tx.entries(set, None, SetTime::MAX, 100_000)?;
        jobs.extend(
            entries
                .into_iter()
                .map(|entry| (Place::Set(set), entry.job)),
        );
    }
    Ok(jobs)
}
