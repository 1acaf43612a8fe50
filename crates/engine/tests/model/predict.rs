//! What the model expects of a group.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;
use workmill_engine::{NewJob, Op, Outcome};
use workmill_proto::{MutationVerb, SetName};

use crate::naive::{Job, Waiting, Work};
use crate::runner::{Expected, Runner};
use crate::step::{Act, Push};

impl Runner<'_> {
    /// Lets the model do the same; returns what it expects.
    pub fn predict(
        &mut self,
        planned: Vec<(u64, Act, Op)>,
        outcomes: &BTreeMap<u64, Outcome>,
    ) -> Result<BTreeMap<u64, Expected>, String> {
        let mut expected = BTreeMap::new();
        let mut fetching = false;
        for (ticket, act, op) in planned {
            let is_fetch = matches!(act, Act::Fetch { .. });
            if is_fetch && !fetching {
                self.serve(outcomes, &mut expected)?;
            }
            fetching = is_fetch;
            let answer = self.predict_act(ticket, &act, &op, outcomes, &mut expected)?;
            if let Some(answer) = answer {
                expected.insert(ticket, answer);
            }
        }
        self.settle(outcomes, &mut expected)?;
        Ok(expected)
    }

    /// The end of a group: who waits is served, or has waited long enough.
    pub fn settle(
        &mut self,
        outcomes: &BTreeMap<u64, Outcome>,
        expected: &mut BTreeMap<u64, Expected>,
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

    fn predict_act(
        &mut self,
        ticket: u64,
        act: &Act,
        op: &Op,
        outcomes: &BTreeMap<u64, Outcome>,
        expected: &mut BTreeMap<u64, Expected>,
    ) -> Result<Option<Expected>, String> {
        match (act, op) {
            (Act::Push(push), Op::Push(job)) => self.naive.push(job_of(push, job), job.at),
            (Act::PushBulk(pushes), Op::PushBulk(bulk)) => {
                for (push, item) in pushes.iter().zip(bulk.jobs.iter()) {
                    let job = item.as_ref().unwrap();
                    self.naive.push(job_of(push, job), job.at);
                }
                return Ok(Some(Expected::Refusals));
            }
            (Act::Fetch { queues, wid }, _) => {
                let waiting = Waiting {
                    ticket,
                    queues: queues.iter().map(|queue| (*queue).to_owned()).collect(),
                    wid: (*wid).to_owned(),
                    deadline: self.naive.now.plus(Duration::from_millis(1_900)),
                };
                match self.hand_out(&waiting, outcomes)? {
                    Some(number) => return Ok(Some(Expected::Job(number))),
                    None => self.naive.waiting.push(waiting),
                }
                return Ok(None);
            }
            (Act::Ack { jid, wid }, _) => self.naive.ack(jid, wid),
            (Act::Fail { jid, wid }, _) => {
                let found = self.naive.fail(jid, wid);
                return Ok(Some(if found {
                    Expected::Ok
                } else {
                    Expected::Refused
                }));
            }
            (Act::Return { .. }, Op::Return(handouts)) => {
                let handout = handouts[0];
                let held = self.naive.working.iter().position(|work| {
                    work.key == handout.key.0 && work.reserved_at == handout.reserved_at
                });
                if let Some(index) = held {
                    self.naive.release(index);
                }
            }
            (Act::Forget { .. }, Op::Forget(waiting)) => {
                let gone = self
                    .naive
                    .waiting
                    .iter()
                    .position(|w| w.ticket == waiting.0);
                if let Some(index) = gone {
                    self.naive.waiting.remove(index);
                    expected.insert(waiting.0, Expected::Nothing);
                }
            }
            (Act::Mutate { verb, set, jids }, _) => self.mutate(verb, *set, jids.as_deref()),
            (Act::Pause(queue), _) => self.naive.queue(queue).paused = true,
            (Act::Resume(queue), _) => {
                if let Some(queue) = self.naive.queues.get_mut(*queue) {
                    queue.paused = false;
                }
            }
            (Act::Remove(queue), _) => self.naive.remove_queue(queue),
            (Act::Flush, _) => self.naive.flush(),
            (Act::Info, _) => return Ok(Some(Expected::Totals)),
            _ => return Err("an act and an op that do not belong together".to_owned()),
        }
        Ok(Some(Expected::Ok))
    }

    fn mutate(&mut self, verb: &MutationVerb, set: SetName, jids: Option<&[String]>) {
        let everything = matches!(verb, MutationVerb::Clear);
        let entries = self.naive.sets.get_mut(&set).unwrap();
        let meant = |job: &Job| everything || jids.is_none_or(|jids| jids.contains(&job.jid));
        let taken: Vec<Job> = entries
            .extract_if(.., |(_, job)| meant(job))
            .map(|(_, job)| job)
            .collect();
        for job in taken {
            match verb {
                MutationVerb::Clear | MutationVerb::Discard => {}
                MutationVerb::Kill => self.naive.bury(job),
                MutationVerb::Requeue => self.naive.enqueue(job),
            }
        }
    }

    /// Serves the waiting FETCHes in order of arrival.
    fn serve(
        &mut self,
        outcomes: &BTreeMap<u64, Outcome>,
        expected: &mut BTreeMap<u64, Expected>,
    ) -> Result<(), String> {
        for waiting in std::mem::take(&mut self.naive.waiting) {
            match self.hand_out(&waiting, outcomes)? {
                Some(number) => {
                    expected.insert(waiting.ticket, Expected::Job(number));
                }
                None => self.naive.waiting.push(waiting),
            }
        }
        Ok(())
    }

    /// Lets the model hand out a job, under the key that the engine gave it.
    fn hand_out(
        &mut self,
        waiting: &Waiting,
        outcomes: &BTreeMap<u64, Outcome>,
    ) -> Result<Option<i64>, String> {
        let Some(job) = self.naive.take(&waiting.queues) else {
            return Ok(None);
        };
        let Some(Outcome::Job(fetched)) = outcomes.get(&waiting.ticket) else {
            return Err(format!(
                "FETCH {} got no job, expected {job:?}",
                waiting.ticket
            ));
        };
        let number = job.number;
        let secs = if job.reserve_for_secs == 0 {
            1_800
        } else {
            job.reserve_for_secs
        };
        self.handouts.push((fetched.handout, number));
        self.naive.working.push(Work {
            job,
            wid: waiting.wid.clone(),
            key: fetched.handout.key.0,
            reserved_at: self.naive.now,
            expires_at: self.naive.now.plus_secs(secs),
        });
        Ok(Some(number))
    }
}

fn job_of(push: &Push, new: &NewJob) -> Job {
    let payload: Value = serde_json::from_slice(&new.record.body).unwrap();
    Job {
        number: payload["args"][0].as_i64().unwrap(),
        jid: push.jid.clone(),
        queue: push.queue.to_owned(),
        retry: push.retry,
        delay_secs: push.delay_secs,
        reserve_for_secs: push.reserve_for_secs,
        failures: 0,
        recovered_at: Vec::new(),
        place: 0,
        generation: 0,
    }
}
