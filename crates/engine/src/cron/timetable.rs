//! What is due next, in memory. It follows the transactions: a group that is rolled back leaves it as it was.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use workmill_proto::Timestamp;

use super::{CronEntry, CronTable, MadeEntries};
use crate::limits::CLOCK_STEP;

/// The next tick of every entry.
#[derive(Debug, Default)]
pub(crate) struct Timetable {
    ticks: Ticks,
    /// What the group has changed, the last change last.
    undo: Vec<Undo>,
}

#[derive(Clone, Debug, Default)]
struct Ticks {
    /// The entries of the configuration; none before the first table.
    configured: Option<Arc<CronTable>>,
    /// The entries that were made beside them.
    made: Arc<MadeEntries>,
    /// All that run.
    table: Arc<CronTable>,
    /// By name; an entry that is never due any more is not among them.
    next: BTreeMap<Arc<str>, Timestamp>,
    /// The same by time.
    due: BTreeSet<(Timestamp, Arc<str>)>,
    /// Entries whose next tick has not been found yet, the last of them first.
    unplanned: Vec<Arc<str>>,
    /// Whether there was no table before.
    first: bool,
    /// The latest moment that was asked about.
    seen: Timestamp,
}

#[derive(Debug)]
enum Undo {
    Next(Arc<str>, Option<Timestamp>),
    Unplanned(Vec<Arc<str>>),
    All(Box<Ticks>),
}

/// An entry whose time has come.
#[derive(Clone, Debug)]
pub(crate) struct Due {
    pub(crate) name: Arc<str>,
    /// The tick, the first of them if there are several.
    pub(crate) tick: Timestamp,
}

impl Timetable {
    /// One for what was made before the server started.
    pub(crate) fn with_made(made: MadeEntries) -> Self {
        let mut timetable = Self::default();
        timetable.ticks.made = Arc::new(made);
        timetable
    }

    /// Whether it is for this configuration, or for one with the same entries.
    pub(crate) fn is_for(&self, configured: &Arc<CronTable>) -> bool {
        // Compared entry by entry only if they are not one.
        self.ticks.configured.as_ref() == Some(configured)
    }

    /// The entries of the configuration; none before the first one.
    pub(crate) fn configured(&self) -> Option<&CronTable> {
        self.ticks.configured.as_deref()
    }

    /// The entries that were made.
    pub(crate) fn made(&self) -> &MadeEntries {
        &self.ticks.made
    }

    /// All entries that run; none before the first configuration.
    pub(crate) fn table(&self) -> &Arc<CronTable> {
        &self.ticks.table
    }

    /// The entry of this name, if it is due at `now`.
    pub(crate) fn due_by_name(&self, name: &str, now: Timestamp) -> Option<Due> {
        let (name, tick) = self.ticks.next.get_key_value(name)?;
        (*tick <= now).then(|| Due {
            name: Arc::clone(name),
            tick: *tick,
        })
    }

    /// Whether its table is the first after a start.
    pub(crate) fn is_first(&self) -> bool {
        self.ticks.first
    }

    /// Up to `limit` entries that are due at `now`, in the order of their ticks.
    pub(crate) fn due(&self, now: Timestamp, limit: usize) -> Vec<Due> {
        let due = self.ticks.due.iter().take_while(|(tick, _)| *tick <= now);
        due.take(limit)
            .map(|(tick, name)| Due {
                name: Arc::clone(name),
                tick: *tick,
            })
            .collect()
    }

    /// Is for another configuration from now on. Entries whose schedule has not changed keep their next tick; those of the
    /// others are to be found.
    pub(crate) fn replace(&mut self, configured: &Arc<CronTable>) {
        let made = Arc::clone(&self.ticks.made);
        let is_first = self.ticks.configured.is_none();
        self.become_for(Some(Arc::clone(configured)), made, is_first);
    }

    /// Has another entry under a name that was made, or none any more. Its next tick is to be found if its schedule has
    /// changed.
    pub(crate) fn set_made(&mut self, name: &Arc<str>, entry: Option<Arc<CronEntry>>) {
        let mut made = MadeEntries::clone(&self.ticks.made);
        match entry {
            Some(entry) => made.insert(Arc::clone(name), Some(entry)),
            None => made.remove(name),
        };
        let configured = self.ticks.configured.clone();
        self.become_for(configured, Arc::new(made), self.ticks.first);
    }

