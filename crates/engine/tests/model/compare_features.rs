//! Compares what is kept besides jobs: locks, batches, tracks, slots.

use workmill_proto::SteadyTime;
use workmill_store::{Lock, LockKey, Track, Tx};

use crate::naive::Naive;
use crate::step::{JIDS, nth_jid};

/// Who has which lock, until when. One whose time is over may be forgotten or not.
pub fn compare_locks<T: Tx>(tx: &mut T, naive: &Naive) -> Result<(), String> {
    let keys: Vec<LockKey> = naive.keys.iter().copied().collect();
    let stored = tx.get::<Lock>(&keys).map_err(|error| error.to_string())?;
    for (key, stored) in keys.iter().zip(stored) {
        let stored = stored.map(|lock| (lock.owner.jid.to_string(), lock.ends_at));
        let expected = naive.locks.get(key);
        let expected = expected.map(|lock| (lock.owner.clone(), lock.ends_at));
        let in_force = |lock: &(String, SteadyTime)| lock.1 > naive.now;
        let (stored, expected) = (stored.filter(in_force), expected.filter(in_force));
        if stored != expected {
            let key = &key[..4];
            return Err(format!("lock {key:?}: {stored:?}, expected {expected:?}"));
        }
    }
    Ok(())
}

pub fn compare_batches<T: Tx>(tx: &mut T, naive: &Naive) -> Result<(), String> {
    let ids: Vec<u64> = naive.batches.iter().map(|batch| batch.bid.id).collect();
    let stored = tx.get(&ids).map_err(|error| error.to_string())?;
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
    let asked: Vec<Box<str>> = jids.iter().map(|jid| jid.as_str().into()).collect();
    let stored = tx.get::<Track>(&asked).map_err(|error| error.to_string())?;
    for (jid, stored) in jids.iter().zip(stored) {
        let lives = |at: &SteadyTime| *at > naive.now;
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
        let since = secs.map_or(SteadyTime::MIN, |secs| naive.now.plus_secs(-secs));
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
