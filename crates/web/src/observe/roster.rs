//! Who fetches from which queue.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use crate::desk::{ConnectionView, Fetches, LeftQueue, WorkerView};

/// Who fetches from which queue, and who did.
#[derive(Debug, Default)]
pub(crate) struct Roster {
    queues: HashMap<String, QueueWorkers>,
    /// Those whose FETCHes name more queues than are remembered: any may be among them.
    anywhere: QueueWorkers,
    left: BTreeMap<Box<str>, LeftQueue>,
    /// The workers that are connected, and whether each fetches.
    running: HashMap<Arc<str>, bool>,
}

/// Who fetches from a queue. Connections that belong to no worker count as one, without a name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct QueueWorkers {
    /// Workers that fetch from it.
    pub(crate) running: BTreeSet<Arc<str>>,
    /// Workers that did, and are to fetch no more.
    pub(crate) quiet: BTreeSet<Arc<str>>,
    /// FETCHes that wait for a job of it.
    pub(crate) waiting: usize,
    /// The queues that all those workers look into first.
    behind: Option<BTreeSet<String>>,
}

impl Roster {
    pub(super) fn new(
        connections: &[ConnectionView],
        workers: &[WorkerView],
        left: BTreeMap<Box<str>, LeftQueue>,
    ) -> Self {
        let states = workers.iter();
        let states = states.map(|worker| (Arc::clone(&worker.wid), worker.state == "running"));
        let mut roster = Self {
            running: states.collect(),
            left,
            ..Self::default()
        };
        let mut seen: HashMap<&str, &Arc<[String]>> = HashMap::new();
        for connection in connections {
            let waits = connection.phase == "fetching";
            match &connection.fetches {
                Fetches::Nothing => {}
                Fetches::TooMany => {
                    let is_running = roster.is_running(&connection.wid);
                    roster.anywhere.add(&connection.wid, is_running, waits, &[]);
                }
                Fetches::Queues(queues) => {
                    // The connections of a worker nearly always fetch from the same queues.
                    let same = seen.insert(&connection.wid, queues) == Some(queues);
                    if waits || !same {
                        roster.add(connection, queues, waits);
                    }
                }
            }
        }
        roster
    }

    fn add(&mut self, connection: &ConnectionView, queues: &[String], waits: bool) {
        let is_running = self.is_running(&connection.wid);
        for (index, queue) in queues.iter().enumerate() {
            let before = queues.get(..index).unwrap_or_default();
            let entry = self.queues.entry(queue.clone()).or_default();
            entry.add(&connection.wid, is_running, waits, before);
        }
    }

    fn is_running(&self, wid: &str) -> bool {
        self.running.get(wid).copied().unwrap_or(true)
    }

    /// Who fetches from a queue.
    pub(crate) fn of(&self, queue: &str) -> QueueWorkers {
        let mut found = self.queues.get(queue).cloned().unwrap_or_default();
        let anywhere = &self.anywhere;
        for (wid, is_running) in [(&anywhere.running, true), (&anywhere.quiet, false)]
            .into_iter()
            .flat_map(|(wids, is_running)| wids.iter().map(move |wid| (wid, is_running)))
        {
            found.add(wid, is_running, false, &[]);
        }
        found.waiting += anywhere.waiting;
        // A worker that closes one of many connections fetches on by the others.
        if let Some(left) = self.left.get(queue)
            && let Some(&is_running) = self.running.get(&left.wid)
            && !found.running.contains(&left.wid)
        {
            found.add(&left.wid, is_running, false, &[]);
        }
        found
    }

    /// Who fetched from a queue last, of those that are gone.
    pub(crate) fn left(&self, queue: &str) -> Option<&LeftQueue> {
        self.left.get(queue)
    }

    /// Whether any worker is connected, or anybody fetches.
    pub(crate) fn has_workers(&self) -> bool {
        !self.running.is_empty() || !self.queues.is_empty()
    }

    /// Whether a worker of this id is connected.
    pub(crate) fn is_connected(&self, wid: &str) -> bool {
        self.running.contains_key(wid)
    }
}

