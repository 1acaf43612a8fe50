//! Bits that flip in the database file, above all in keys: what is damaged is told, and what is not goes on.

use std::collections::BTreeMap;
use std::fs;
use std::ops::Range;

use super::*;
use crate::reading::Bounds;
use crate::writer::Held;
use crate::{Entry, Place, StoredJob};

/// What a drain of a damaged store gave: sound jobs by id, and how many could not be read.
#[derive(Debug, Default)]
struct Drained {
    runs: BTreeMap<String, u32>,
    unreadable: usize,
}

impl Drained {
    fn add(&mut self, job: StoredJob) {
        match job {
            Ok(record) => *self.runs.entry(record.jid.to_string()).or_default() += 1,
            Err(_) => self.unreadable += 1,
        }
    }
}

fn named(jid: &str, queue: &str) -> JobRecord {
    JobRecord {
        jid: jid.into(),
        ..job(queue, 100)
    }
}

/// Runs until it is not told any more that the database was out of order; none if the store refuses.
fn insist<R>(
    store: &mut SqliteStore,
    mut run: impl FnMut(&mut SqliteTx<'_>) -> Result<R, StoreError>,
) -> Option<R> {
    for _ in 0..5 {
        let mut tx = store.begin().ok()?;
        match run(&mut tx).and_then(|done| tx.commit().map(|()| done)) {
            Ok(done) => return Some(done),
            Err(StoreError::Disorder(_)) => {}
            Err(_) => return None,
        }
    }
    panic!("the store is put right over and over again");
}

/// Takes everything out, as a server does, over a restart; none if the store says that it cannot.
fn drain(dir: &TempDir, queues: &[&str]) -> Option<Drained> {
    let mut drained = Drained::default();
    for _ in 0..2 {
        let durability = Durability::Interval(Duration::from_secs(3_600));
        let mut store = SqliteStore::open(dir.path(), durability).ok()?;
        // In steps, as time passes; at the end once more, as a queue can lead to jobs of the sets.
        for until in [10, 30, i64::MAX / MICROS, i64::MAX / MICROS] {
            for set in SetName::ALL {
                drain_set(&mut store, (set, until), &mut drained)?;
            }
            for queue in queues {
                drain_queue(&mut store, queue, &mut drained)?;
            }
        }
        store.close().ok()?;
    }
    Some(drained)
}

fn drain_set(
    store: &mut SqliteStore,
    (set, until): (SetName, i64),
    drained: &mut Drained,
) -> Option<()> {
    let until = SetTime::from_micros(until * MICROS);
    loop {
        let taken = insist(store, |tx| tx.take_entries(set, until, 7))?;
        if taken.is_empty() {
            return Some(());
        }
        for Entry { job, .. } in taken {
            drained.add(job);
        }
    }
}

fn drain_queue(store: &mut SqliteStore, queue: &str, drained: &mut Drained) -> Option<()> {
    loop {
        let claimed = insist(store, |tx| {
            let claimed = tx.claim(queue, 3)?;
            let reservations: Vec<_> = claimed.iter().map(|&(key, _)| reservation(key)).collect();
            tx.reserve(&reservations)?;
            Ok(claimed)
        })?;
        if claimed.is_empty() {
            return Some(());
        }
        let keys: Vec<_> = claimed.iter().map(|&(key, _)| key).collect();
        insist(store, |tx| tx.finish(&keys))?;
        for (_, job) in claimed {
            drained.add(job);
        }
    }
}

const QUEUES: [&str; 3] = ["a", "b", "c"];
const OF_EACH: usize = 60;
/// How many are tried.
const FLIPS: u32 = 40;
/// How pages begin that lead to others, and have rows of a table without row ids.
const INNER_PAGE: u8 = 2;
/// A second.
const MICROS: i64 = 1_000_000;

/// A closed store with as many jobs in three queues and in each of the sets.
fn filled() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(&dir);
    for number in 0..OF_EACH {
        let mut tx = store.begin().unwrap();
        for queue in QUEUES {
            let record = named(&format!("{queue}{number}"), queue);
            tx.enqueue(&[&record], Timestamp::from_micros(0)).unwrap();
        }
        for set in SetName::ALL {
            let at = SetTime::from_micros(MICROS * number as i64);
            let record = named(&format!("{set:?}{number}"), "a");
            tx.insert_entries(set, &[(at, record)]).unwrap();
        }
        tx.commit().unwrap();
    }
    store.close().unwrap();
    dir
}

