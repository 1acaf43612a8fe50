//! One primitive on a store and on the model.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use workmill_proto::SetName;

use super::super::model::Model;
use super::super::steps::{at, job, reservation};
use super::features::{FeatureStep, feature_step, run_feature_step};
use super::{JIDS, QUEUES, WIDS};
use crate::{
    Counts, FailureId, JobKey, JobRecord, JobRef, Place, Release, Reservation, SetTime, Tx,
};

/// A primitive with small arguments. A `pick` chooses among what there is.
#[derive(Clone, Debug)]
pub(super) enum Step {
    Enqueue(Vec<(usize, usize)>),
    Claim {
        queue: usize,
        limit: usize,
        wid: usize,
        secs: i64,
        finish_every: usize,
    },
    Finish(Vec<Index>),
    /// Takes waiting jobs out of a queue.
    TakeOut(usize, Vec<Index>),
    Extend(Vec<(Index, i64)>),
    Release(Vec<(Index, bool)>),
    Insert(usize, Vec<(i64, usize)>),
    Remove(usize, Vec<Index>),
    Rewrite(usize, Vec<Index>),
    Clear(usize),
    Pause(usize, bool),
    RemoveQueue(usize),
    Count(i64, u64),
    Flush,
    Sweep(usize),
    Feature(FeatureStep),
}

/// Any primitive, the common ones more often.
pub(super) fn step() -> impl Strategy<Value = Step> {
    let pick = any::<Index>;
    prop_oneof![
        6 => vec((0..3_usize, 0..4_usize), 1..5).prop_map(Step::Enqueue),
        8 => (0..3_usize, 0..4_usize, 0..3_usize, 0..9_i64, 0..4_usize).prop_map(
            |(queue, limit, wid, secs, finish_every)| {
                Step::Claim { queue, limit, wid, secs, finish_every }
            }
        ),
        3 => vec(pick(), 1..4).prop_map(Step::Finish),
        2 => (0..3_usize, vec(pick(), 1..4)).prop_map(|(queue, picks)| Step::TakeOut(queue, picks)),
        2 => vec((pick(), 0..9_i64), 1..3).prop_map(Step::Extend),
        6 => vec((pick(), any::<bool>()), 1..4).prop_map(Step::Release),
        3 => (0..4_usize, vec((0..5_i64, 0..4_usize), 1..4)).prop_map(|(set, new)| Step::Insert(set, new)),
        2 => (0..4_usize, vec(pick(), 1..3)).prop_map(|(set, picks)| Step::Remove(set, picks)),
        2 => (0..4_usize, vec(pick(), 1..3)).prop_map(|(set, picks)| Step::Rewrite(set, picks)),
        1 => (0..4_usize).prop_map(Step::Clear),
        2 => (0..3_usize, any::<bool>()).prop_map(|(queue, paused)| Step::Pause(queue, paused)),
        2 => (0..3_usize).prop_map(Step::RemoveQueue),
        1 => (0..3_i64, 0..3_u64).prop_map(|(day, processed)| Step::Count(day, processed)),
        1 => Just(Step::Flush),
        2 => (1..9_usize).prop_map(Step::Sweep),
        14 => feature_step().prop_map(Step::Feature),
    ]
}

/// Runs it on both, and compares what it tells.
pub(super) fn run_step<T: Tx>(tx: &mut T, model: &mut Model, step: &Step) {
    match step {
        Step::Enqueue(new) => enqueue(tx, model, new),
        Step::Claim {
            queue,
            limit,
            wid,
            secs,
            finish_every,
        } => {
            claim(
                tx,
                model,
                QUEUES[*queue],
                *limit,
                (WIDS[*wid], *secs),
                *finish_every,
            );
        }
        Step::Finish(picks) => {
            let keys: Vec<JobKey> = picks.iter().map(|pick| key(model, pick)).collect();
            tx.finish(&keys).unwrap();
            keys.iter().for_each(|&key| model.finish(key));
        }
        Step::TakeOut(queue, picks) => take_out(tx, model, QUEUES[*queue], picks),
        Step::Extend(ends) => {
            let ends: Vec<_> = ends
                .iter()
                .map(|(pick, secs)| (key(model, pick), at(*secs)))
                .collect();
            tx.extend(&ends).unwrap();
            ends.iter().for_each(|&(key, end)| model.extend(key, end));
        }
        Step::Release(picks) => release(tx, model, picks),
        Step::Insert(set, new) => insert(tx, model, SetName::ALL[*set], new),
        Step::Remove(set, picks) => remove(tx, model, SetName::ALL[*set], picks),
        Step::Rewrite(set, picks) => rewrite(tx, model, SetName::ALL[*set], picks),
        Step::Clear(set) => {
            tx.clear_set(SetName::ALL[*set]).unwrap();
            model.sets.remove(&SetName::ALL[*set]);
        }
        Step::Pause(queue, paused) => pause(tx, model, QUEUES[*queue], *paused),
        Step::RemoveQueue(queue) => {
            tx.remove_queues(&[QUEUES[*queue]]).unwrap();
            model.queues.remove(QUEUES[*queue]);
        }
        Step::Count(day, processed) => {
            let counts = Counts {
                processed: *processed,
                failures: 1,
                expired: processed + 2,
            };
            tx.count(*day, counts).unwrap();
            model.count(*day, counts);
        }
        Step::Flush => {
            tx.flush().unwrap();
            model.flush();
        }
        Step::Sweep(limit) => drop(tx.sweep(*limit).unwrap()),
        Step::Feature(step) => run_feature_step(tx, model, step),
    }
}

/// A key that means a job or once did; one that never did if there is none yet.
fn key(model: &Model, pick: &Index) -> JobKey {
    let keys = model.keys();
    if keys.is_empty() {
        JobKey(1)
    } else {
        *pick.get(&keys)
    }
}

