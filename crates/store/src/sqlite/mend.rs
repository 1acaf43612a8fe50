//! Puts tables in order again when something was odd.
//!
//! Rows are read as they lie, without the help of their order, and written again in their order. Those that cannot be read are
//! set aside as due retries: whoever promotes these finds bytes that are no record, and buries them.

use std::collections::BTreeMap;
use std::fmt;

use rusqlite::types::Value;
use rusqlite::{Connection, Transaction, TransactionBehavior, params, params_from_iter};
use workmill_proto::SetName;

use super::live_key::{TALLIES_KEY, queue_key};
use super::rows::raw;
use crate::JobRecord;
use crate::record::{Place, bytes_set_aside, set_aside};
use crate::writer::{
    Cache, Mirror, QUEUE_ID_MAX, QueueId, QueueState, Tallies, place_of, position_of, queue_of,
};

/// The tables as `schema.rs` makes them, under other names.
const MAKE: &str = "
CREATE TABLE jobs_in_order (key INTEGER PRIMARY KEY, record BLOB NOT NULL);
CREATE TABLE entries_in_order (
    set_id INTEGER NOT NULL, at INTEGER NOT NULL, serial INTEGER NOT NULL, record BLOB NOT NULL,
    PRIMARY KEY (set_id, at, serial)) WITHOUT ROWID;
";
const REPLACE: &str = "
DROP TABLE jobs;
ALTER TABLE jobs_in_order RENAME TO jobs;
DROP TABLE entries;
ALTER TABLE entries_in_order RENAME TO entries;
";
const COLUMNS_OF_LIVE: usize = 9;

/// What was found and put right.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Mended {
    /// Rows whose key was smaller than that of the one before.
    pub(super) out_of_order: u64,
    /// Jobs that were set aside.
    pub(super) set_aside: u64,
    /// Queues and sets that had another size than was written down, or lower positions.
    pub(super) recounted: u64,
}

impl Mended {
    pub(super) fn is_any(self) -> bool {
        self != Self::default()
    }
}

impl fmt::Display for Mended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            out_of_order,
            set_aside,
            recounted,
        } = self;
        write!(
            f,
            "{out_of_order} rows were out of order, {set_aside} jobs that cannot be read go to the dead set, {recounted} sizes \
             were corrected"
        )
    }
}

/// Puts the tables in order, in a transaction of its own. What is in memory has to be read again afterwards.
pub(super) fn mend(
    conn: &mut Connection,
    cache: &Cache,
    tallies: &Tallies,
) -> rusqlite::Result<Mended> {
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    tx.execute_batch(MAKE)?;
    let mut mending = Mending {
        tx: &tx,
        mirror: cache.mirror(),
        retries: tallies.retries.id,
        last_serial: tallies.last_serial,
        queues: BTreeMap::new(),
        sets: BTreeMap::new(),
        encoded: Vec::new(),
        mended: Mended::default(),
    };
    mending.write_live_anew()?;
    mending.order_entries()?;
    mending.order_jobs()?;
    mending.correct_queues(cache)?;
    mending.correct_sets(tallies)?;
    let mended = mending.mended;
    tx.execute_batch(REPLACE)?;
    tx.commit()?;
    Ok(mended)
}

/// The jobs of a queue that wait, and the lowest and the highest position of all that it has.
#[derive(Clone, Copy, Debug)]
struct Counted {
    waiting: u64,
    lowest: i64,
    highest: i64,
}

struct Mending<'a> {
    tx: &'a Transaction<'a>,
    mirror: &'a Mirror,
    /// The set that jobs set aside go to.
    retries: i64,
    last_serial: i64,
    queues: BTreeMap<QueueId, Counted>,
    sets: BTreeMap<i64, u64>,
    encoded: Vec<u8>,
    mended: Mended,
}