fn connect(dir: &TempDir) -> rusqlite::Connection {
    rusqlite::Connection::open(dir.path().join(DATABASE_FILE)).unwrap()
}

/// Where the cells of entries have their keys in the file.
fn entry_keys(dir: &TempDir) -> Vec<Range<usize>> {
    let file = fs::read(dir.path().join(DATABASE_FILE)).unwrap();
    let conn = connect(dir);
    let mut found = Vec::new();
    let mut keys = conn.prepare("SELECT at, serial FROM entries").unwrap();
    let rows = keys
        .query_map((), |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)))
        .unwrap();
    for row in rows {
        let (at, serial) = row.unwrap();
        let mut stored = Vec::new();
        // As SQLite keeps small numbers: in as few bytes as they need.
        for number in [at, serial] {
            let bytes = number.to_be_bytes();
            let width = [1, 2, 3, 4, 6, 8]
                .into_iter()
                .find(|&width| number < 1_i64 << (8 * width - 1).min(62));
            stored.extend_from_slice(&bytes[8 - width.unwrap()..]);
        }
        if at > MICROS {
            found.extend(places_of(&stored, &file));
        }
    }
    found
}

/// Where the cells of jobs have their keys in the file.
fn job_keys(dir: &TempDir) -> Vec<Range<usize>> {
    let file = fs::read(dir.path().join(DATABASE_FILE)).unwrap();
    let conn = connect(dir);
    let mut found = Vec::new();
    let mut keys = conn.prepare("SELECT key FROM jobs").unwrap();
    for key in keys.query_map((), |row| row.get::<_, i64>(0)).unwrap() {
        let stored = varint(key.unwrap().cast_unsigned());
        found.extend(places_of(&stored, &file));
    }
    found
}

fn places_of(stored: &[u8], file: &[u8]) -> Vec<Range<usize>> {
    let places = file.windows(stored.len()).enumerate();
    let here = places.filter(|(_, window)| *window == stored);
    here.map(|(at, _)| at..at + stored.len()).collect()
}

/// The bytes of all these keys.
fn key_bytes(dir: &TempDir) -> Vec<usize> {
    let keys = entry_keys(dir).into_iter().chain(job_keys(dir));
    let mut bytes: Vec<usize> = keys.flatten().collect();
    bytes.sort_unstable();
    bytes.dedup();
    bytes
}

