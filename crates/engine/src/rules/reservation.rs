//! Reservations: whose one an ACK or FAIL means, what ends one, and what comes back undelivered.

use workmill_store::{JobKey, Release, Reservation, StoreError, Tombstone, Tx};

use super::report::Report;
use crate::group::Group;
use crate::limits::{RESERVATION_SLICE_JOBS, RESERVATIONS_MAX};
use crate::op::{DeliveryTag, Ticket};
use crate::outcome::Outcome;

/// What Faktory reports of a job whose worker kept it too long; operators search for it.
const EXPIRED: Report<'static> = Report {
    errtype: "ReservationExpired",
    message: "Faktory job reservation expired",
    backtrace: &[],
};

/// The reservations of some job ids, by id, then oldest first, and whether each has been given out: that happens once.
pub(crate) struct Holdings(Vec<(Reservation, bool)>);

impl Holdings {
    pub(crate) fn read<T: Tx>(tx: &mut T, jids: &[&str]) -> Result<Self, StoreError> {
        let mut held = tx.reservations_of_jids(jids)?;
        // Stable, and as a rule in order already.
        held.sort_by(|held, other| held.jid.cmp(&other.jid));
        Ok(Self(held.into_iter().map(|held| (held, false)).collect()))
    }

    /// Takes the reservation that a worker means by this job id: the one it holds; none, if one it held
    /// has ended against its will, because the job is somebody else's by now; else the oldest.
    pub(crate) fn take<T: Tx>(
        &mut self,
        tx: &mut T,
        jid: &str,
        wid: &str,
    ) -> Result<Option<&Reservation>, StoreError> {
        let start = self.0.partition_point(|(held, _)| &*held.jid < jid);
        let of_job = self.0.iter_mut().skip(start);
        let of_job = of_job.take_while(|(held, _)| &*held.jid == jid);
        let (mut oldest, mut own) = (None, None);
        for (held, given_out) in of_job.filter(|(_, given_out)| !given_out) {
            if own.is_none() && &*held.wid == wid {
                own = Some((held, given_out));
            } else if oldest.is_none() {
                oldest = Some((held, given_out));
            }
        }
        let of_another = own.is_none();
        let Some((held, given_out)) = own.or(oldest) else {
            return Ok(None);
        };
        if of_another && !wid.is_empty() && tx.has_tombstone(jid, wid)? {
            return Ok(None);
        }
        *given_out = true;
        Ok(Some(held))
    }
}

impl<T: Tx> Group<'_, T> {
    /// Ends reservations whose time is over: each counts as a failure. Tells whether there may be more.
    pub(crate) fn expire_reservations(&mut self) -> Result<bool, StoreError> {
        if self.tx.reserved_count()? >= RESERVATIONS_MAX {
            tracing::warn!(
                "{RESERVATIONS_MAX} jobs are reserved: nothing is handed out until workers ACK or FAIL"
            );
        }
        if !self.grace_over {
            return Ok(false);
        }
        let ending = self
            .tx
            .reservations_ending(self.steady, RESERVATION_SLICE_JOBS)?;
        for reservation in &ending {
            if self.has_rewritten_enough() {
                break;
            }
            self.put_tombstone(reservation)?;
            self.fail_reserved(reservation.key, &EXPIRED)?;
        }
        Ok(!ending.is_empty())
    }

    /// Puts jobs back that were reserved for clients they did not reach. It is as if they had never been
    /// handed out, unless the reservation has ended or passed to somebody else meanwhile.
    pub(crate) fn nack(&mut self, ticket: Ticket, tags: &[DeliveryTag]) -> Result<(), StoreError> {
        for tag in tags {
            let held = self.tx.reservations_by_key(&[tag.key])?;
            if held.iter().any(|held| held.reserved_at == tag.reserved_at) {
                self.refund(tag.key)?;
                self.release(Release {
                    key: tag.key,
                    record: None,
                })?;
            }
        }
        self.answer(ticket, Outcome::Ok);
        Ok(())
    }

    /// Ends a reservation and puts its job back to the front.
    pub(crate) fn release(&mut self, release: Release) -> Result<(), StoreError> {
        let stored = match &release.record {
            Some(_) => None,
            None => self.tx.working_heads(&[release.key])?.pop(),
        };
        let stored = stored.and_then(|(_, job)| job.ok());
        let mut queue = None;
        if let Some(record) = release.record.as_ref().or(stored.as_ref()) {
            self.came_back(record)?;
            queue = Some(record.queue.clone());
        }
        self.tx.release(&[release])?;
        if let Some(queue) = queue {
            self.make_ready(&queue);
        }
        Ok(())
    }

    /// Ends reservations, or claims, whose jobs do not go back to their queues.
    pub(crate) fn end_reservations(&mut self, keys: &[JobKey]) -> Result<(), StoreError> {
        self.free_slots(keys)?;
        self.tx.finish(keys)
    }

    /// Remembers that a worker lost a reservation, so that its late word is not taken for another's.
    pub(crate) fn put_tombstone(&mut self, reservation: &Reservation) -> Result<(), StoreError> {
        if reservation.wid.is_empty() {
            return Ok(());
        }
        self.tx.put_tombstones(&[Tombstone {
            jid: reservation.jid.clone(),
            wid: reservation.wid.clone(),
            at: self.steady,
        }])
    }
}
