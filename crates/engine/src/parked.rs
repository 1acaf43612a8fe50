//! FETCHes that found nothing and wait for a job, in order of arrival.
//!
//! A change made by a group is undone if the group is rolled back: a FETCH that was served by a group that
//! never happened still waits.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use workmill_proto::{SteadyTime, WireError};

use crate::limits::{FETCH_WAIT, PARKED_QUEUES_MAX};
use crate::op::{Fetch, ServerId, Ticket};

/// A FETCH that waits.
#[derive(Clone, Debug)]
pub(crate) struct ParkedFetch {
    pub(crate) ticket: Ticket,
    pub(crate) fetch: Fetch,
    deadline: SteadyTime,
}

/// All FETCHes that wait. All wait equally long, so the order of arrival is that of the deadlines.
#[derive(Debug, Default)]
pub(crate) struct Parked {
    by_arrival: BTreeMap<u64, ParkedFetch>,
    by_ticket: BTreeMap<Ticket, u64>,
    by_queue: BTreeMap<String, BTreeSet<u64>>,
    arrivals: u64,
    /// Names of queues in all FETCHes that wait.
    queues_count: usize,
    /// Queues that have something to fetch since the last of those who wait were served.
    ready: BTreeSet<String>,
    changes: Vec<Change>,
}

#[derive(Debug)]
enum Change {
    Added(u64),
    Removed(u64, ParkedFetch),
}

impl Parked {
    /// Lets a FETCH wait from `now` on, unless there is no room for it: then it tells why.
    pub(crate) fn add(
        &mut self,
        ticket: Ticket,
        fetch: &Fetch,
        now: SteadyTime,
    ) -> Result<(), WireError> {
        if self.queues_count.saturating_add(fetch.queues.len()) > PARKED_QUEUES_MAX {
            let text = "too many FETCHes wait: let workers list fewer queues, or run fewer of them";
            return Err(WireError::err(text));
        }
        let deadline = now.plus(FETCH_WAIT);
        let arrival = self.arrivals;
        self.arrivals += 1;
        let mut fetch = fetch.clone();
        // Workers mostly list the same queues: they share one list, which is no memory of its own and at hand.
        if let Some((_, last)) = self.by_arrival.last_key_value()
            && last.fetch.queues == fetch.queues
        {
            fetch.queues = Arc::clone(&last.fetch.queues);
        }
        self.insert(
            arrival,
            ParkedFetch {
                ticket,
                fetch,
                deadline,
            },
        );
        self.changes.push(Change::Added(arrival));
        Ok(())
    }

    /// How many wait.
    pub(crate) fn len(&self) -> usize {
        self.by_arrival.len()
    }

    /// A queue may have something to fetch now: whoever waits for it is to be served.
    pub(crate) fn make_ready(&mut self, queue: &str) {
        if self.by_queue.contains_key(queue) && !self.ready.contains(queue) {
            self.ready.insert(queue.to_owned());
        }
    }

    /// The same, also for whoever begins to wait only afterwards.
    pub(crate) fn make_ready_for_late(&mut self, queue: &str) {
        self.ready.insert(queue.to_owned());
    }

    /// Takes the queues that are ready; none is then.
    pub(crate) fn take_ready(&mut self) -> BTreeSet<String> {
        std::mem::take(&mut self.ready)
    }

    /// The FETCH that has waited longest for any of these queues, of those that arrived at `from` or later; with
    /// its arrival.
    pub(crate) fn first_on(
        &self,
        queues: &BTreeSet<String>,
        from: u64,
    ) -> Option<(u64, &ParkedFetch)> {
        let arrival = queues
            .iter()
            .filter_map(|queue| self.by_queue.get(queue)?.range(from..).next())
            .min()?;
        Some((*arrival, self.by_arrival.get(arrival)?))
    }

    /// Ends the wait of a FETCH; tells whether it was waiting.
    pub(crate) fn remove(&mut self, ticket: Ticket) -> bool {
        let Some(&arrival) = self.by_ticket.get(&ticket) else {
            return false;
        };
        let Some(parked) = self.detach(arrival) else {
            return false;
        };
        self.changes.push(Change::Removed(arrival, parked));
        true
    }

    /// Ends the wait of every FETCH whose deadline is at or before `until`; returns their tickets.
    pub(crate) fn remove_due(&mut self, until: SteadyTime) -> Vec<Ticket> {
        let waiting = self.by_arrival.values();
        let due = waiting.take_while(|parked| parked.deadline <= until);
        let due = due.map(|parked| parked.ticket).collect();
        self.remove_all(due)
    }

    /// Ends the wait of every FETCH that came to this server; returns their tickets.
    pub(crate) fn remove_of(&mut self, server: ServerId) -> Vec<Ticket> {
        let waiting = self.by_arrival.values();
        let of_server = waiting.filter(|parked| parked.fetch.server == server);
        let of_server = of_server.map(|parked| parked.ticket).collect();
        self.remove_all(of_server)
    }

