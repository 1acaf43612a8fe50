//! A client that fetches jobs, and ends them.

use std::collections::VecDeque;

use rand::Rng as _;
use rand::rngs::SmallRng;
use serde_json::Value;
use workmill_engine::{FetchedJob, Op, Outcome, ServerId};

use crate::history::History;
use crate::ops;
use crate::server::Place;
use crate::world::{MILLIS, SECOND};

/// A worker.
#[derive(Debug)]
pub(crate) struct Worker {
    pub(crate) wid: String,
    /// What it has got and not ended.
    held: VecDeque<Held>,
    asked: Asked,
}

#[derive(Clone, Debug)]
struct Held {
    jid: String,
    fails: bool,
    /// Whether it was said before that it is ended, and that was not answered.
    said: bool,
}

#[derive(Debug)]
enum Asked {
    Nothing,
    Fetch,
    End(Held),
}

impl Worker {
    pub(crate) fn new(index: usize) -> Self {
        Self {
            wid: format!("worker-{index}"),
            held: VecDeque::new(),
            asked: Asked::Nothing,
        }
    }

    pub(crate) fn next(&mut self, server: ServerId, history: &mut History) -> Option<Op> {
        let Some(held) = self.held.pop_front() else {
            self.asked = Asked::Fetch;
            return Some(ops::fetch(&self.wid, server));
        };
        let op = match held.fails {
            false => {
                history.ack_sent(&held.jid);
                ops::ack(&held.jid, &self.wid)
            }
            true => match ops::fail(&held.jid, &self.wid) {
                Ok(op) => {
                    history.fail_sent(&held.jid);
                    op
                }
                Err(error) => {
                    history.fault(error.to_string());
                    return None;
                }
            },
        };
        self.asked = Asked::End(held);
        Some(op)
    }

    /// Takes an answer; tells for how long it is busy then.
    pub(crate) fn answered(
        &mut self,
        outcome: Outcome,
        place: Place,
        now: u64,
        rng: &mut SmallRng,
        history: &mut History,
    ) -> Option<u64> {
        let asked = std::mem::replace(&mut self.asked, Asked::Nothing);
        match (asked, outcome) {
            (Asked::Fetch, Outcome::Job(job)) => {
                return Some(self.take(&job, place, now, rng, history));
            }
            (Asked::Fetch, Outcome::Nothing) => {}
            (Asked::End(held), Outcome::Ok) => {
                if !held.fails {
                    history.ack_answered(&held.jid, &self.wid);
                }
            }
            (Asked::End(held), Outcome::Refused(error)) => {
                history.end_refused(&held.jid, &self.wid, held.said, &error.text);
            }
            (asked, outcome) => history.fault(format!("{asked:?} is answered {outcome:?}")),
        }
        None
    }

    fn take(
        &mut self,
        job: &FetchedJob,
        place: Place,
        now: u64,
        rng: &mut SmallRng,
        history: &mut History,
    ) -> u64 {
        let payload: Value = serde_json::from_slice(&job.body).unwrap_or_default();
        let jid = payload
            .get("jid")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let jobtype = payload
            .get("jobtype")
            .and_then(Value::as_str)
            .unwrap_or_default();
        history.started(jid, jobtype, &self.wid, place, now);
        self.held.push_back(Held {
            jid: jid.to_owned(),
            // Unique jobs and cron's always succeed, so that they come to an end.
            fails: jobtype == "Sim" && rng.random_bool(0.02),
            said: false,
        });
        match rng.random_bool(0.003) {
            // Longer than a worker may be silent.
            true => 100 * SECOND,
            false => rng.random_range(MILLIS..30 * MILLIS),
        }
    }

    /// The server is gone. What was fetched on the way is nobody's business; what was ended is ended again.
    pub(crate) fn unanswered(&mut self) {
        if let Asked::End(held) = std::mem::replace(&mut self.asked, Asked::Nothing) {
            self.held.push_front(Held { said: true, ..held });
        }
    }
}