    fn become_for(
        &mut self,
        configured: Option<Arc<CronTable>>,
        made: Arc<MadeEntries>,
        is_first: bool,
    ) {
        let before = std::mem::take(&mut self.ticks);
        let table = configured.as_ref().map(|table| table.with_made(&made));
        let table = Arc::new(table.unwrap_or_default());
        self.ticks.first = is_first;
        self.ticks.seen = before.seen;
        let unplanned: BTreeSet<&Arc<str>> = before.unplanned.iter().collect();
        for (name, entry) in table.iter() {
            let known = before.table.get(name);
            let keeps = known.is_some_and(|known| known.has_ticks_of(entry));
            if keeps && !unplanned.contains(name) {
                let next = before.next.get(name).copied();
                self.ticks.set_next(name, next);
            } else {
                self.ticks.unplanned.push(Arc::clone(name));
            }
        }
        (self.ticks.configured, self.ticks.made) = (configured, made);
        self.ticks.table = table;
        self.undo.push(Undo::All(Box::new(before)));
    }

    /// Takes note of what the wall clock shows. If that was set back, by more than a time server does, the next tick of
    /// every entry has to be found again.
    pub(crate) fn look_at_clock(&mut self, wall: Timestamp) {
        let set_back = self.ticks.seen.since(wall) > CLOCK_STEP;
        if !set_back && wall <= self.ticks.seen {
            return;
        }
        if set_back {
            self.undo.push(Undo::All(Box::new(self.ticks.clone())));
            self.ticks.first = false;
            let names = self.ticks.table.iter();
            self.ticks.unplanned = names.map(|(name, _)| Arc::clone(name)).collect();
        }
        self.ticks.seen = wall;
    }

    /// Takes up to `limit` entries whose next tick has to be found.
    pub(crate) fn take_unplanned(&mut self, limit: usize) -> Vec<Arc<str>> {
        let unplanned = &mut self.ticks.unplanned;
        let taken = unplanned.split_off(unplanned.len().saturating_sub(limit));
        if !taken.is_empty() {
            self.undo.push(Undo::Unplanned(taken.clone()));
        }
        taken
    }

    /// Sets the next tick of an entry, which need not be found any more.
    pub(crate) fn plan(&mut self, name: &Arc<str>, tick: Option<Timestamp>) {
        let unplanned = &mut self.ticks.unplanned;
        if let Some(index) = unplanned.iter().position(|unplanned| unplanned == name) {
            let taken = unplanned.remove(index);
            self.undo.push(Undo::Unplanned(vec![taken]));
        }
        self.set_next(name, tick);
    }

    /// Sets the next tick of an entry.
    pub(crate) fn set_next(&mut self, name: &Arc<str>, tick: Option<Timestamp>) {
        let before = self.ticks.set_next(name, tick);
        self.undo.push(Undo::Next(Arc::clone(name), before));
    }

    /// The group is committed.
    pub(crate) fn commit(&mut self) {
        self.undo.clear();
    }

    /// The group is rolled back.
    pub(crate) fn roll_back(&mut self) {
        while let Some(undo) = self.undo.pop() {
            match undo {
                Undo::Next(name, before) => {
                    self.ticks.set_next(&name, before);
                }
                Undo::Unplanned(taken) => self.ticks.unplanned.extend(taken),
                Undo::All(before) => self.ticks = *before,
            }
        }
    }
}

