//! Jobs that the writer need not ask for.
//!
//! Of a queue all jobs are known whose keys are in a range, its *window*, as the transaction sees them that goes on. What is pushed
//! goes in there, and what is read from the head of a queue, more of it than was asked for: jobs are mostly claimed one after the
//! other, and looked at again when they are done.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::writer::{QueueId, keys_of, queue_of};

/// How many bytes of records are in all windows, beyond what was read last.
const BYTES_MAX: usize = 16 << 20;

/// The windows of all queues that have one.
#[derive(Debug, Default)]
pub(super) struct Windows {
    queues: HashMap<QueueId, Window>,
    bytes: usize,
}

#[derive(Debug)]
struct Window {
    first: i64,
    last: i64,
    rows: BTreeMap<i64, Arc<[u8]>>,
}

/// What is known of a job.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Known<'a> {
    There(&'a [u8]),
    Gone,
    /// Only the database knows.
    Nothing,
}

impl Window {
    fn covers(&self, key: i64) -> bool {
        (self.first..=self.last).contains(&key)
    }

    fn bytes(&self) -> usize {
        self.rows.values().map(|record| record.len()).sum()
    }
}

impl Windows {
    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// What is known of the job under a key.
    pub(super) fn get(&self, key: i64) -> Known<'_> {
        match self.window(key).filter(|window| window.covers(key)) {
            Some(window) => match window.rows.get(&key) {
                Some(record) => Known::There(record),
                None => Known::Gone,
            },
            None => Known::Nothing,
        }
    }

    /// The jobs from a first key on as far as they are known, and the last key up to which they are; none if they are not.
    pub(super) fn from(&self, first: i64) -> Option<(i64, impl Iterator<Item = (i64, &[u8])>)> {
        let window = self.window(first).filter(|window| window.covers(first))?;
        let rows = window.rows.range(first..);
        Some((window.last, rows.map(|(&key, record)| (key, &**record))))
    }

    /// Notes a job that is new.
    pub(super) fn insert(&mut self, key: i64, record: &Arc<[u8]>) {
        let is_full = self.bytes + record.len() > BYTES_MAX;
        let Some(window) = self.window_mut(key) else {
            return;
        };
        if !window.covers(key) {
            return;
        }
        if is_full {
            // What comes from here on is read again when its turn comes.
            let rest = window.rows.split_off(&key);
            window.last = key - 1;
            self.bytes -= rest.values().map(|record| record.len()).sum::<usize>();
            return;
        }
        self.put(key, record);
    }

    /// Notes the new record of a job.
    pub(super) fn update(&mut self, key: i64, record: &Arc<[u8]>) {
        if self.get(key) != Known::Nothing {
            self.put(key, record);
        }
    }

    /// Notes that a job is gone.
    pub(super) fn remove(&mut self, key: i64) {
        let removed = self
            .window_mut(key)
            .and_then(|window| window.rows.remove(&key));
        self.bytes -= removed.map_or(0, |record| record.len());
    }

    /// Takes in all jobs whose keys are in a range, of one queue, which were read.
    pub(super) fn take_in(&mut self, (first, last): (i64, i64), rows: Vec<(i64, Arc<[u8]>)>) {
        let Some(id) = queue_of(first) else {
            return;
        };
        let read: usize = rows.iter().map(|(_, record)| record.len()).sum();
        if self.bytes + read > BYTES_MAX {
            self.clear();
        }
        let window = self.queues.entry(id).or_insert(Window {
            first,
            last: first - 1,
            rows: BTreeMap::new(),
        });
        if window.last + 1 != first {
            self.bytes -= window.bytes();
            window.first = first;
            window.rows.clear();
        }
        window.last = last;
        window.rows.extend(rows);
        self.bytes += read;
    }

    fn put(&mut self, key: i64, record: &Arc<[u8]>) {
        if let Some(window) = self.window_mut(key) {
            let before = window.rows.insert(key, Arc::clone(record));
            self.bytes += record.len();
            self.bytes -= before.map_or(0, |before| before.len());
        }
    }

    fn window(&self, key: i64) -> Option<&Window> {
        self.queues.get(&queue_of(key)?)
    }

    fn window_mut(&mut self, key: i64) -> Option<&mut Window> {
        self.queues.get_mut(&queue_of(key)?)
    }
}

/// Whether a range goes to the end of a queue, so that it is worth while to read ahead in it.
pub(super) fn is_open(last: i64) -> bool {
    queue_of(last).is_some_and(|id| *keys_of(id).end() == last)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(byte: u8) -> Arc<[u8]> {
        Arc::from([byte].as_slice())
    }

    /// The keys known from a first one on, and up to where.
    fn known(windows: &Windows, first: i64) -> Option<(i64, Vec<i64>)> {
        let (last, rows) = windows.from(first)?;
        Some((last, rows.map(|(key, _)| key).collect()))
    }

    #[test]
    fn what_is_outside_of_a_window_is_not_known() {
        let mut windows = Windows::default();
        windows.insert(5, &record(5));
        assert_eq!((windows.get(5), known(&windows, 5)), (Known::Nothing, None));
        windows.take_in((10, 20), vec![(12, record(1))]);
        assert_eq!(windows.get(9), Known::Nothing);
        assert_eq!(windows.get(11), Known::Gone);
        assert_eq!(windows.get(12), Known::There(&[1]));
        assert_eq!(windows.get(21), Known::Nothing);
        assert_eq!(known(&windows, 10), Some((20, vec![12])));
    }

    #[test]
    fn a_window_follows_what_is_changed_and_read() {
        let mut windows = Windows::default();
        windows.take_in((10, 20), vec![(12, record(1))]);
        windows.insert(15, &record(2));
        windows.update(12, &record(3));
        windows.update(30, &record(4));
        assert_eq!(windows.get(12), Known::There(&[3]));
        assert_eq!(windows.get(30), Known::Nothing);
        windows.remove(12);
        assert_eq!(known(&windows, 10), Some((20, vec![15])));
        windows.take_in((21, 25), vec![(22, record(5))]);
        assert_eq!(known(&windows, 10), Some((25, vec![15, 22])));
        // What does not go on where it ends takes its place.
        windows.take_in((40, 45), vec![(41, record(6))]);
        assert_eq!((windows.get(15), windows.bytes), (Known::Nothing, 1));
    }

    #[test]
    fn a_full_window_ends_before_what_has_no_room() {
        let mut windows = Windows::default();
        windows.take_in((0, 1_000), Vec::new());
        let large: Arc<[u8]> = vec![0; BYTES_MAX / 2].into();
        for key in 0..4 {
            windows.insert(key, &large);
        }
        assert_eq!(known(&windows, 0), Some((1, vec![0, 1])));
        assert_eq!(windows.bytes, BYTES_MAX);
    }
}
