//! The sums that are not written yet: of the minute at hand by series, of the minutes before by name.

use std::collections::BTreeMap;

use workmill_store::{HistoryKey, HistorySlot, Resolution};

use super::counted::Counted;
use super::names::{Names, Series};
use super::sums::Sums;
use crate::limits::HISTORY_UNWRITTEN_MINUTES;

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    /// The minute at hand.
    minute: i64,
    /// Its sums, by the place of their series; none where nothing was counted in this minute.
    sums: Vec<Option<Box<Sums>>>,
    /// The places at which there are some.
    touched: Vec<usize>,
    /// Other minutes. As long as nothing can be written, the last of few of them takes in all that come.
    others: BTreeMap<i64, HistorySlot>,
}

impl Ledger {
    /// Goes on with another minute.
    pub(super) fn turn_to(&mut self, minute: i64, names: &Names) {
        if minute == self.minute {
            return;
        }
        self.close(names);
        self.minute = minute;
    }

    /// Adds to the minute at hand.
    #[inline] // Part of nearly every step of a job, and small where the series is known.
    pub(super) fn add(&mut self, series: Series, counted: Counted) {
        let index = series.index();
        if self.sums.len() <= index {
            self.sums.resize(index + 1, None);
        }
        let Some(sums) = self.sums.get_mut(index) else {
            return;
        };
        let touched = &mut self.touched;
        let sums = sums.get_or_insert_with(|| {
            touched.push(index);
            Box::default()
        });
        sums.add(counted);
    }

    /// All of it, as slots to be added to those that are kept.
    pub(super) fn slots(&mut self, names: &Names) -> BTreeMap<HistoryKey, HistorySlot> {
        self.close(names);
        let mut slots: BTreeMap<HistoryKey, HistorySlot> = BTreeMap::new();
        for (&minute, of_minute) in &self.others {
            let at = Resolution::Minute.start_of(minute);
            let bare = of_minute.without_times();
            for resolution in Resolution::ALL {
                let slot = resolution.slot_at(at);
                let of_slot = slots.entry(HistoryKey { resolution, slot }).or_default();
                of_slot.add(match resolution.has_times() {
                    true => of_minute,
                    false => &bare,
                });
            }
        }
        slots
    }

    /// Forgets all of it.
    pub(super) fn clear(&mut self) {
        self.others.clear();
        for index in self.touched.drain(..) {
            if let Some(sums) = self.sums.get_mut(index) {
                *sums = None;
            }
        }
    }

    /// Puts the minute at hand to the others.
    fn close(&mut self, names: &Names) {
        let mut closed = HistorySlot::default();
        for index in self.touched.drain(..) {
            if let Some(sums) = self.sums.get_mut(index).and_then(Option::take) {
                let (queue, jobtype) = names.of(index);
                let line = sums.line();
                closed.queues.line(queue).add(&line);
                closed.jobtypes.line(jobtype).add(&line);
            }
        }
        if closed.is_empty() {
            return;
        }
        let is_full = self.others.len() >= HISTORY_UNWRITTEN_MINUTES;
        let minute = match self.others.last_key_value() {
            Some((&last, _)) if is_full && !self.others.contains_key(&self.minute) => last,
            _ => self.minute,
        };
        self.others.entry(minute).or_default().add(&closed);
    }
}
