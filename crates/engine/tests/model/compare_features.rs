//! Compares what is kept besides jobs: locks, batches, tracks, slots, groups of failures.

use std::collections::BTreeMap;

use serde_json::Value;
use workmill_proto::{SetName, SteadyTime};
use workmill_store::{FailureGroup, Lock, LockKey, SetTime, Track, Tx};

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

/// What groups of failures count, next to what the payloads of the jobs in the two sets tell.
pub fn compare_failures<T: Tx>(tx: &mut T) -> Result<(), String> {
    let mut expected = BTreeMap::<[String; 3], (u64, u64)>::new();
    for set in [SetName::Retries, SetName::Dead] {
        let entries = tx.entries(set, None, SetTime::MAX, 100_000);
        for entry in entries.map_err(|error| error.to_string())? {
            let record = entry.job.map_err(|corrupt| format!("{corrupt:?}"))?;
            let payload: Value = serde_json::from_slice(&record.body).unwrap();
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let failure = &payload["failure"];
            let name = [
                &payload["jobtype"],
                &failure["errtype"],
                &failure["message"],
            ]
            .map(text);
            let (retries, dead) = expected.entry(name).or_default();
            match set {
                SetName::Dead => *dead += 1,
                _ => *retries += 1,
            }
        }
    }
    let ids = tx.failure_ids().map_err(|error| error.to_string())?;
    let groups = tx.get::<FailureGroup>(&ids);
    let groups = groups.map_err(|error| error.to_string())?.into_iter();
    let counted = groups.flatten().filter(|group| group.jobs() > 0);
    let counted = counted.map(|group| {
        let name = [group.jobtype, group.errtype, group.example].map(String::from);
        (name, (group.retries, group.dead))
    });
    let counted: BTreeMap<_, _> = counted.collect();
    match counted == expected {
        true => Ok(()),
        false => Err(format!(
            "groups of failures are {counted:?}, expected {expected:?}"
        )),
    }
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