/// A number as SQLite keeps it as a key of a row.
fn varint(mut number: u64) -> Vec<u8> {
    let mut bytes = vec![(number & 0x7f) as u8];
    number >>= 7;
    while number > 0 {
        bytes.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    bytes.reverse();
    bytes
}

/// Flips a bit of the file in a copy of the store, and drains it.
fn drain_flipped(dir: &TempDir, at: usize, bit: usize) -> Option<Drained> {
    let copy = tempfile::tempdir().unwrap();
    let mut file = fs::read(dir.path().join(DATABASE_FILE)).unwrap();
    file[at] ^= 1 << bit;
    fs::write(copy.path().join(DATABASE_FILE), file).unwrap();
    drain(&copy, &QUEUES)
}

fn assert_sound(drained: &Drained, lost_max: usize, place: &str) {
    for (jid, runs) in &drained.runs {
        assert_eq!(*runs, 1, "{place}: {jid} ran {runs} times");
    }
    let expected = OF_EACH * (QUEUES.len() + SetName::ALL.len());
    let found = drained.runs.len();
    assert!(
        found + lost_max >= expected && found + drained.unreadable >= expected,
        "{place}: {found} jobs, {} unreadable, of {expected}",
        drained.unreadable
    );
}

#[test]
fn one_flipped_bit_of_a_key_hides_no_other_job_and_runs_none_twice() {
    let dir = filled();
    let places = key_bytes(&dir);
    assert!(places.len() > 1_000, "{}", places.len());
    let seed = seed();
    let mut state = seed;
    let mut not_refused = 0;
    for _ in 0..FLIPS {
        let at = places[next(&mut state) % places.len()];
        let bit = next(&mut state) % 7;
        let place = format!("seed {seed}, byte {at}, bit {bit}");
        // A store that refuses has said so.
        if let Some(drained) = drain_flipped(&dir, at, bit) {
            assert_sound(&drained, 1, &place);
            not_refused += 1;
        }
    }
    assert!(not_refused > FLIPS / 2, "seed {seed}: {not_refused}");
}

/// A key on an inner page leads all that is sought beside it, also the removal of what was just read.
#[test]
fn a_damaged_key_that_misleads_a_removal_lets_no_job_run_twice() {
    let dir = filled();
    let file = fs::read(dir.path().join(DATABASE_FILE)).unwrap();
    let page_bytes = usize::from(u16::from_be_bytes([file[16], file[17]]));
    let is_inner = |key: &Range<usize>| file[key.start / page_bytes * page_bytes] == INNER_PAGE;
    let inner: Vec<_> = entry_keys(&dir).into_iter().filter(is_inner).collect();
    assert!(inner.len() > 3, "{inner:?}");
    for mut key in inner {
        // Without its highest bit, a time comes far too early.
        let at = key.find(|&at| file[at] != 0).unwrap();
        let bit = file[at].ilog2() as usize;
        if let Some(drained) = drain_flipped(&dir, at, bit) {
            assert_sound(&drained, 1, &format!("byte {at}, bit {bit}"));
        }
    }
}

/// Another one each time, unless it is given.
fn seed() -> u64 {
    use std::hash::{BuildHasher as _, RandomState};
    let given = std::env::var("FLIP_SEED").ok();
    given.map_or_else(
        || RandomState::new().hash_one("flips") >> 1,
        |seed| seed.parse().unwrap(),
    )
}

/// A step of a xorshift generator.
fn next(state: &mut u64) -> usize {
    *state |= 1 << 63;
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    usize::try_from(*state >> 34).unwrap()
}

/// Changes something past the store.
fn tamper(dir: &TempDir, text: &str) {
    assert_eq!(connect(dir).execute(text, ()).unwrap(), 1, "{text}");
}

fn claim(store: &mut SqliteStore, limit: usize) -> Result<usize, StoreError> {
    let mut tx = store.begin()?;
    let claimed = tx.claim("a", limit)?;
    let keys: Vec<_> = claimed.iter().map(|&(key, _)| key).collect();
    tx.finish(&keys)?;
    tx.commit()?;
    Ok(keys.len())
}

#[test]
fn a_queue_that_counts_more_jobs_than_it_has_is_told_once_and_corrected() {
    for text in [
        "UPDATE live SET d = d + 8 WHERE a = 'a'",
        "DELETE FROM jobs WHERE key = (SELECT min(key) + 7 FROM jobs)",
    ] {
        let dir = filled();
        tamper(&dir, text);
        let mut store = open(&dir);
        let told = claim(&mut store, 100).unwrap_err();
        assert!(matches!(told, StoreError::Disorder(_)), "{told}");
        let size = totals(&mut store).queues["a"].size;
        assert_eq!(claim(&mut store, 100).unwrap() as u64, size, "{text}");
        assert_eq!(claim(&mut store, 100).unwrap(), 0);
        assert_eq!(totals(&mut store).queues["a"].size, 0);
    }
}

/// Of the rows that say which jobs are reserved one is lost, and its job waits behind the head.
#[test]
fn a_job_that_waits_before_the_head_is_found_once_the_database_is_looked_through() {
    let dir = filled();
    let mut store = open(&dir);
    let mut tx = store.begin().unwrap();
    let claimed = tx.claim("a", 3).unwrap();
    let held: Vec<_> = claimed.iter().map(|&(key, _)| reservation(key)).collect();
    tx.reserve(&held).unwrap();
    tx.commit().unwrap();
    store.close().unwrap();
    tamper(
        &dir,
        "DELETE FROM live WHERE key = (SELECT min(key) + 1 FROM jobs)",
    );
    let first_jid = |store: &SqliteStore| {
        let (place, one) = (Place::Queue("a".into()), Bounds::of_rows(1));
        let mut found = store.reader().jobs(&place, None, one).unwrap();
        found.items.remove(0).job.unwrap().jid
    };
    let mut store = open(&dir);
    assert_eq!(&*first_jid(&store), "a3");
    let told = claim(&mut store, 100).unwrap_err();
    assert!(matches!(told, StoreError::Disorder(_)), "{told}");
    totals(&mut store);
    assert_eq!(&*first_jid(&store), "a1");
    assert_eq!(claim(&mut store, 100).unwrap(), OF_EACH - 2);
}

#[test]
fn a_set_that_counts_more_jobs_than_it_has_is_corrected() {
    let dir = filled();
    tamper(
        &dir,
        "UPDATE sets SET size = size + 4 WHERE name = 'retries'",
    );
    let mut store = open(&dir);
    let read = |store: &mut SqliteStore| {
        let mut tx = store.begin().unwrap();
        tx.entries(SetName::Retries, None, SetTime::MAX, 1_000)
            .map(|entries| entries.len())
    };
    assert!(matches!(read(&mut store), Err(StoreError::Disorder(_))));
    assert_eq!(read(&mut store).unwrap(), OF_EACH);
    assert_eq!(totals(&mut store).retries, OF_EACH as u64);
}

#[test]
fn a_set_that_counts_fewer_jobs_than_it_has_is_corrected() {
    let dir = filled();
    tamper(&dir, "UPDATE sets SET size = 1 WHERE name = 'retries'");
    let mut store = open(&dir);
    let empty = |store: &mut SqliteStore| {
        let mut tx = store.begin()?;
        let entries = tx.entries(SetName::Retries, None, SetTime::MAX, 1_000)?;
        let keys: Vec<_> = entries.iter().map(|entry| entry.key).collect();
        let removed = tx.remove_entries(&keys)?;
        tx.commit().map(|()| removed)
    };
    let told = empty(&mut store).unwrap_err();
    assert!(matches!(told, StoreError::Disorder(_)), "{told}");
    assert_eq!(totals(&mut store).retries, OF_EACH as u64);
    assert_eq!(empty(&mut store).unwrap(), OF_EACH);
    assert_eq!(totals(&mut store).retries, 0);
}

/// What cannot be put right must not stop everything else again and again.
#[test]
fn looking_for_nothing_has_an_end() {
    let dir = filled();
    let mut store = open(&dir);
    let key = JobKey(key_at(1, 1));
    let mut told = 0;
    for _ in 0..9 {
        // As if a reservation had lost its job.
        store.writer.cache.reserve(
            key.0,
            Held {
                jid: "a".into(),
                wid: "w".into(),
                reserved_at: SteadyTime::from_micros(0),
                expires_at: SteadyTime::from_micros(0),
                has_features: false,
                connection: 0,
                series: 0,
            },
        );
        let mut tx = store.begin().unwrap();
        match tx.working_jobs(&[key]) {
            Ok(jobs) => assert!(jobs.is_empty()),
            Err(error) => {
                assert!(matches!(error, StoreError::Disorder(_)), "{error}");
                told += 1;
            }
        }
    }
    assert_eq!(told, 3);
}
