//! What a check has found.

use std::collections::BTreeMap;

/// How many problems of a kind are told one by one.
const EXAMPLES_MAX: usize = 20;

/// What was looked at, and what does not agree.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    counts: Vec<Count>,
    problems: BTreeMap<ProblemKind, Problem>,
}

/// How much of something was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count {
    /// What.
    pub what: &'static str,
    /// How much.
    pub count: u64,
}

/// Problems of one kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problem {
    /// How many there are.
    pub count: u64,
    /// The first of them.
    pub examples: Vec<String>,
}

impl Findings {
    /// What was looked at, in that order.
    pub fn counts(&self) -> &[Count] {
        &self.counts
    }

    /// What does not agree, by its kind.
    pub fn problems(&self) -> &BTreeMap<ProblemKind, Problem> {
        &self.problems
    }

    /// Whether everything agrees.
    pub fn are_none(&self) -> bool {
        self.problems.is_empty()
    }

    pub(crate) fn count(&mut self, what: &'static str, count: u64) {
        self.counts.push(Count { what, count });
    }

    pub(crate) fn add(&mut self, kind: ProblemKind, example: impl FnOnce() -> String) {
        let problem = self.problems.entry(kind).or_default();
        problem.count += 1;
        if problem.examples.len() < EXAMPLES_MAX {
            problem.examples.push(example());
        }
    }
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident: $meaning:literal, $remedy:literal;)*) => {
        /// What can be wrong.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum ProblemKind { $($(#[$doc])* $kind),* }

        impl ProblemKind {
            /// What it means, in a few words without an end.
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$kind => $meaning),* }
            }

            /// What to do about it.
            pub fn remedy(self) -> &'static str {
                match self { $(Self::$kind => $remedy),* }
            }
        }
    };
}

kinds! {
    /// The file itself.
    File: "the database file is damaged",
        "restore a backup, or rescue what is left with the .recover command of sqlite3";
    /// The log beside it.
    Log: "the log beside the database is damaged, and what comes behind the damage is lost",
        "restore a backup, or start the server: it keeps a copy of the log as it is";
    /// The log of a killed server is not there.
    LogGone: "the log beside the database is gone, though the last server was killed: what it acknowledged last is lost",
        "put the log back if somebody moved it away; if you have restored a backup, nothing needs to be done";
    /// A row that is not a record of a job.
    Row: "a row cannot be read",
        "restore a backup: the server may not start, or leave out what the row is about";
    /// The record of a job.
    Record: "the record of a job cannot be read",
        "look for errors of the disk; the server moves such a job to the dead set when its turn comes";
    /// The order of rows.
    Order: "rows are not in the order of their keys, so some are not found",
        "start the server: it puts them in order when it meets them";
    /// A job or an entry of nothing.
    Place: "a job is in no queue and in no set",
        "restore a backup if the job matters: the server never finds it";
    /// The row of a queue.
    Queue: "what is written down of a queue is wrong",
        "start the server: it counts again when it meets the difference; until then INFO is wrong";
    /// Where the head of a queue is.
    Head: "a job waits before the head that is written down of its queue",
        "start the server: workers get the job, and the head is written again as soon as anything of the queue changes; pages and \
         latencies leave the job out until then";
    /// The row of a set.
    Set: "what is written down of a set is wrong",
        "start the server: it counts again when it meets the difference; until then INFO is wrong";
    /// A reservation without its job, or of another one.
    Reservation: "a reservation does not fit its job",
        "restore a backup, or start the server and let the reservation time out";
    /// The number of reservations.
    Working: "the number of jobs that work is wrong",
        "start the server: it recounts them when it starts";
    /// Counters.
    Counters: "the counters of the days and of all time do not agree",
        "nothing needs to be done: they are shown, and nothing depends on them";
    /// A number that was given twice, or will be.
    Number: "a number is larger than the last one given, and will be given again",
        "restore a backup: a later job or batch may take the place of this one";
    /// Locks.
    Lock: "the lock of a unique job does not fit the job",
        "nothing needs to be done: it ends by itself, and until then an equal job may be refused or run beside it";
    /// What a batch counts.
    Batch: "a batch does not count what there is",
        "look at it with BATCH STATUS: its callbacks may come too early or never; push them by hand if so";
    /// What belongs to a batch.
    BatchPart: "a part of a batch is missing",
        "restore a backup if its callbacks matter; the server forgets the batch when its time is over";
    /// What a group of failures counts.
    Failures: "a group of failures does not count its jobs",
        "nothing needs to be done: only the page of failures is wrong by as many, until FLUSH";
    /// A track that stays.
    Track: "something is written down of a job that is gone, and is never forgotten",
        "nothing needs to be done: TRACK GET tells an old state of that job";
    /// The trash.
    Trash: "what is written down of the trash does not fit what is in it",
        "nothing needs to be done unless you want to undo the action: then not all of it may come back";
}
