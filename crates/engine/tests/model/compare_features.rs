//! Compares what is kept besides jobs: locks, batches, tracks, slots.

use workmill_proto::Timestamp;
use workmill_store::{Lock, LockKey, Tx};

use crate::naive::Naive;
use crate::step::{JIDS, nth_jid};

/// Asks for locks as jobs would: a lock is held by its owner, until just before its end, or is free.
pub fn compare_locks<T: Tx>(tx: &mut T, naive: &Naive) -> Result<(), String> {
    for (key, lock) in &naive.locks {
        if lock.ends_at <= naive.now {
            expect_free(tx, *key, naive.now)?;
            continue;
        }
        let just_before = Timestamp::from_micros(lock.ends_at.as_micros() - 1);
        if take(tx, *key, just_before)? {
            return Err(format!("the lock of {lock:?} is free before its end"));
        }
        // In one of two ways, as either undoes what the other would show.
        if naive.processed.is_multiple_of(2) {
            expect_free(tx, *key, lock.ends_at)?;
        } else {
            let release = tx.release_locks(&[(*key, lock.owner.as_str())]);
            release.map_err(|error| error.to_string())?;
            expect_free(tx, *key, just_before)?;
        }
    }
    for key in &naive.keys {
        if !naive.locks.contains_key(key) {
            expect_free(tx, *key, naive.now)?;
        }
    }
    Ok(())
}

fn expect_free<T: Tx>(tx: &mut T, key: LockKey, now: Timestamp) -> Result<(), String> {
    match take(tx, key, now)? {
        true => Ok(()),
        false => Err(format!(
            "the lock {:?} is held, expected it to be free",
            &key[..4]
        )),
    }
}

fn take<T: Tx>(tx: &mut T, key: LockKey, now: Timestamp) -> Result<bool, String> {
    let lock = Lock {
        key,
        owner: "nobody".into(),
        ends_at: Timestamp::MAX,
    };
    let taken = tx.acquire_locks(&[lock], now).map_err(|e| e.to_string())?;
    Ok(taken[0])
}

pub fn compare_batches<T: Tx>(tx: &mut T, naive: &Naive) -> Result<(), String> {
    let ids: Vec<u64> = naive.batches.iter().map(|batch| batch.bid.id).collect();
    let stored = tx.batches(&ids).map_err(|error| error.to_string())?;
    for (index, (batch, stored)) in naive.batches.iter().zip(stored).enumerate() {
        let expected = (!batch.gone).then(|| naive.batch_state(index));
        if stored != expected {
            let bid = batch.bid;
            return Err(format!("batch {bid}: {stored:?}, expected {expected:?}"));
        }
    }
    Ok(())
}

pub fn compare_tracks<T: Tx>(tx: &mut T, naive: &Naive) -> Result<(), String> {
    let jids: Vec<String> = (0..JIDS).map(nth_jid).collect();
    let asked: Vec<&str> = jids.iter().map(String::as_str).collect();
    let stored = tx.tracks(&asked).map_err(|error| error.to_string())?;
    for (jid, stored) in jids.iter().zip(stored) {
        let lives = |at: &Timestamp| *at > naive.now;
        let stored = stored.filter(|track| track.forget_at.as_ref().is_none_or(lives));
        let expected = naive.known_track(jid);
        if stored != expected {
            return Err(format!("track of {jid}: {stored:?}, expected {expected:?}"));
        }
    }
    Ok(())
}

/// The slots a queue has taken, of which there are never more than a limit that has not changed.
pub fn compare_slots<T: Tx>(tx: &mut T, naive: &Naive) -> Result<(), String> {
    for (queue, limits) in &naive.limits {
        let secs = limits.timeout_secs;
        let since = secs.map_or(Timestamp::MIN, |secs| naive.now.plus_secs(-secs));
        let slots = tx.slots(queue, since, "w1", 0).map_err(|e| e.to_string())?;
        let held = naive.slots(queue, *limits);
        let own = held.iter().filter(|work| work.wid == "w1").count() as u64;
        let oldest = held.iter().map(|work| work.reserved_at).min();
        let expected = (held.len() as u64, own, oldest);
        let stored = (slots.taken, slots.taken_by_holder, slots.oldest);
        if stored != expected {
            return Err(format!(
                "slots of {queue}: {stored:?}, expected {expected:?}"
            ));
        }
    }
    Ok(())
}