    fn remove_all(&mut self, tickets: Vec<Ticket>) -> Vec<Ticket> {
        for &ticket in &tickets {
            self.remove(ticket);
        }
        tickets
    }

    /// When the first of them has waited long enough.
    pub(crate) fn next_deadline(&self) -> Option<SteadyTime> {
        self.by_arrival
            .first_key_value()
            .map(|(_, parked)| parked.deadline)
    }

    /// Keeps what the group changed.
    pub(crate) fn commit(&mut self) {
        self.changes.clear();
    }

    /// Undoes what the group changed.
    pub(crate) fn roll_back(&mut self) {
        self.ready.clear();
        for change in std::mem::take(&mut self.changes).into_iter().rev() {
            match change {
                Change::Added(arrival) => {
                    self.detach(arrival);
                }
                Change::Removed(arrival, parked) => self.insert(arrival, parked),
            }
        }
    }

    fn insert(&mut self, arrival: u64, parked: ParkedFetch) {
        self.queues_count += parked.fetch.queues.len();
        for queue in parked.fetch.queues.iter() {
            match self.by_queue.get_mut(queue) {
                Some(arrivals) => {
                    arrivals.insert(arrival);
                }
                None => {
                    self.by_queue
                        .insert(queue.clone(), BTreeSet::from([arrival]));
                }
            }
        }
        self.by_ticket.insert(parked.ticket, arrival);
        self.by_arrival.insert(arrival, parked);
    }

    fn detach(&mut self, arrival: u64) -> Option<ParkedFetch> {
        let parked = self.by_arrival.remove(&arrival)?;
        self.by_ticket.remove(&parked.ticket);
        self.queues_count -= parked.fetch.queues.len();
        for queue in parked.fetch.queues.iter() {
            if let Some(arrivals) = self.by_queue.get_mut(queue) {
                arrivals.remove(&arrival);
                if arrivals.is_empty() {
                    self.by_queue.remove(queue);
                }
            }
        }
        Some(parked)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fetch(queues: &[&str]) -> Fetch {
        Fetch {
            queues: queues.iter().map(|q| (*q).to_owned()).collect(),
            wid: "w".into(),
            server: ServerId::LOCAL,
            connection: 0,
        }
    }

    fn first_on(parked: &Parked, queues: &[&str]) -> Option<u64> {
        let queues = queues.iter().map(|q| (*q).to_owned()).collect();
        parked.first_on(&queues, 0).map(|(_, p)| p.ticket.0)
    }

    #[test]
    fn the_longest_waiting_is_first() {
        let mut parked = Parked::default();
        let now = SteadyTime::from_micros(0);
        parked.add(Ticket(9), &fetch(&["a", "b"]), now).unwrap();
        parked.add(Ticket(3), &fetch(&["b"]), now).unwrap();
        assert_eq!(first_on(&parked, &["b"]), Some(9));
        assert!(parked.remove(Ticket(9)));
        assert_eq!(first_on(&parked, &["b"]), Some(3));
        assert!(!parked.by_queue.contains_key("a"));
        assert!(!parked.remove(Ticket(9)));
    }

    #[test]
    fn a_rolled_back_group_leaves_the_line_as_it_was() {
        let mut parked = Parked::default();
        let now = SteadyTime::from_micros(0);
        parked.add(Ticket(1), &fetch(&["a"]), now).unwrap();
        parked.add(Ticket(2), &fetch(&["a"]), now).unwrap();
        parked.commit();
        parked.remove(Ticket(1));
        parked.add(Ticket(3), &fetch(&["c"]), now).unwrap();
        parked.roll_back();
        assert_eq!(first_on(&parked, &["a", "c"]), Some(1));
        assert!(!parked.by_queue.contains_key("c"));
    }

    #[test]
    fn deadlines_come_in_order_of_arrival() {
        let mut parked = Parked::default();
        let start = SteadyTime::from_micros(0);
        parked.add(Ticket(1), &fetch(&["a"]), start).unwrap();
        parked
            .add(Ticket(2), &fetch(&["a"]), start.plus_secs(1))
            .unwrap();
        let first = start.plus(FETCH_WAIT);
        assert_eq!(parked.next_deadline(), Some(first));
        assert_eq!(parked.remove_due(first), [Ticket(1)]);
        assert_eq!(parked.next_deadline(), Some(first.plus_secs(1)));
    }

    #[test]
    fn fetches_that_list_the_same_queues_share_the_list() {
        let mut parked = Parked::default();
        for (ticket, queues) in (0..).zip([["a", "b"], ["a", "b"], ["b", "a"]]) {
            parked
                .add(Ticket(ticket), &fetch(&queues), SteadyTime::MIN)
                .unwrap();
        }
        let lists: Vec<_> = parked
            .by_arrival
            .values()
            .map(|p| &p.fetch.queues)
            .collect();
        assert!(Arc::ptr_eq(lists[0], lists[1]));
        assert_eq!(**lists[2], ["b", "a"]);
    }
}
