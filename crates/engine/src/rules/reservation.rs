//! Reservations that end by themselves: their time is over, or their jobs come back undelivered.

use std::collections::BTreeSet;

use workmill_store::{JobKey, Place, Release, ReservationsOf, StoreError, Tx};

use super::held::Held;
use super::report::Report;
use super::tombstones;
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
        let held = Held::read(self.tx, &mut self.budget, ending)?;
        tombstones::put(self.tx, self.now.steady, &held)?;
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
}