impl Mending<'_> {
    fn order_jobs(&mut self) -> rusqlite::Result<()> {
        let mut read = self.tx.prepare("SELECT key, record FROM jobs")?;
        let mut keep = self
            .tx
            .prepare("INSERT OR IGNORE INTO jobs_in_order VALUES (?1, ?2)")?;
        let mut rows = read.query(())?;
        let mut last = None;
        while let Some(row) = rows.next()? {
            let key: i64 = row.get(0)?;
            let bytes = raw(row, 1)?.bytes().to_vec();
            self.note_order(last.replace(key), key);
            let is_sound = JobRecord::decode_head(Place::Job { key }, &bytes).is_ok();
            if is_sound && keep.execute((key, &bytes))? == 1 {
                self.count_job(key);
            } else {
                self.set_aside(&bytes)?;
            }
        }
        Ok(())
    }

    fn count_job(&mut self, key: i64) {
        let Some(id) = queue_of(key) else {
            return;
        };
        let position = position_of(key);
        let counted = self.queues.entry(id).or_insert(Counted {
            waiting: 0,
            lowest: position,
            highest: position,
        });
        counted.waiting += u64::from(!self.mirror.contains(key));
        counted.lowest = counted.lowest.min(position);
        counted.highest = counted.highest.max(position);
    }

    fn order_entries(&mut self) -> rusqlite::Result<()> {
        let mut read = self
            .tx
            .prepare("SELECT set_id, at, serial, record FROM entries")?;
        let mut rows = read.query(())?;
        let mut last = None;
        while let Some(row) = rows.next()? {
            let key: (i64, i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
            let bytes = raw(row, 3)?.bytes().to_vec();
            self.note_order(last.replace(key), key);
            let place = place_of(key);
            let is_sound = JobRecord::decode_head(place, &bytes).is_ok()
                || bytes_set_aside(place, &bytes).is_some();
            self.last_serial = match is_sound {
                true => self.last_serial.max(key.2),
                false => self.last_serial,
            };
            if !is_sound || !self.keep_entry(key, &bytes)? {
                self.set_aside(&bytes)?;
            }
        }
        Ok(())
    }

    /// False if there is one under this key already.
    fn keep_entry(&mut self, key: (i64, i64, i64), bytes: &[u8]) -> rusqlite::Result<bool> {
        let (set_id, at, serial) = key;
        let kept = self
            .tx
            .prepare_cached("INSERT OR IGNORE INTO entries_in_order VALUES (?1, ?2, ?3, ?4)")?
            .execute(params![set_id, at, serial, bytes])?;
        *self.sets.entry(set_id).or_default() += kept as u64;
        Ok(kept == 1)
    }

    fn set_aside(&mut self, bytes: &[u8]) -> rusqlite::Result<()> {
        self.mended.set_aside += 1;
        self.last_serial += 1;
        let key = (self.retries, 0, self.last_serial);
        let mut encoded = std::mem::take(&mut self.encoded);
        encoded.clear();
        set_aside(place_of(key), bytes, &mut encoded);
        self.keep_entry(key, &encoded)?;
        self.encoded = encoded;
        Ok(())
    }

    fn note_order<K: Ord>(&mut self, last: Option<K>, key: K) {
        self.mended.out_of_order += u64::from(last.is_some_and(|last| last >= key));
    }

    /// Takes all rows out, and puts them in again.
    fn write_live_anew(&mut self) -> rusqlite::Result<()> {
        let mut rows: Vec<Vec<Value>> = Vec::new();
        {
            let mut read = self
                .tx
                .prepare("SELECT key, a, b, c, d, e, f, g, h FROM live")?;
            let mut found = read.query(())?;
            let mut last = None;
            while let Some(row) = found.next()? {
                let key: i64 = row.get(0)?;
                self.note_order(last.replace(key), key);
                let columns = (0..COLUMNS_OF_LIVE).map(|column| row.get(column));
                rows.push(columns.collect::<Result<_, _>>()?);
            }
        }
        self.tx.execute("DELETE FROM live", ())?;
        let mut insert = self.tx.prepare(
            "INSERT OR IGNORE INTO live (key, a, b, c, d, e, f, g, h) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )?;
        for row in rows {
            insert.execute(params_from_iter(row))?;
        }
        Ok(())
    }

    /// Corrects what rows of queues say; those of queues of which jobs were left when they were thought to be swept are
    /// swept again.
    fn correct_queues(&mut self, cache: &Cache) -> rusqlite::Result<()> {
        let mut write = self
            .tx
            .prepare("UPDATE live SET d = ?2, e = ?3, f = ?4 WHERE key = ?1")?;
        // The writer finds the heads again, as jobs may wait that were taken for reserved.
        let keys = (queue_key(0), queue_key(QUEUE_ID_MAX));
        self.tx
            .execute("UPDATE live SET g = NULL WHERE key BETWEEN ?1 AND ?2", keys)?;
        for (id, queue) in cache.queues().live() {
            let row = &queue.now.row;
            let counted = self.queues.get(&id).copied().unwrap_or(Counted {
                waiting: 0,
                lowest: row.position_front,
                highest: row.position_next - 1,
            });
            let next = row.position_next.max(counted.highest + 1);
            let front = row.position_front.min(counted.lowest);
            let are_right =
                (row.size, row.position_next, row.position_front) == (counted.waiting, next, front);
            if !are_right {
                write.execute((queue_key(id), counted.waiting, next, front))?;
                self.mended.recounted += 1;
            }
        }
        let mut sweep_again = self.tx.prepare("UPDATE live SET b = ?2 WHERE key = ?1")?;
        for &id in self.queues.keys() {
            let state = cache.queues().get(id).map(|queue| queue.now.row.state);
            if state == Some(QueueState::Free) {
                sweep_again.execute((queue_key(id), QueueState::Removed as i64))?;
            }
        }
        Ok(())
    }

    fn correct_sets(&mut self, tallies: &Tallies) -> rusqlite::Result<()> {
        for set in SetName::ALL {
            let tally = tallies.set(set);
            let size = self.sets.get(&tally.id).copied().unwrap_or(0);
            if size != tally.size {
                self.tx
                    .execute("UPDATE sets SET size = ?2 WHERE id = ?1", (tally.id, size))?;
                self.mended.recounted += 1;
            }
        }
        self.tx.execute(
            "UPDATE live SET d = ?2 WHERE key = ?1",
            (TALLIES_KEY, self.last_serial),
        )?;
        Ok(())
    }
}
