//! When queues are to be looked at again although nothing happens to them.

use std::collections::BTreeMap;

use workmill_proto::SteadyTime;

/// For each queue the next moment at which a FETCH that waits may find something: a token is there, a slot has timed
/// out, or there is more to pass over. A recheck too many costs one look.
#[derive(Debug, Default)]
pub(crate) struct Rechecks {
    at: BTreeMap<String, SteadyTime>,
    taken: Vec<(String, SteadyTime)>,
}

impl Rechecks {
    /// Wants `queue` to be looked at no later than at `at`.
    pub(crate) fn add(&mut self, queue: &str, at: SteadyTime) {
        match self.at.get_mut(queue) {
            Some(earliest) => *earliest = at.min(*earliest),
            None => drop(self.at.insert(queue.to_owned(), at)),
        }
    }

    /// Takes the queues whose moment has come.
    pub(crate) fn take_due(&mut self, now: SteadyTime) -> Vec<String> {
        let due: Vec<(String, SteadyTime)> = self.at.extract_if(.., |_, at| *at <= now).collect();
        let queues = due.iter().map(|(queue, _)| queue.clone()).collect();
        self.taken.extend(due);
        queues
    }

    /// The earliest moment.
    pub(crate) fn next(&self) -> Option<SteadyTime> {
        self.at.values().min().copied()
    }

    /// Keeps what was taken.
    pub(crate) fn commit(&mut self) {
        self.taken.clear();
    }

    /// Puts back what was taken: nobody was served.
    pub(crate) fn roll_back(&mut self) {
        for (queue, at) in std::mem::take(&mut self.taken) {
            self.add(&queue, at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_several_moments_of_a_queue_the_earliest_counts() {
        let at = |secs| SteadyTime::from_micros(0).plus_secs(secs);
        let mut rechecks = Rechecks::default();
        for secs in [5, 3, 9] {
            rechecks.add("q", at(secs));
        }
        assert_eq!(rechecks.next(), Some(at(3)));
        assert_eq!(rechecks.take_due(at(3)), ["q"]);
        assert_eq!(rechecks.next(), None);
    }
}
