//! What the model expects of one act.

use workmill_engine::{BatchOp, BatchReport, ChangePlaces, NewBatch, NewJob, Op, Outcome};
use workmill_proto::{Job as Payload, Timestamp};
use workmill_store::{BatchDetails, CallbackState, JobLock};

use crate::acts::{Act, BatchAct, Expires, Push, TrackAct};
use crate::answers::Expected;
use crate::backing::Backing;
use crate::naive::{Callback, Job, Mutant};
use crate::ops::number_of;
use crate::predict::Expectations;
use crate::runner::Runner;

/// How far ahead the end of a reservation may be moved, in seconds.
const EXTENDED_SECS_MAX: i64 = 24 * 3_600;

impl<B: Backing> Runner<B> {
    pub fn predict_act(
        &mut self,
        act: &Act,
        op: &Op,
        outcome: Option<&Outcome>,
        expected: &mut Expectations,
    ) -> Result<Expected, String> {
        let done = match (act, op) {
            (Act::Push(push), Op::Push(job)) => self.push(push, job),
            (Act::PushBulk(pushes), Op::PushBulk(bulk)) => {
                let mut refused = Vec::new();
                for (push, item) in pushes.iter().zip(bulk.jobs.iter()) {
                    if !self.push(push, item.as_ref().unwrap()) {
                        refused.push(push.jid.clone());
                    }
                }
                refused.sort();
                return Ok(Expected::Refusals(refused));
            }
            (Act::Ack { jid, wid }, _) => {
                self.naive.ack(jid, wid);
                true
            }
            (Act::Fail { jid, wid }, _) => self.naive.fail(jid, wid),
            (Act::Requeue { jid, wid }, _) => self.naive.requeue(jid, wid),
            (Act::Nack { .. }, Op::Nack(tags)) => {
                let tag = tags[0];
                self.naive.give_back(tag.key.0, tag.reserved_at);
                true
            }
            (Act::Forget { .. }, Op::Forget(forgotten)) => {
                let waiting = &mut self.naive.waiting;
                for gone in waiting.extract_if(.., |waiting| waiting.ticket == forgotten.0) {
                    expected.insert(gone.ticket, Expected::Nothing);
                }
                true
            }
            (Act::Batch(batch), Op::Batch(op)) => return self.predict_batch(batch, op, outcome),
            (Act::Track(track), _) => match track {
                TrackAct::Get(jid) => return Ok(Expected::Track(self.naive.known_track(jid))),
                TrackAct::Set { .. } => {
                    self.update_track(track);
                    true
                }
            },
            (Act::Info, _) => return Ok(Expected::Totals),
            _ => return self.predict_operator(act, op),
        };
        Ok(if done {
            Expected::Ok
        } else {
            Expected::Refused
        })
    }

    /// What an operator does.
    fn predict_operator(&mut self, act: &Act, op: &Op) -> Result<Expected, String> {
        match act {
            Act::Mutate {
                verb,
                place,
                jids,
                operates,
            } => {
                let action = operates.then(|| self.naive.act());
                self.naive.mutate(*verb, place, jids.as_deref(), action);
                if *operates {
                    return Ok(Expected::Operated);
                }
            }
            Act::Undo { .. } => {
                let Op::Mutate(mutate) = op else {
                    return Err("an undo is a change".to_owned());
                };
                // The actions were counted when the op was made.
                let ChangePlaces::Trash(Some(action)) = mutate.change.places else {
                    return Err("an undo looks into the trash".to_owned());
                };
                let undone = self.naive.undo(action);
                return Ok(undone.map_or(Expected::Refused, Expected::Undone));
            }
            Act::Pause(queue) => self.naive.queue(queue).paused = true,
            Act::Resume(queue) => {
                if let Some(queue) = self.naive.queues.get_mut(*queue) {
                    queue.paused = false;
                }
            }
            Act::Remove(queue) => self.naive.remove_queue(queue),
            Act::Flush => self.naive.flush(),
            _ => return Err("an act and an op that do not belong together".to_owned()),
        }
        Ok(Expected::Ok)
    }

    fn push(&mut self, push: &Push, new: &NewJob) -> bool {
        let job = self.job_of(push, &new.record.body);
        let at = self.moment(push.at_secs);
        let batch = match push.batch {
            None => None,
            Some(_) => {
                // The batches were counted when the op was made.
                let bid = new.record.features.as_ref().unwrap().batch.unwrap().bid;
                let known = self.naive.batches.iter().position(|batch| batch.bid == bid);
                if known.is_none() {
                    return false;
                }
                known
            }
        };
        self.naive.push(job, batch, at)
    }

    fn moment(&self, secs: Option<i64>) -> Option<Timestamp> {
        secs.map(|secs| self.naive.wall().plus_secs(secs))
    }