impl Ticks {
    /// Returns what it was before.
    fn set_next(&mut self, name: &Arc<str>, tick: Option<Timestamp>) -> Option<Timestamp> {
        let before = match tick {
            Some(tick) => self.next.insert(Arc::clone(name), tick),
            None => self.next.remove(name),
        };
        if let Some(before) = before {
            self.due.remove(&(before, Arc::clone(name)));
        }
        if let Some(tick) = tick {
            self.due.insert((tick, Arc::clone(name)));
        }
        before
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::super::{CronEntry, Schedule};
    use super::*;

    fn at(secs: i64) -> Timestamp {
        Timestamp::default().plus_secs(secs)
    }

    fn names(timetable: &Timetable, now: i64) -> Vec<(i64, String)> {
        timetable
            .due(at(now), usize::MAX)
            .into_iter()
            .map(|due| (due.tick.as_micros() / 1_000_000, due.name.to_string()))
            .collect()
    }

    fn timetable() -> Timetable {
        let mut timetable = Timetable::default();
        for (name, secs) in [("a", 10), ("b", 5), ("c", 10)] {
            timetable.set_next(&name.into(), Some(at(secs)));
        }
        timetable.commit();
        timetable
    }

    fn table(names: &[(&str, &str)]) -> Arc<CronTable> {
        let mut table = CronTable::default();
        for (name, schedule) in names {
            let payload = serde_json::json!({ "jobtype": "T", "args": [] });
            let schedule = Schedule::parse(schedule, TimeZone::UTC).unwrap();
            let payload = payload.as_object().unwrap().clone();
            table.insert(name, CronEntry::new(schedule, false, payload).unwrap());
        }
        Arc::new(table)
    }

    fn unplanned(timetable: &mut Timetable) -> Vec<String> {
        let taken = timetable.take_unplanned(9);
        taken.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_table_takes_over_the_ticks_of_schedules_it_has_kept() {
        let mut timetable = Timetable::default();
        let old = table(&[("a", "@daily"), ("b", "@daily"), ("c", "@daily")]);
        timetable.replace(&old);
        assert!(timetable.is_for(&old) && timetable.is_first());
        assert!(timetable.is_for(&Arc::new(CronTable::clone(&old))));
        assert_eq!(timetable.take_unplanned(1).len(), 1);
        timetable.roll_back();
        assert!(!timetable.is_for(&old));
        timetable.replace(&old);
        assert_eq!(unplanned(&mut timetable), ["a", "b", "c"]);
        timetable.set_next(&"a".into(), Some(at(7)));
        timetable.set_next(&"b".into(), Some(at(8)));
        timetable.commit();

        let new = table(&[("a", "@daily"), ("b", "@hourly"), ("d", "@daily")]);
        timetable.replace(&new);
        assert!(timetable.is_for(&new) && !timetable.is_first());
        assert_eq!(names(&timetable, 99), [(7, "a".to_owned())]);
        timetable.commit();
        // One that is still unplanned is not kept as it is.
        timetable.replace(&table(&[("d", "@daily")]));
        assert_eq!(unplanned(&mut timetable), ["d"]);
        timetable.roll_back();
        assert_eq!(unplanned(&mut timetable), ["b", "d"]);
        timetable.roll_back();
        assert_eq!(unplanned(&mut timetable), ["b", "d"]);
    }

    #[test]
    fn what_is_due_comes_in_the_order_of_time() {
        let timetable = timetable();
        assert_eq!(names(&timetable, 4), []);
        assert_eq!(
            names(&timetable, 10),
            [
                (5, "b".to_owned()),
                (10, "a".to_owned()),
                (10, "c".to_owned())
            ]
        );
        assert_eq!(timetable.due(at(10), 1).len(), 1);
    }

    #[test]
    fn a_rollback_undoes_everything() {
        let mut timetable = timetable();
        let before = names(&timetable, 99);
        timetable.set_next(&"a".into(), Some(at(20)));
        timetable.set_next(&"a".into(), None);
        timetable.set_next(&"d".into(), Some(at(1)));
        assert_eq!(
            names(&timetable, 99),
            [
                (1, "d".to_owned()),
                (5, "b".to_owned()),
                (10, "c".to_owned())
            ]
        );
        timetable.replace(&Arc::default());
        timetable.set_next(&"e".into(), Some(at(2)));
        assert_eq!(names(&timetable, 99), [(2, "e".to_owned())]);
        timetable.roll_back();
        assert_eq!(names(&timetable, 99), before);
    }

    #[test]
    fn what_is_committed_stays() {
        let mut timetable = timetable();
        timetable.set_next(&"a".into(), None);
        timetable.commit();
        timetable.roll_back();
        let b_and_c = [(5, "b".to_owned()), (10, "c".to_owned())];
        assert_eq!(names(&timetable, 99), b_and_c);
    }
}
