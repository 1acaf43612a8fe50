//! Reservations: whose one an ACK or FAIL means, what ends them, and what comes back undelivered.

use std::collections::BTreeSet;

use workmill_store::{
    JobKey, JobRecord, Place, Release, Reservation, ReservationsOf, StoreError, StoredJob,
    Tombstone, Tx,
};

use super::report::Report;
use crate::group::Group;
use crate::limits::{RESERVATION_SLICE_JOBS, RESERVATIONS_MAX};
use crate::op::{Op, Request};
use crate::outcome::Outcome;
use crate::step::{Cause, Execution, What};

/// What Faktory reports of a job whose worker kept it too long; operators search for it.
const EXPIRED: Report<'static> = Report {
    errtype: "ReservationExpired",
    message: "Faktory job reservation expired",
    backtrace: &[],
};

/// A reservation and its job; no job if the database has lost it.
pub(super) struct Held {
    pub(super) reservation: Reservation,
    pub(super) job: Option<StoredJob>,
}

impl Held {
    /// The job, if it can be read.
    pub(super) fn record(&self) -> Option<&JobRecord> {
        self.job.as_ref()?.as_ref().ok()
    }
}

/// The reservations of some job ids, by id, then oldest first, and whether each has been given out: that happens once.
pub(crate) struct Holdings {
    held: Vec<(Reservation, bool)>,
    /// Whether each that is given out will leave a tombstone.
    are_revoked: bool,
}

impl Holdings {
    /// The reservations of these job ids.
    pub(crate) fn read<T: Tx>(tx: &mut T, mut jids: Vec<&str>) -> Result<Self, StoreError> {
        jids.sort_unstable();
        jids.dedup();
        let held = tx.reservations(ReservationsOf::Jids(&jids))?;
        Ok(Self {
            held: held.into_iter().map(|held| (held, false)).collect(),
            are_revoked: false,
        })
    }

    /// Those that are taken are about to be revoked: a worker that asks for the same again has lost it by then.
    pub(crate) fn revoking(mut self) -> Self {
        self.are_revoked = true;
        self
    }

    /// Takes the reservation that a worker means by this job id: the one it holds; none, if one it held
    /// has ended against its will, because the job is somebody else's by now; else the oldest.
    pub(crate) fn take<T: Tx>(
        &mut self,
        tx: &mut T,
        jid: &str,
        wid: &str,
    ) -> Result<Option<&Reservation>, StoreError> {
        let start = self.held.partition_point(|(held, _)| &*held.jid < jid);
        let of_job = self.held.iter_mut().skip(start);
        let of_job = of_job.take_while(|(held, _)| &*held.jid == jid);
        let (mut oldest, mut own, mut has_lost) = (None, None, false);
        for (held, given_out) in of_job {
            let is_own = &*held.wid == wid;
            if *given_out {
                has_lost |= is_own && self.are_revoked;
            } else if own.is_none() && is_own {
                own = Some((held, given_out));
            } else if oldest.is_none() {
                oldest = Some((held, given_out));
            }
        }
        let of_another = own.is_none();
        let Some((held, given_out)) = own.or(oldest) else {
            return Ok(None);
        };
        if of_another && !wid.is_empty() && (has_lost || has_tombstone(tx, jid, wid)?) {
            return Ok(None);
        }
        *given_out = true;
        Ok(Some(held))
    }
}

/// Whether a worker has lost a reservation of this job, so that its word is late.
fn has_tombstone<T: Tx>(tx: &mut T, jid: &str, wid: &str) -> Result<bool, StoreError> {
    let found = tx.get::<Tombstone>(&[(jid.into(), wid.into())])?;
    Ok(found.iter().any(Option::is_some))
}