    /// The job of a payload, as the model sees it.
    fn job_of(&self, push: &Push, body: &[u8]) -> Job {
        let (wall, now) = (self.naive.wall(), self.naive.now);
        let mutant = self.naive.mutant;
        let delay_secs = push.at_secs.unwrap_or(0).max(0);
        let delay = |ignoring: Mutant| if mutant == ignoring { 0 } else { delay_secs };
        let key = || Payload::parse(body).unwrap().unique_key().unwrap();
        Job {
            number: number_of(body),
            jid: push.jid.clone(),
            queue: push.queue.to_owned(),
            retry: push.retry,
            delay_secs: push.delay_secs,
            reserve_for_secs: push.reserve_for_secs,
            expires_at: push.expires.map(|expires| match expires {
                Expires::In(secs) => wall.plus_secs(delay(Mutant::ExpiryFromNow) + secs),
                Expires::At(secs) => wall.plus_secs(secs),
            }),
            lock: push.unique.map(|(secs, until_start)| JobLock {
                key: key(),
                ends_at: now.plus_secs(delay(Mutant::LockWithoutTheDelay) + secs),
                until_start,
                pushing: 0,
            }),
            tracked: push.tracked,
            ..Job::default()
        }
    }

    fn predict_batch(
        &mut self,
        act: &BatchAct,
        op: &BatchOp,
        outcome: Option<&Outcome>,
    ) -> Result<Expected, String> {
        let index_of = |bid| {
            let alive = |batch: &crate::naive::Batch| batch.bid == bid && !batch.gone;
            self.naive.batches.iter().position(alive)
        };
        let named = match op {
            BatchOp::New(new) => new.parent.map(index_of),
            BatchOp::Open(bid) | BatchOp::Commit(bid) | BatchOp::Status(bid) => {
                Some(index_of(*bid))
            }
            BatchOp::Child { parent, child } => {
                Some(index_of(*child).and_then(|_| index_of(*parent)))
            }
        };
        let Some(index) = named.unwrap_or(Some(0)) else {
            return Ok(Expected::Refused);
        };
        Ok(match op {
            BatchOp::New(new) => {
                let Some(Outcome::Bid(bid)) = outcome else {
                    return Err(format!("BATCH NEW got {outcome:?}"));
                };
                if self
                    .naive
                    .batches
                    .iter()
                    .any(|batch| batch.bid.id == bid.id)
                {
                    return Err(format!("{bid} is another batch's number"));
                }
                let (complete, success) = self.callbacks(act, new);
                let description = new.description.clone();
                self.naive
                    .make_batch(*bid, description, complete, success, named.flatten());
                Expected::Bid(*bid)
            }
            BatchOp::Open(bid) => Expected::Bid(*bid),
            BatchOp::Commit(_) => {
                self.naive.commit_batch(index);
                Expected::Ok
            }
            BatchOp::Status(_) => Expected::Batch(self.batch_report(index)),
            BatchOp::Child { child, .. } => {
                let child = index_of(*child).unwrap();
                match self.naive.adopt(index, child) {
                    true => Expected::Ok,
                    false => Expected::Refused,
                }
            }
        })
    }

    fn callbacks(&self, act: &BatchAct, new: &NewBatch) -> (Callback, Callback) {
        let BatchAct::New {
            complete, success, ..
        } = act
        else {
            unreachable!("only a new batch has callbacks")
        };
        let callback = |push: &Option<Box<Push>>, payload: &Option<Vec<u8>>| Callback {
            state: match push {
                Some(_) => CallbackState::Waiting,
                None => CallbackState::Absent,
            },
            job: push
                .as_ref()
                .zip(payload.as_deref())
                .map_or_else(Job::default, |(push, body)| {
                    let job = self.job_of(push, body);
                    Job { lock: None, ..job }
                }),
            at: push.as_ref().and_then(|push| self.moment(push.at_secs)),
            expires_in_secs: push.as_ref().and_then(|push| match push.expires {
                Some(Expires::In(secs)) => Some(secs),
                _ => None,
            }),
        };
        (
            callback(complete, &new.complete),
            callback(success, &new.success),
        )
    }

    fn batch_report(&self, index: usize) -> BatchReport {
        let batch = &self.naive.batches[index];
        BatchReport {
            bid: batch.bid,
            parent: self.naive.first_parent(index),
            details: BatchDetails {
                description: batch.description.clone(),
                created_at: batch.created_at,
            },
            state: self.naive.batch_state(index),
        }
    }

    fn update_track(&mut self, act: &TrackAct) {
        let TrackAct::Set {
            jid,
            wid,
            percent,
            desc,
            reserve_until_secs,
        } = act
        else {
            return;
        };
        if let Some(secs) = reserve_until_secs {
            let until = self.naive.now.plus_secs((*secs).min(EXTENDED_SECS_MAX));
            self.naive.extend(jid, wid, until);
        }
        self.naive.update_track(jid, *percent, desc.as_deref());
    }
}
