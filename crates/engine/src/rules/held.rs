//! Reservations as those see them who end them: whose one a worker means, and with it its job.

use workmill_store::{JobKey, JobRecord, Reservation, ReservationsOf, StoreError, StoredJob, Tx};

use super::tombstones;
use crate::budget::Budget;

/// A reservation and its job; no job if the database has lost it.
pub(super) struct Held {
    pub(super) reservation: Reservation,
    pub(super) job: Option<StoredJob>,
}

impl Held {
    /// Reads the jobs of reservations that are to be rewritten: the first of them, as many as the group may still write.
    pub(super) fn read<T: Tx>(
        tx: &mut T,
        budget: &mut Budget,
        reservations: Vec<Reservation>,
    ) -> Result<Vec<Self>, StoreError> {
        let keys: Vec<JobKey> = reservations.iter().map(|held| held.key).collect();
        let mut reservations = reservations.into_iter();
        let mut read: Vec<Held> = Vec::with_capacity(keys.len());
        while budget.may_rewrite()
            && let Some(rest @ [_, ..]) = keys.get(read.len()..)
        {
            let jobs = tx.working_jobs(rest)?;
            if jobs.is_empty() {
                let lost = reservations.by_ref().map(|reservation| Held {
                    reservation,
                    job: None,
                });
                read.extend(lost);
            }
            for (key, job) in jobs {
                if !budget.may_rewrite() {
                    break;
                }
                budget.note_rewritten(job.as_ref().map_or(0, JobRecord::bytes));
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

    /// The job, if it can be read.
    pub(super) fn record(&self) -> Option<&JobRecord> {
        self.job.as_ref()?.as_ref().ok()
    }
}

/// The reservations of some job ids, by id, then oldest first, and whether each has been given out: that happens once.
pub(super) struct ReservationsByJid {
    held: Vec<(Reservation, bool)>,
    /// Whether each that is given out will leave a tombstone.
    are_revoked: bool,
}

impl ReservationsByJid {
    /// The reservations of these job ids.
    pub(super) fn read<T: Tx>(tx: &mut T, mut jids: Vec<&str>) -> Result<Self, StoreError> {
        jids.sort_unstable();
        jids.dedup();
        let held = tx.reservations(ReservationsOf::Jids(&jids))?;
        Ok(Self {
            held: held.into_iter().map(|held| (held, false)).collect(),
            are_revoked: false,
        })
    }

    /// Those that are taken are about to be revoked: a worker that asks for the same again has lost it by then.
    pub(super) fn revoking(mut self) -> Self {
        self.are_revoked = true;
        self
    }

    /// Takes the reservation that a worker means by this job id: the one it holds; none, if one it held
    /// has ended against its will, because the job is somebody else's by now; else the oldest.
    pub(super) fn take<T: Tx>(
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
        if of_another && !wid.is_empty() && (has_lost || tombstones::is_there(tx, jid, wid)?) {
            return Ok(None);
        }
        *given_out = true;
        Ok(Some(held))
    }
}
