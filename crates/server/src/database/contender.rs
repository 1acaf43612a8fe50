//! One that may come to lead on a database.

use std::process;
use std::time::Instant;

use anyhow::Context as _;
use workmill_cluster::{Candidate, Epoch, LeaderRow, Step};
use workmill_store::LeaseError;
use workmill_store::postgres::{Claim, PostgresLease, PostgresStore, Target};

use super::renewed::RenewedLease;
use crate::clock;
use crate::cluster::News;
use crate::settings::Binding;
use crate::term::Opened;

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
    started_at: Instant,
}

/// The right to write, and what is written to.
pub(crate) struct Reign {
    pub(crate) lease: RenewedLease,
    pub(crate) opened: Opened<PostgresStore>,
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
            // Nobody else says the same of itself, nor does this server after a restart.
            holder: format!(
                "pid {}, {binding}, run {:08x}",
                process::id(),
                rand::random::<u32>()
            ),
            address: address.to_owned(),
            claim: None,
            candidate: Candidate::default(),
            started_at: Instant::now(),
        }
    }

    /// Looks who leads, and tells what to do. Connecting is to an address as others have written it.
    ///
    /// # Errors
    /// The database cannot be asked.
    pub(crate) fn look(&mut self) -> Result<Step<String>, LeaseError> {
        let begun = self.started_at.elapsed();
        let claim = self.lease.claim()?;
        // This one does not lead while it looks who does, whatever it has written.
        let is_free = claim.ended || claim.holder == self.holder;
        let row = LeaderRow {
            epoch: Epoch(claim.epoch.number()),
            holder: (!is_free).then(|| claim.address.clone()),
            renewals: claim.until.cast_unsigned(),
        };
        self.claim = Some(claim);
        let ended = self.started_at.elapsed();
        Ok(self.candidate.observe(row, begun, ended))
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
        let vanished = !claim.ended && claim.holder != self.holder;
        let vanished = vanished.then(|| claim.holder.clone());
        let next = PostgresLease::new(&self.target).reached_at(&self.address);
        let lease = std::mem::replace(&mut self.lease, next);
        // Before the store is open: that may take longer than the lease lasts. If it fails, the lease is given up.
        let lease = RenewedLease::start(lease).context("cannot start to renew the lease")?;
        let store = PostgresStore::open(&self.target, epoch).context("cannot open the database")?;
        Ok(Some(Reign {
            opened: Opened::load(store)?,
            lease,
            epoch: Epoch(epoch.number()),
            vanished,
        }))
    }
}
