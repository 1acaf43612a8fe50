//! The database that jobs are kept in, where that is not a file: the lease on it, and the store.

use std::process;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, bail};
use tokio::time::{Instant, sleep};
use workmill_proto::Timestamp;
use workmill_store::postgres::{PostgresLease, PostgresStore, Target};
use workmill_store::{Acquired, Lease, LeaseError, Predecessor};

use crate::clock;
use crate::settings::Binding;

/// How often the lease is renewed: twice before it runs out.
const RENEWAL_INTERVAL: Duration = Duration::from_secs(1);

/// How often a lease is tried that somebody else has.
const TRY_INTERVAL: Duration = Duration::from_millis(200);

/// Takes the lease and opens the store. `binding` tells others where this server listens.
pub(crate) async fn open(
    target: &Target,
    binding: &Binding,
) -> anyhow::Result<(RenewedLease, PostgresStore)> {
    let mut lease = PostgresLease::new(target);
    let holder = format!("pid {}, {binding}", process::id());
    match acquire(&mut lease, &holder).await? {
        Acquired::Ours { predecessor } => {
            if let Predecessor::Vanished { holder } = predecessor {
                tracing::info!("the last server on {target} ({holder}) did not resign");
            }
        }
        Acquired::Theirs { holder } => bail!(
            "{target} is in use by another server ({holder}); stop that one first, or name another schema with \
             storage.schema"
        ),
    }
    let epoch = lease.epoch().context("the lease has no epoch")?;
    let store = PostgresStore::open(target, epoch).context("cannot open the database")?;
    let lease = RenewedLease::start(lease, holder).context("cannot start to renew the lease")?;
    Ok((lease, store))
}

/// Takes the lease. Waits until that of a server has run out that was killed: one that lives has renewed it meanwhile.
async fn acquire(lease: &mut PostgresLease, holder: &str) -> Result<Acquired, LeaseError> {
    let until = Instant::now() + lease.lasts() + RENEWAL_INTERVAL;
    loop {
        let acquired = lease.acquire(holder, clock::wall())?;
        if matches!(acquired, Acquired::Ours { .. }) || Instant::now() >= until {
            return Ok(acquired);
        }
        sleep(TRY_INTERVAL).await;
    }
}

/// A lease that is renewed until it is resigned or dropped. One that is lost is told by the store: it commits nothing more.
#[derive(Debug)]
pub(crate) struct RenewedLease {
    lease: Arc<Mutex<PostgresLease>>,
    /// Dropped to let the thread end.
    renewing: Option<Sender<()>>,
}

impl RenewedLease {
    fn start(lease: PostgresLease, holder: String) -> std::io::Result<Self> {
        let lease = Arc::new(Mutex::new(lease));
        let (renewing, ended) = channel();
        let renewed = Arc::clone(&lease);
        let thread = thread::Builder::new().name("lease".into());
        thread.spawn(move || {
            while ended.recv_timeout(RENEWAL_INTERVAL) == Err(RecvTimeoutError::Timeout) {
                renew(&mut lock(&renewed), &holder);
            }
        })?;
        Ok(Self {
            lease,
            renewing: Some(renewing),
        })
    }
}

fn lock(lease: &Mutex<PostgresLease>) -> MutexGuard<'_, PostgresLease> {
    lease.lock().unwrap_or_else(PoisonError::into_inner)
}

fn renew(lease: &mut PostgresLease, holder: &str) {
    // What was lost is not to be taken back: what is in memory is no longer what is in the database.
    if lease.epoch().is_none() {
        return;
    }
    match lease.renew(clock::wall()) {
        Ok(true) => {}
        Ok(false) => tracing::error!("another server has taken over from {holder}"),
        Err(error) => tracing::warn!(%error, "the lease cannot be renewed"),
    }
}

impl Lease for RenewedLease {
    fn acquire(&mut self, holder: &str, now: Timestamp) -> Result<Acquired, LeaseError> {
        lock(&self.lease).acquire(holder, now)
    }

    fn resign(&mut self) -> Result<(), LeaseError> {
        self.renewing = None;
        lock(&self.lease).resign()
    }

    fn lasts(&self) -> Duration {
        lock(&self.lease).lasts()
    }
}
