//! What the model expects of a group.

use std::collections::BTreeMap;
use std::time::Duration;

use workmill_engine::{Op, Outcome};

use crate::acts::Act;
use crate::answers::Expected;
use crate::backing::Backing;
use crate::naive::{Job, Mutant, Waiting};
use crate::runner::Runner;

/// What an engine answered, by ticket: the model takes the keys and ids from it that the engine chose.
pub type Outcomes = BTreeMap<u64, Outcome>;

/// What the model expects, by ticket.
pub type Expectations = BTreeMap<u64, Expected>;

impl<B: Backing> Runner<B> {
    /// Lets the model do the same; returns what it expects.
    pub fn predict(
        &mut self,
        planned: &[(u64, Act, Op)],
        outcomes: &Outcomes,
    ) -> Result<Expectations, String> {
        let mut expected = Expectations::new();
        for run in planned.chunk_by(|(_, act, _), (_, next, _)| are_done_together(act, next)) {
            if matches!(run[0].1, Act::Fetch { .. }) {
                self.predict_fetches(run, outcomes, &mut expected)?;
                continue;
            }
            for (ticket, act, op) in run {
                let answer = self.predict_act(act, op, outcomes.get(ticket), &mut expected)?;
                expected.insert(*ticket, answer);
            }
            self.naive.end_run();
        }
        self.settle(outcomes, &mut expected)?;
        Ok(expected)
    }

    /// The end of a group: who waits is served, or has waited long enough.
    pub fn settle(
        &mut self,
        outcomes: &Outcomes,
        expected: &mut Expectations,
    ) -> Result<(), String> {
        self.serve(outcomes, expected)?;
        let now = self.naive.now;
        for waiting in self
            .naive
            .waiting
            .extract_if(.., |waiting| waiting.deadline <= now)
        {
            expected.insert(waiting.ticket, Expected::Nothing);
        }
        Ok(())
    }

    /// FETCHes that stand together. Those over the same queues go from queue to queue together.
    fn predict_fetches(
        &mut self,
        run: &[(u64, Act, Op)],
        outcomes: &Outcomes,
        expected: &mut Expectations,
    ) -> Result<(), String> {
        self.serve(outcomes, expected)?;
        let fetches: Vec<Waiting> = run
            .iter()
            .filter_map(|(ticket, act, _)| match act {
                Act::Fetch { queues, from } => Some(Waiting {
                    ticket: *ticket,
                    queues: queues.iter().map(|queue| (*queue).to_owned()).collect(),
                    wid: from.wid.to_owned(),
                    connection: from.connection,
                    deadline: self.naive.now.plus(Duration::from_millis(1_900)),
                }),
                _ => None,
            })
            .collect();
        for alike in fetches.chunk_by(|fetch, next| fetch.queues == next.queues) {
            let mut waiting = alike.to_vec();
            for queue in self.order(&alike[0].queues) {
                self.hand_out(queue, &mut waiting, outcomes, expected)?;
            }
            self.naive.waiting.extend(waiting);
        }
        Ok(())
    }

    /// Serves the waiting FETCHes in order of arrival. What is dropped on the way may bring something for those who
    /// were looked at before.
    fn serve(&mut self, outcomes: &Outcomes, expected: &mut Expectations) -> Result<(), String> {
        let mut index = 0;
        while let Some(fetch) = self.naive.waiting.get(index).cloned() {
            let dropped_before = self.naive.expired;
            let mut waiting = vec![fetch.clone()];
            for queue in self.order(&fetch.queues) {
                self.hand_out(queue, &mut waiting, outcomes, expected)?;
            }
            index += 1;
            if waiting.is_empty() {
                index -= 1;
                self.naive.waiting.remove(index);
            }
            if self.naive.expired > dropped_before {
                index = 0;
            }
        }
        Ok(())
    }

    /// The order in which queues are looked at.
    fn order<'q>(&self, queues: &'q [String]) -> Vec<&'q String> {
        let mut queues: Vec<&String> = queues.iter().collect();
        if self.naive.mutant == Mutant::RightMostQueueFirst {
            queues.reverse();
        }
        queues
    }

    /// Hands jobs of a queue to those who wait and may have one; leaves the others.
    fn hand_out(
        &mut self,
        queue: &str,
        waiting: &mut Vec<Waiting>,
        outcomes: &Outcomes,
        expected: &mut Expectations,
    ) -> Result<(), String> {
        if self.naive.limits.contains_key(queue) {
            let mut left = Vec::new();
            for fetch in std::mem::take(waiting) {
                let allowed = self.naive.may_have(queue, &fetch);
                match allowed.then(|| self.naive.take(queue)).flatten() {
                    Some(job) => self.hand_over(job, &fetch, outcomes, expected)?,
                    None => left.push(fetch),
                }
            }
            *waiting = left;
            return Ok(());
        }
        // All are taken before the first starts.
        let jobs = std::iter::from_fn(|| self.naive.take(queue));
        let jobs: Vec<_> = jobs.take(waiting.len()).collect();
        for (fetch, job) in waiting.drain(..jobs.len()).zip(jobs) {
            self.hand_over(job, &fetch, outcomes, expected)?;
        }
        Ok(())
    }

    /// Hands out a job, under the key that the engine gave it.
    fn hand_over(
        &mut self,
        job: Job,
        fetch: &Waiting,
        outcomes: &Outcomes,
        expected: &mut Expectations,
    ) -> Result<(), String> {
        let ticket = fetch.ticket;
        let Some(Outcome::Job(fetched)) = outcomes.get(&ticket) else {
            return Err(format!("FETCH {ticket} got no job, expected {job:?}"));
        };
        expected.insert(ticket, Expected::Job(job.number));
        self.tags.push(fetched.tag);
        self.naive.reserve(job, fetch, fetched.tag.key.0);
        Ok(())
    }
}

/// Whether two acts, one after the other, are done together.
fn are_done_together(act: &Act, next: &Act) -> bool {
    matches!(
        (act, next),
        (Act::Fetch { .. }, Act::Fetch { .. })
            | (Act::Fail { .. }, Act::Fail { .. })
            | (Act::Requeue { .. }, Act::Requeue { .. })
            | (Act::Nack { .. }, Act::Nack { .. })
    )
}
