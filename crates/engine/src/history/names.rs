//! Which queue and which type of jobs a series is of. Few of them, and found fast: every job is looked up twice.

use std::hash::{BuildHasher as _, Hash as _, Hasher as _};

use foldhash::fast::FixedState;
use hashbrown::HashTable;
use workmill_store::OTHERS;

use crate::limits::{HISTORY_NAME_BYTES_MAX, HISTORY_SERIES_MAX};

/// Jobs of one queue and of one type, that are counted together. Kept with a reservation as a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Series {
    index: u32,
    /// How often the place of the series was given to another one.
    reign: u32,
}

impl Series {
    /// All that have no series of their own.
    pub(crate) const OTHERS: Self = Self { index: 0, reign: 0 };

    pub(super) fn index(self) -> usize {
        self.index as usize
    }

    /// The series as a number, which is not 0.
    pub(crate) fn number(self) -> u64 {
        (u64::from(self.index) << 32) + u64::from(self.reign) + 1
    }

    fn of_number(number: u64) -> Option<Self> {
        let [a, b, c, d, index @ ..] = number.checked_sub(1)?.to_le_bytes();
        Some(Self {
            index: u32::from_le_bytes(index),
            reign: u32::from_le_bytes([a, b, c, d]),
        })
    }
}

/// Who has a place.
#[derive(Debug, Default)]
struct Named {
    queue: Box<str>,
    jobtype: Box<str>,
    reign: u32,
    /// When it was last looked up, by [`Names::turn`].
    used: u64,
}

/// The series there are.
#[derive(Debug)]
pub(super) struct Names {
    /// The first one is [`Series::OTHERS`].
    named: Vec<Named>,
    by_name: HashTable<u32>,
    /// Places that nobody has.
    free: Vec<u32>,
    hasher: Option<FixedState>,
    /// Counts the times that what was counted was written.
    turn: u64,
}

impl Default for Names {
    fn default() -> Self {
        Self {
            named: vec![Named::default()],
            by_name: HashTable::new(),
            free: Vec::new(),
            hasher: None,
            turn: 0,
        }
    }
}

impl Names {
    /// Hashes from now on so that nobody can choose names that collide.
    pub(super) fn seed(&mut self, seed: u64) {
        self.hasher
            .get_or_insert_with(|| FixedState::with_seed(seed));
    }

    /// The series of a queue and a type. Beyond [`HISTORY_SERIES_MAX`] of them a new one is [`Series::OTHERS`].
    pub(super) fn series(&mut self, queue: &str, jobtype: &str) -> Series {
        let hash = self.hash(queue, jobtype);
        let named = &mut self.named;
        let found = self.by_name.find(hash, |&index| {
            let named = named.get(index as usize);
            named.is_some_and(|named| &*named.jobtype == jobtype && &*named.queue == queue)
        });
        match found {
            Some(&index) => {
                let mut reign = 0;
                if let Some(named) = named.get_mut(index as usize) {
                    named.used = self.turn;
                    reign = named.reign;
                }
                Series { index, reign }
            }
            None => self.make(hash, queue, jobtype),
        }
    }

    /// The series of a number, if it is still there.
    pub(super) fn known(&mut self, number: u64) -> Option<Series> {
        let series = Series::of_number(number)?;
        let named = self.named.get_mut(series.index())?;
        if named.reign != series.reign {
            return None;
        }
        named.used = self.turn;
        Some(series)
    }

    /// The queue and the type of a place.
    pub(super) fn of(&self, index: usize) -> (&str, &str) {
        let named = self.named.get(index);
        named.map_or((OTHERS, OTHERS), |named| (&named.queue, &named.jobtype))
    }

    /// Lets go of those that were not looked up since the turn before this one, if there are many.
    pub(super) fn forget_unused(&mut self) {
        let (turn, hasher) = (self.turn, self.hasher.clone());
        self.turn += 1;
        if self.by_name.len() <= HISTORY_SERIES_MAX / 2 {
            return;
        }
        let Some(hasher) = hasher else { return };
        for (named, index) in self.named.iter_mut().zip(0..).skip(1) {
            // Also one that only a group looked up that was rolled back.
            if named.used >= turn || named.queue.is_empty() {
                continue;
            }
            let hash = hash(&hasher, &named.queue, &named.jobtype);
            if let Ok(entry) = self.by_name.find_entry(hash, |&other| other == index) {
                entry.remove();
            }
            *named = Named {
                reign: named.reign.wrapping_add(1),
                ..Named::default()
            };
            self.free.push(index);
        }
    }

    fn make(&mut self, hash_of_names: u64, queue: &str, jobtype: &str) -> Series {
        let named = |reign| Named {
            queue: shown(queue).into(),
            jobtype: shown(jobtype).into(),
            reign,
            used: self.turn,
        };
        // A name that is too long would be found under another one than it has.
        if [queue, jobtype].map(shown) != [queue, jobtype] {
            return match shown(queue).is_empty() {
                true => Series::OTHERS,
                false => self.series(queue, OTHERS),
            };
        }
        let series = match self.free.pop() {
            Some(index) => {
                let place = self.named.get_mut(index as usize);
                let reign = place.as_ref().map_or(0, |place| place.reign);
                if let Some(place) = place {
                    *place = named(reign);
                }
                Series { index, reign }
            }
            None if self.named.len() > HISTORY_SERIES_MAX => return Series::OTHERS,
            None => {
                let index = u32::try_from(self.named.len()).unwrap_or_default();
                let new = named(0);
                self.named.push(new);
                Series { index, reign: 0 }
            }
        };
        let (names, hasher) = (&self.named, &self.hasher);
        self.by_name
            .insert_unique(hash_of_names, series.index, |&index| {
                let of = names.get(index as usize).zip(hasher.as_ref());
                of.map_or(0, |(named, hasher)| {
                    hash(hasher, &named.queue, &named.jobtype)
                })
            });
        series
    }

    fn hash(&self, queue: &str, jobtype: &str) -> u64 {
        let hasher = self.hasher.as_ref();
        hasher.map_or(0, |hasher| hash(hasher, queue, jobtype))
    }
}

fn hash(hasher: &FixedState, queue: &str, jobtype: &str) -> u64 {
    let mut hasher = hasher.build_hasher();
    queue.hash(&mut hasher);
    jobtype.hash(&mut hasher);
    hasher.finish()
}

/// A name as it is counted: one that is too long is not told.
fn shown(name: &str) -> &str {
    match name.len() <= HISTORY_NAME_BYTES_MAX {
        true => name,
        false => OTHERS,
    }
}
