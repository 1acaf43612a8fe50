//! What there is to be seen of a world.

use std::collections::BTreeSet;

use workmill_engine::{Op, Outcome};
use workmill_proto::{SetName, SteadyTime};
use workmill_store::reading::Bounds;
use workmill_store::{
    AuditEntry, Counts, HistorySlot, Reading, ReservationsOf, Resolution, SetTime, Store as _,
    Totals, Tx as _,
};

use super::World;

impl World {
    pub fn totals(&mut self) -> Totals {
        match self.run(Op::Info) {
            Outcome::Info(report) => report.totals.clone(),
            other => panic!("{other:?}"),
        }
    }

    pub fn reader(&self) -> impl Reading {
        self.store.as_ref().unwrap().reader()
    }

    /// The entries of the audit log, the earliest first.
    pub fn audit_log(&self) -> Vec<AuditEntry> {
        let bounds = Bounds::of_rows(100);
        let slice = self.reader().audit(None, &|_| true, bounds).unwrap();
        let entries = slice.items.into_iter().rev();
        entries.map(|(_, entry)| entry.unwrap()).collect()
    }

    pub fn days(&self, first: i64, last: i64) -> Vec<(i64, Counts)> {
        self.reader().days(first, last).unwrap()
    }

    /// What is kept of the slot of history in which the wall clock is.
    pub fn history(&self, resolution: Resolution) -> HistorySlot {
        let slot = resolution.slot_at(self.wall());
        let read = self
            .reader()
            .history(resolution, slot..=slot, Bounds::of_rows(1));
        let found = read.unwrap().items.pop();
        found.map(|(_, found)| found).unwrap_or_default()
    }

    /// All jobs where they are and in their order, reservations and counters, and what is written down of jobs, as a text.
    pub fn everything(&mut self) -> Vec<String> {
        let totals = self.totals();
        let mut all = vec![format!("{totals:?}")];
        let mut tx = self.store.as_mut().unwrap().begin().unwrap();
        let mut jids = BTreeSet::new();
        for queue in totals.queues.keys() {
            for (key, job) in tx.claim(queue, 100_000).unwrap() {
                jids.extend(job.as_ref().map(|job| job.jid.to_string()));
                all.push(format!("{queue} {key:?} {job:?}"));
            }
        }
        for set in SetName::ALL {
            for entry in tx.entries(set, None, SetTime::MAX, 100_000).unwrap() {
                jids.extend(entry.job.as_ref().map(|job| job.jid.to_string()));
                all.push(format!("{:?} {:?}", entry.key.at, entry.job));
            }
        }
        let held = tx
            .reservations(ReservationsOf::EndingBy(SteadyTime::MAX, 100_000))
            .unwrap();
        all.extend(held.iter().map(|held| format!("{held:?}")));
        drop(tx);
        for jid in jids {
            all.push(format!("{jid} {:?}", self.tracked(&jid)));
        }
        all
    }

    pub fn size(&mut self, queue: &str) -> u64 {
        self.totals()
            .queues
            .get(queue)
            .map_or(0, |queue| queue.size)
    }
}