fn enqueue<T: Tx>(tx: &mut T, model: &mut Model, new: &[(usize, usize)]) {
    let jobs: Vec<JobRecord> = new
        .iter()
        .map(|&(queue, jid)| job(JIDS[jid], QUEUES[queue]))
        .collect();
    tx.enqueue(&jobs.iter().collect::<Vec<_>>(), at(5)).unwrap();
    for mut record in jobs {
        record.enqueued_at = Some(at(5));
        model.enqueue(record);
    }
}

/// Claims, and finishes every n-th job and reserves the others.
fn claim<T: Tx>(
    tx: &mut T,
    model: &mut Model,
    queue: &str,
    limit: usize,
    (wid, secs): (&str, i64),
    finish_every: usize,
) {
    let claimed = tx.claim(queue, limit).unwrap();
    let keys: Vec<JobKey> = claimed.iter().map(|(key, _)| *key).collect();
    let expected = model.claim(queue, limit, &keys);
    assert_eq!(claimed.len(), expected.len(), "jobs claimed");
    for (n, ((key, found), (place, job))) in claimed.into_iter().zip(expected).enumerate() {
        assert_eq!(found, Ok(job.record.clone()));
        if finish_every > 0 && n % finish_every == 0 {
            tx.finish(&[key]).unwrap();
        } else {
            let reservation = Reservation {
                has_features: secs % 2 == 0,
                connection: u64::from(wid.is_empty()) * (secs.cast_unsigned() % 2),
                ..reservation(key, &job.record.jid, wid, secs)
            };
            tx.reserve(std::slice::from_ref(&reservation)).unwrap();
            model.reserve(place, job, reservation);
        }
    }
}

/// Reads a queue, in slices, and takes some of its jobs out.
fn take_out<T: Tx>(tx: &mut T, model: &mut Model, name: &str, picks: &[Index]) {
    let place = Place::Queue(name.into());
    let until = tx.watermark(&place).unwrap();
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let slice = tx.jobs(&place, after, until, picks.len()).unwrap();
        found.extend(slice.items);
        after = slice.next;
        if after.is_none() {
            break;
        }
    }
    let waiting = model.queues.get_mut(name);
    let waiting = waiting.map(|queue| &mut queue.waiting);
    let places: Vec<i64> = waiting
        .iter()
        .flat_map(|jobs| jobs.keys().copied())
        .collect();
    assert_eq!(found.len(), places.len(), "jobs of {name}");
    let Some(waiting) = waiting.filter(|jobs| !jobs.is_empty()) else {
        return;
    };
    for ((_, stored), job) in found.iter().zip(waiting.values()) {
        assert_eq!(stored.as_ref(), Ok(&job.record), "jobs of {name}");
    }
    let mut keys = Vec::new();
    for index in picks.iter().map(|pick| pick.index(found.len())) {
        let JobRef::Job(key) = found[index].0 else {
            panic!("{:?} is in a set", found[index]);
        };
        keys.push(key);
        waiting.remove(&places[index]);
    }
    tx.finish(&keys).unwrap();
}

fn release<T: Tx>(tx: &mut T, model: &mut Model, picks: &[(Index, bool)]) {
    let release = |(pick, change): &(Index, bool)| {
        let key = key(model, pick);
        let record = model.working(key).filter(|_| *change).map(|record| {
            let mut record = record.clone();
            record.failure_count += 1;
            record
        });
        Release { key, record }
    };
    let releases: Vec<Release> = picks.iter().map(release).collect();
    tx.release(&releases).unwrap();
    model.release(&releases);
}

fn remove<T: Tx>(tx: &mut T, model: &mut Model, set: SetName, picks: &[Index]) {
    let entries = tx.entries(set, None, SetTime::MAX, 1_000).unwrap();
    let expected = model.entries(set);
    assert_eq!(entries.len(), expected.len());
    if entries.is_empty() {
        return;
    }
    let mut chosen: Vec<usize> = picks.iter().map(|pick| pick.index(entries.len())).collect();
    let keys: Vec<_> = chosen.iter().map(|&n| entries[n].key).collect();
    chosen.sort_unstable();
    chosen.dedup();
    assert_eq!(tx.remove_entries(&keys).unwrap(), chosen.len());
    for n in chosen {
        model.sets.entry(set).or_default().remove(&expected[n]);
    }
}

fn rewrite<T: Tx>(tx: &mut T, model: &mut Model, set: SetName, picks: &[Index]) {
    let entries = tx.entries(set, None, SetTime::MAX, 1_000).unwrap();
    let places = model.entries(set);
    for pick in picks.iter().filter(|_| !entries.is_empty()) {
        let n = pick.index(entries.len());
        let mut record = entries[n].job.clone().unwrap();
        record.failure_count += 1;
        record.failure = Some(FailureId(u64::from(record.failure_count)));
        tx.rewrite_entries(&[(entries[n].key, record.clone())])
            .unwrap();
        let set = model.sets.entry(set).or_default();
        set.insert(places[n], record);
    }
}

fn insert<T: Tx>(tx: &mut T, model: &mut Model, set: SetName, new: &[(i64, usize)]) {
    let new = new
        .iter()
        .map(|&(secs, jid)| (at(secs), job(JIDS[jid], QUEUES[0])));
    let new: Vec<(SetTime, JobRecord)> = new.collect();
    tx.insert_entries(set, &new).unwrap();
    for (at, record) in new {
        model.insert(set, at, record);
    }
}

fn pause<T: Tx>(tx: &mut T, model: &mut Model, queue: &str, paused: bool) {
    tx.set_paused(&[queue], paused).unwrap();
    if paused || model.queues.contains_key(queue) {
        model.queue(queue).paused = paused;
    }
}
