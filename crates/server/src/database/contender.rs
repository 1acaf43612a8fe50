//! One that may come to lead on a database.

use std::process;
use std::time::Instant;

use anyhow::Context as _;
use workmill_cluster::{Candidate, Epoch, LeaderRow, Step};
use workmill_store::postgres::{Claim, PostgresLease, PostgresStore, Target};
use workmill_store::{Lease as _, LeaseError};

use super::renewed::RenewedLease;
use crate::clock;
use crate::cluster::News;
use crate::settings::Binding;

/// Watches who leads on a database, and takes over when nobody does any more. Asking the database holds the thread up.
#[derive(Debug)]
pub(crate) struct Contender {
    target: Target,
    lease: PostgresLease,
    /// What this one says of itself, for the others' logs.
    holder: String,
    address: String,
    claim: Option<Claim>,
    candidate: Candidate<String>,
    /// The last epoch in which this one led: not any more, or it would not look who does.
    reigned: Option<u64>,
    started_at: Instant,
}

/// The right to write, and what is written to.
#[derive(Debug)]
pub(crate) struct Reign {
    pub(crate) lease: RenewedLease,
    pub(crate) store: PostgresStore,
    pub(crate) epoch: Epoch,
    /// Who led before, and did not resign.
    pub(crate) vanished: Option<String>,
}

impl Contender {
    /// One that listens for clients at `binding`, and that other servers reach at `address`, `host:port`, or nowhere if that is
    /// empty.
    pub(crate) fn new(target: &Target, binding: &Binding, address: &str) -> Self {
        Self {
            target: target.clone(),
            lease: PostgresLease::new(target).reached_at(address),
            holder: format!("pid {}, {binding}", process::id()),
            address: address.to_owned(),
            claim: None,
            candidate: Candidate::default(),
            reigned: None,
            started_at: Instant::now(),
        }
    }

    /// Looks who leads, and tells what to do. Connecting is to an address as others have written it.
    ///
    /// # Errors
    /// The database cannot be asked.
    pub(crate) fn look(&mut self) -> Result<Step<String>, LeaseError> {
        let claim = self.lease.claim()?;
        let now = self.started_at.elapsed();
        let epoch = claim.epoch.number();
        let is_over = claim.ended || self.reigned == Some(epoch);
        let row = LeaderRow {
            epoch: Epoch(epoch),
            holder: (!is_over).then(|| claim.address.clone()),
            renewals: claim.until.cast_unsigned(),
        };
        self.candidate.observe(row, now);
        self.claim = Some(claim);
        Ok(self.candidate.step(now))
    }

    /// Who leads, by the last look.
    pub(crate) fn claim(&self) -> Option<&Claim> {
        self.claim.as_ref()
    }

    /// Takes in what became of the link to the one that leads.
    pub(crate) fn note(&mut self, news: News) {
        match news {
            News::Linked(epoch) => self.candidate.linked(epoch),
            News::Unlinked(epoch, loss) => self.candidate.unlinked(epoch, loss),
        }
    }

    /// Takes over from the one who led by the last look, and opens the store. None if somebody else was faster.
    ///
    /// # Errors
    /// The database cannot be asked, or the store not be opened; then the lease is free again, if that could be said.
    pub(crate) fn take_over(&mut self) -> anyhow::Result<Option<Reign>> {
        let claim = self.claim.as_ref().context("nobody has looked who leads")?;
        let taken = self.lease.take_over(claim, &self.holder, clock::wall())?;
        let Some(epoch) = taken else { return Ok(None) };
        self.reigned = Some(epoch.number());
        let vanished = !claim.ended && claim.epoch.number() > 0;
        let vanished = vanished.then(|| claim.holder.clone());
        let next = PostgresLease::new(&self.target).reached_at(&self.address);
        let lease = std::mem::replace(&mut self.lease, next);
        // Before the store is open: that may take longer than the lease lasts.
        let mut lease = RenewedLease::start(lease).context("cannot start to renew the lease")?;
        let opened = PostgresStore::open(&self.target, epoch);
        if opened.is_err() {
            lease.resign().ok();
        }
        Ok(Some(Reign {
            store: opened.context("cannot open the database")?,
            lease,
            epoch: Epoch(epoch.number()),
            vanished,
        }))
    }
}