impl<T: Tx> Group<'_, T> {
    /// Ends reservations whose time is over: each counts as a failure. Tells whether there may be more.
    pub(crate) fn expire_reservations(&mut self) -> Result<bool, StoreError> {
        if self.tx.size(&Place::Working)? >= RESERVATIONS_MAX {
            tracing::warn!(
                "{RESERVATIONS_MAX} jobs are reserved: nothing is handed out until workers ACK or FAIL"
            );
        }
        if !self.grace_over {
            return Ok(false);
        }
        let ending = self.tx.reservations(ReservationsOf::EndingBy(
            self.now.steady,
            RESERVATION_SLICE_JOBS,
        ))?;
        if ending.is_empty() {
            return Ok(false);
        }
        let held = self.read_held(ending)?;
        self.put_tombstones(&held)?;
        self.fail_held(
            held.into_iter().map(|held| (held, EXPIRED)).collect(),
            Cause::Time,
        )?;
        Ok(true)
    }

    /// A run of NACKs: puts jobs back that were reserved for clients they did not reach. It is as if they had never been
    /// handed out, unless the reservation has ended or passed to somebody else meanwhile.
    pub(crate) fn nack(&mut self, run: &[Request]) -> Result<(), StoreError> {
        let mut undelivered = BTreeSet::new();
        let mut keys = Vec::with_capacity(run.len());
        for request in run {
            if let Op::Nack(tags) = &request.op {
                undelivered.extend(tags.iter().map(|tag| (tag.key, tag.reserved_at)));
                keys.extend(tags.iter().map(|tag| tag.key));
            }
            self.answers.give(request.ticket, Outcome::Ok);
        }
        let mut held = self.tx.reservations(ReservationsOf::Keys(&keys))?;
        // A job that is named twice is given back once.
        held.retain(|held| undelivered.remove(&(held.key, held.reserved_at)));
        if held.is_empty() {
            return Ok(());
        }
        let with_features = held.iter().filter(|held| held.has_features);
        let keys_with_features: Vec<JobKey> = with_features.clone().map(|held| held.key).collect();
        let keys: Vec<JobKey> = held.iter().map(|held| held.key).collect();
        self.memory
            .slots
            .refund(self.tx, self.now.steady, self.rules, &keys)?;
        let heads = self.tx.working_heads(&keys_with_features)?;
        self.prefetch(heads.iter().filter_map(|(_, job)| job.as_ref().ok()))?;
        for ((_, job), held) in heads.iter().zip(with_features) {
            if let Ok(record) = job {
                let execution = Some(Execution::from(held));
                self.step(What::CameBack, Cause::Undelivered, record, execution)?;
            }
        }
        let as_it_is = |key| Release { key, record: None };
        self.put_back(&keys.into_iter().map(as_it_is).collect::<Vec<_>>())
    }

    /// Remembers that workers lost these reservations, so that their late word is not taken for another's.
    pub(super) fn put_tombstones(&mut self, held: &[Held]) -> Result<(), StoreError> {
        let lost = held.iter().map(|held| &held.reservation);
        let lost = lost.filter(|lost| !lost.wid.is_empty());
        let tombstone = Tombstone {
            at: self.now.steady,
        };
        let tombstones: Vec<_> = lost
            .map(|lost| ((lost.jid.clone(), lost.wid.clone()), tombstone))
            .collect();
        match tombstones.is_empty() {
            true => Ok(()),
            false => self.tx.put(&tombstones),
        }
    }

    /// Reads the jobs of reservations that are to be written anew: the first of them, as many as the group may still write.
    pub(super) fn read_held(
        &mut self,
        reservations: Vec<Reservation>,
    ) -> Result<Vec<Held>, StoreError> {
        let keys: Vec<JobKey> = reservations.iter().map(|held| held.key).collect();
        let mut reservations = reservations.into_iter();
        let mut read: Vec<Held> = Vec::with_capacity(keys.len());
        while self.budget.may_rewrite()
            && let Some(rest @ [_, ..]) = keys.get(read.len()..)
        {
            let jobs = self.tx.working_jobs(rest)?;
            if jobs.is_empty() {
                let lost = reservations.by_ref().map(|reservation| Held {
                    reservation,
                    job: None,
                });
                read.extend(lost);
            }
            for (key, job) in jobs {
                if !self.budget.may_rewrite() {
                    break;
                }
                self.budget
                    .note_rewritten(job.as_ref().map_or(0, |record| record.body.len()));
                for reservation in reservations.by_ref() {
                    let is_found = reservation.key == key;
                    read.push(Held {
                        reservation,
                        job: None,
                    });
                    if is_found {
                        break;
                    }
                }
                if let Some(held) = read.last_mut() {
                    held.job = Some(job);
                }
            }
        }
        Ok(read)
    }
}
