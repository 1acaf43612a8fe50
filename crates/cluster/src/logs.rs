//! What the one that leads keeps of its answers to all servers.

use std::collections::{BTreeMap, BTreeSet};
use std::mem;

use workmill_engine::{DeliveryTag, ServerId};
use workmill_proto::SteadyTime;
use workmill_store::{AnswerLog, StoreError, Tx};

use crate::answer::{KeptAnswer, decode, encode};
use crate::frame::OpNumber;

/// How many servers are loaded at once.
const SLICE_SERVERS: usize = 1_000;

/// The answers that servers have not said they know, in memory and in the store: one row for each server, written in the
/// transaction of the group that answers.
///
/// A change made by a group is undone if the group is rolled back. What a server says it knows is no part of a group.
#[derive(Debug, Default)]
pub struct AnswerLogs {
    servers: BTreeMap<ServerId, BTreeMap<OpNumber, KeptAnswer>>,
    /// Whose rows are behind.
    unwritten: BTreeSet<ServerId>,
    /// What the group at work has changed, and what was there before.
    undo: Vec<(ServerId, OpNumber, Option<KeptAnswer>)>,
    /// Whose rows the group at work has written.
    written: Vec<ServerId>,
}

impl AnswerLogs {
    /// Reads all that an earlier leader has left.
    ///
    /// # Errors
    /// Those of the store; a log cannot be read.
    pub fn load<T: Tx>(tx: &mut T) -> Result<Self, StoreError> {
        let mut logs = Self::default();
        let ids = tx.due::<AnswerLog>(SteadyTime::MAX, SLICE_SERVERS)?;
        let rows = tx.get::<AnswerLog>(&ids)?;
        for (id, row) in ids.into_iter().zip(rows) {
            let Some(row) = row else { continue };
            let answers = decode(&row.bytes);
            let answers = answers.map_err(|error| StoreError::Open(error.to_string()))?;
            logs.servers.insert(ServerId(id), answers);
        }
        Ok(logs)
    }

    /// All servers that are known.
    pub fn servers(&self) -> impl Iterator<Item = ServerId> {
        self.servers.keys().copied()
    }

    /// Whether a server is known.
    pub fn knows(&self, server: ServerId) -> bool {
        self.servers.contains_key(&server)
    }

    /// Makes a server known; the next group writes it down.
    pub(crate) fn register(&mut self, server: ServerId) {
        self.servers.entry(server).or_default();
        self.unwritten.insert(server);
    }

    /// What is kept of an op.
    pub(crate) fn find(&self, server: ServerId, number: OpNumber) -> Option<&KeptAnswer> {
        self.servers.get(&server)?.get(&number)
    }

    /// A server knows all answers but those to `open`.
    pub(crate) fn settle_all_but(&mut self, server: ServerId, open: &BTreeSet<OpNumber>) {
        if let Some(answers) = self.servers.get_mut(&server) {
            answers.retain(|number, _| open.contains(number));
        }
    }

    /// A server knows the answers to these. They leave its row when that is written the next time.
    pub(crate) fn settle(&mut self, server: ServerId, numbers: &[OpNumber]) {
        if let Some(answers) = self.servers.get_mut(&server) {
            for number in numbers {
                answers.remove(number);
            }
        }
    }

    /// The jobs that a server has got and not settled: they may have reached a client, or not.
    pub(crate) fn undelivered(&self, server: ServerId) -> Vec<DeliveryTag> {
        let answers = self.servers.get(&server).into_iter();
        let answers = answers.flat_map(BTreeMap::values);
        answers.filter_map(KeptAnswer::delivery).collect()
    }

    /// Keeps what came of an op, in place of what was kept of it.
    pub(crate) fn keep(&mut self, server: ServerId, number: OpNumber, answer: KeptAnswer) {
        let answers = self.servers.entry(server).or_default();
        let before = answers.insert(number, answer);
        self.undo.push((server, number, before));
        self.unwritten.insert(server);
    }

    /// These deliveries are taken back: whoever asks for them again gets nothing.
    pub(crate) fn take_back(&mut self, server: ServerId, tags: &[DeliveryTag]) {
        let answers = self.servers.get(&server).into_iter().flatten();
        let taken = answers.filter(|(_, answer)| {
            let delivery = answer.delivery();
            delivery.is_some_and(|delivery| tags.contains(&delivery))
        });
        let taken: Vec<OpNumber> = taken.map(|(&number, _)| number).collect();
        for number in taken {
            self.keep(server, number, KeptAnswer::Nothing);
        }
    }

    /// Writes the rows that are behind.
    ///
    /// # Errors
    /// Those of the store.
    pub(crate) fn write<T: Tx>(&mut self, tx: &mut T, now: SteadyTime) -> Result<(), StoreError> {
        let mut rows = Vec::new();
        for &server in &self.unwritten {
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
        self.written = mem::take(&mut self.unwritten).into_iter().collect();
        Ok(())
    }

    /// Keeps what the group changed.
    pub(crate) fn commit(&mut self) {
        self.undo.clear();
        self.written.clear();
    }

    /// Undoes what the group changed.
    pub(crate) fn roll_back(&mut self) {
        self.unwritten.extend(self.written.drain(..));
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
