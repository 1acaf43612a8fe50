//! REQUEUE: a job that a worker has goes back to the front of its queue, as if it had not been handed out.

use workmill_store::{JobKey, JobRecord, Release, Reservation, StoreError, Tx};

use super::corrupt::quarantine;
use super::held::{Held, ReservationsByJid};
use super::tombstones;
use crate::group::Group;
use crate::op::{Op, Request, Requeue};
use crate::step::{Cause, Execution, What};

impl<T: Tx> Group<'_, T> {
    /// A run of REQUEUEs. Any connection may ask for it.
    pub(crate) fn requeue(&mut self, run: &[Request]) -> Result<(), StoreError> {
        let requeues: Vec<(&Request, &Requeue)> = run
            .iter()
            .filter_map(|request| match &request.op {
                Op::Requeue(requeue) => Some((request, requeue)),
                _ => None,
            })
            .collect();
        let jids = requeues.iter().map(|(_, requeue)| &*requeue.jid).collect();
        let mut by_jid = ReservationsByJid::read(self.tx, jids)?.revoking();
        let (mut asking, mut reservations) = (Vec::new(), Vec::new());
        for (request, Requeue { jid, wid }) in requeues {
            match by_jid.take(self.tx, jid, wid)? {
                Some(held) => {
                    asking.push(request);
                    reservations.push(held.clone());
                }
                None => {
                    let text = format!("there is no reservation for job {jid}");
                    self.answers.refuse(request.ticket, text);
                }
            }
        }
        let held = Held::read(self.tx, &mut self.budget, reservations)?;
        self.answers.give_first(&asking, held.len());
        self.requeue_held(held, Cause::Client)
    }

    /// Ends reservations against their workers' will and puts their jobs back to the front.
    pub(super) fn requeue_held(&mut self, held: Vec<Held>, cause: Cause) -> Result<(), StoreError> {
        let TakenBack { sound, lost, dead } = self.take_back(held)?;
        let mut releases = Vec::with_capacity(sound.len());
        for (reservation, record) in sound {
            let execution = Some(Execution::from(&reservation));
            self.step(What::CameBack, cause, &record, execution)?;
            let record = JobRecord {
                enqueued_at: Some(self.now.wall),
                ..record
            };
            releases.push(Release {
                key: reservation.key,
                record: Some(record),
            });
        }
        self.put_back(&releases)?;
        self.void_executions(&lost)?;
        self.bury(dead)
    }

    /// Takes jobs from their workers: what becomes of those that can be read is the caller's business.
    pub(super) fn take_back(&mut self, held: Vec<Held>) -> Result<TakenBack, StoreError> {
        // A worker may not know, or ACK what it has requeued: that must not end the next reservation.
        tombstones::put(self.tx, self.now.steady, &held)?;
        self.prefetch(held.iter().filter_map(Held::record))?;
        let mut taken = TakenBack::default();
        for Held { reservation, job } in held {
            match job {
                Some(Ok(record)) => {
                    taken.sound.push((reservation, record));
                    continue;
                }
                Some(Err(corrupt)) => {
                    quarantine(self.tx, self.now.wall, None, &corrupt, &mut taken.dead)?;
                }
                None => {}
            }
            taken.lost.push(reservation.key);
        }
        Ok(taken)
    }
}

/// Jobs that were taken from their workers.
#[derive(Default)]
pub(super) struct TakenBack {
    pub(super) sound: Vec<(Reservation, JobRecord)>,
    /// Those that cannot be read, or that the database has lost.
    pub(super) lost: Vec<JobKey>,
    /// What is to be buried of them.
    pub(super) dead: Vec<JobRecord>,
}