impl QueueWorkers {
    fn add(&mut self, wid: &Arc<str>, is_running: bool, waits: bool, before: &[String]) {
        match is_running {
            true => self.running.insert(Arc::clone(wid)),
            false => self.quiet.insert(Arc::clone(wid)),
        };
        self.waiting += usize::from(waits);
        match &mut self.behind {
            Some(behind) => behind.retain(|queue| before.contains(queue)),
            None => self.behind = Some(before.iter().cloned().collect()),
        }
    }

    /// The queues that all of them look into first.
    pub(crate) fn behind(&self) -> impl Iterator<Item = &str> {
        self.behind.iter().flatten().map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::desk::fake::{connection, worker};

    fn fetches(queues: &[&str]) -> Fetches {
        Fetches::Queues(queues.iter().map(ToString::to_string).collect())
    }

    fn wids(wids: &BTreeSet<Arc<str>>) -> Vec<&str> {
        wids.iter().map(|wid| &**wid).collect()
    }

    #[test]
    fn workers_are_told_by_queue_and_state_and_nameless_ones_fetch_too() {
        let connections = [
            connection("w1", "idle", fetches(&["a", "b"])),
            connection("w1", "fetching", fetches(&["a", "b"])),
            connection("w2", "running", fetches(&["b"])),
            connection("", "fetching", fetches(&["b"])),
            connection("w3", "idle", Fetches::Nothing),
        ];
        let quiet = WorkerView {
            state: "quiet",
            ..worker("w2")
        };
        let workers = [worker("w1"), quiet, worker("w3")];
        let roster = Roster::new(&connections, &workers, BTreeMap::new());
        let of_b = roster.of("b");
        assert_eq!(wids(&of_b.running), ["", "w1"]);
        assert_eq!(wids(&of_b.quiet), ["w2"]);
        assert_eq!((of_b.waiting, roster.of("a").waiting), (2, 1));
        assert_eq!(roster.of("c"), QueueWorkers::default());
    }

    #[test]
    fn queue_is_behind_those_that_every_fetch_names_first() {
        let connections = [
            connection("w1", "idle", fetches(&["a", "x", "q"])),
            connection("w2", "idle", fetches(&["x", "b", "q"])),
        ];
        let roster = Roster::new(&connections, &[worker("w1")], BTreeMap::new());
        assert_eq!(roster.of("q").behind().collect::<Vec<_>>(), ["x"]);
        let shuffled = [connection("w3", "idle", fetches(&["q", "x"]))];
        let all: Vec<_> = connections.into_iter().chain(shuffled).collect();
        let roster = Roster::new(&all, &[], BTreeMap::new());
        assert_eq!(roster.of("q").behind().count(), 0);
    }

    #[test]
    fn worker_that_closed_the_connection_it_fetched_by_still_fetches_while_it_is_there() {
        let left = |wid: &str| {
            let left = LeftQueue {
                wid: wid.into(),
                ago: Duration::from_secs(9),
            };
            BTreeMap::from([(Box::from("q"), left)])
        };
        let there = Roster::new(&[], &[worker("w1")], left("w1"));
        assert_eq!(wids(&there.of("q").running), ["w1"]);
        let gone = Roster::new(&[], &[worker("w1")], left("w2"));
        assert_eq!(gone.of("q"), QueueWorkers::default());
        assert_eq!(&*gone.left("q").unwrap().wid, "w2");
    }

    #[test]
    fn one_who_fetches_from_too_many_queues_may_fetch_from_any() {
        let connections = [
            connection("w1", "fetching", Fetches::TooMany),
            connection("w2", "idle", fetches(&["x", "q"])),
        ];
        let roster = Roster::new(&connections, &[], BTreeMap::new());
        let found = roster.of("q");
        assert_eq!(wids(&found.running), ["w1", "w2"]);
        assert_eq!((found.waiting, found.behind().count()), (1, 0));
        assert_eq!(wids(&roster.of("other").running), ["w1"]);
    }
}
