//! What the one that leads keeps of its answers to all servers.

use std::collections::{BTreeMap, BTreeSet};

use workmill_engine::{DeliveryTag, ServerId};
use workmill_proto::SteadyTime;
use workmill_store::{AnswerLog, StoreError, Tx};

use crate::answer::{KeptAnswer, UnreadableLog, decode, encode};
use crate::frame::OpNumber;

/// How many servers can be known: far more than there are, as those that are gone are forgotten.
const SERVERS_MAX: usize = 100_000;

/// The answers that servers have not said they know, in memory and in the store: one row for each server, written in the
/// transaction of the group that answers.
///
/// A change made by a group is undone if the group is rolled back. What a server says it knows is no part of a group.
#[derive(Debug, Default)]
pub struct AnswerLogs {
    servers: BTreeMap<ServerId, BTreeMap<OpNumber, KeptAnswer>>,
    /// Whose rows are behind what the servers have said.
    behind: BTreeSet<ServerId>,
    /// Servers that are forgotten, and whose rows are still there.
    forgotten: BTreeSet<ServerId>,
    /// Whether the next group writes rows for what is behind, though it may have nothing else to write.
    write_all: bool,
    /// Whose rows the group at work changes.
    touched: BTreeSet<ServerId>,
    /// What the group at work has changed, and what was there before.
    undo: Vec<(ServerId, OpNumber, Option<KeptAnswer>)>,
}

impl AnswerLogs {
    /// Reads all that an earlier leader has left. A log that is damaged counts as none.
    ///
    /// # Errors
    /// Those of the store; a log was written by a newer version.
    pub fn load<T: Tx>(tx: &mut T) -> Result<Self, StoreError> {
        let mut logs = Self::default();
        let ids = tx.due::<AnswerLog>(SteadyTime::MAX, SERVERS_MAX)?;
        let rows = tx.get::<AnswerLog>(&ids)?;
        for (id, row) in ids.into_iter().zip(rows) {
            let Some(row) = row else { continue };
            match decode(&row.bytes) {
                Ok(answers) => {
                    logs.servers.insert(ServerId(id), answers);
                }
                Err(UnreadableLog::Damaged) => {}
                Err(error @ UnreadableLog::Newer) => {
                    return Err(StoreError::Open(error.to_string()));
                }
            }
        }
        Ok(logs)
    }

    /// All servers that are known.
    pub(crate) fn servers(&self) -> impl Iterator<Item = ServerId> {
        self.servers.keys().copied()
    }

    /// Whether a server is known.
    pub(crate) fn knows(&self, server: ServerId) -> bool {
        self.servers.contains_key(&server)
    }

    /// Makes a server known; the next group writes it down.
    pub(crate) fn register(&mut self, server: ServerId) {
        self.servers.entry(server).or_default();
        self.forgotten.remove(&server);
        self.behind.insert(server);
        self.write_all = true;
    }

    /// Forgets a server; the next group that writes all removes its row.
    pub(crate) fn forget(&mut self, server: ServerId) {
        self.servers.remove(&server);
        self.behind.remove(&server);
        self.forgotten.insert(server);
    }

    /// What is kept of an op.
    pub(crate) fn find(&self, server: ServerId, number: OpNumber) -> Option<&KeptAnswer> {
        self.servers.get(&server)?.get(&number)
    }

    /// A server knows all answers but those to `open`.
    pub(crate) fn settle_all_but(&mut self, server: ServerId, open: &BTreeSet<OpNumber>) {
        let answers = self.servers.get(&server).into_iter().flatten();
        let known = answers.map(|(&number, _)| number);
        let known: Vec<OpNumber> = known.filter(|number| !open.contains(number)).collect();
        self.settle(server, &known);
    }

    /// A server knows the answers to these. They leave its row when that is written the next time; soon, if a job is among
    /// them, as the next leader would give it back if this server were gone.
    pub(crate) fn settle(&mut self, server: ServerId, numbers: &[OpNumber]) {
        let Some(answers) = self.servers.get_mut(&server) else {
            return;
        };
        for number in numbers {
            let settled = answers.remove(number);
            if settled.is_some_and(|answer| answer.delivery().is_some()) {
                self.behind.insert(server);
            }
        }
    }

    /// Has the next group write all that is behind; tells whether there is anything.
    pub(crate) fn write_soon(&mut self) -> bool {
        self.write_all = !self.behind.is_empty() || !self.forgotten.is_empty();
        self.write_all
    }

    /// The jobs that a server has got and not settled: they may have reached a client, or not.
    pub(crate) fn undelivered(&self, server: ServerId) -> Vec<DeliveryTag> {
        let answers = self.servers.get(&server).into_iter();
        let answers = answers.flat_map(BTreeMap::values);
        answers.filter_map(KeptAnswer::delivery).collect()
    }

    /// Keeps what came of an op, in place of what was kept of it; nothing, if it can be run again.
    pub(crate) fn keep(&mut self, server: ServerId, number: OpNumber, answer: Option<KeptAnswer>) {
        let Some(answers) = self.servers.get_mut(&server) else {
            return;
        };
        let is_new = answer.is_some();
        let before = match answer {
            Some(answer) => answers.insert(number, answer),
            None => answers.remove(&number),
        };
        if is_new || before.is_some() {
            self.undo.push((server, number, before));
            self.touched.insert(server);
        }
    }

    /// These deliveries are taken back: whoever asks for them again is served anew.
    pub(crate) fn take_back(&mut self, server: ServerId, tags: &[DeliveryTag]) {
        let answers = self.servers.get(&server).into_iter().flatten();
        let taken = answers.filter(|(_, answer)| {
            let delivery = answer.delivery();
            delivery.is_some_and(|delivery| tags.contains(&delivery))
        });
        let taken: Vec<OpNumber> = taken.map(|(&number, _)| number).collect();
        for number in taken {
            self.keep(server, number, None);
        }
    }

    /// Writes rows, if the group has changed any: so a group that changes nothing writes nothing.
    ///
    /// # Errors
    /// Those of the store.
    pub(crate) fn write<T: Tx>(&mut self, tx: &mut T, now: SteadyTime) -> Result<(), StoreError> {
        if self.touched.is_empty() && !self.write_all {
            return Ok(());
        }
        let mut rows = Vec::new();
        for &server in self.behind.union(&self.touched) {
            let Some(answers) = self.servers.get(&server) else {
                continue;
            };
            let bytes = encode(answers).map_err(|error| {
                StoreError::Inconsistent(format!("answers cannot be stored: {error}"))
            })?;
            let log = AnswerLog {
                noted_at: now,
                bytes: bytes.into(),
            };
            rows.push((server.0, log));
        }
        if !rows.is_empty() {
            tx.put(&rows)?;
        }
        let forgotten: Vec<u64> = self.forgotten.iter().map(|server| server.0).collect();
        if !forgotten.is_empty() {
            tx.remove::<AnswerLog>(&forgotten)?;
        }
        Ok(())
    }

    /// Keeps what the group changed.
    pub(crate) fn commit(&mut self) {
        if self.write_all || !self.touched.is_empty() {
            self.behind.clear();
            self.forgotten.clear();
            self.write_all = false;
        }
        self.touched.clear();
        self.undo.clear();
    }

    /// Undoes what the group changed.
    pub(crate) fn roll_back(&mut self) {
        self.touched.clear();
        for (server, number, before) in self.undo.drain(..).rev() {
            let Some(answers) = self.servers.get_mut(&server) else {
                continue;
            };
            match before {
                Some(before) => answers.insert(number, before),
                None => answers.remove(&number),
            };
        }
    }
}
