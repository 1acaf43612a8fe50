//! A lease that is renewed, in a thread of its own.

use std::io;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use workmill_proto::Timestamp;
use workmill_store::postgres::PostgresLease;
use workmill_store::{Acquired, Lease, LeaseError};

use crate::clock;

/// How often the lease is renewed: twice before it runs out.
const RENEWAL_INTERVAL: Duration = Duration::from_secs(1);

/// A lease that is renewed until it is resigned or dropped. One that is lost is told by the store as well: it commits nothing more.
#[derive(Debug)]
pub(crate) struct RenewedLease {
    lease: Arc<Mutex<PostgresLease>>,
    /// Dropped to let the thread end.
    renewing: Option<Sender<()>>,
    lost: CancellationToken,
}

impl RenewedLease {
    /// Begins to renew a lease that is ours.
    ///
    /// # Errors
    /// If the system gives no thread.
    pub(super) fn start(lease: PostgresLease) -> io::Result<Self> {
        let lease = Arc::new(Mutex::new(lease));
        let lost = CancellationToken::new();
        let (renewing, ended) = channel();
        let (renewed, to_tell) = (Arc::clone(&lease), lost.clone());
        let thread = thread::Builder::new().name("lease".into());
        thread.spawn(move || {
            while ended.recv_timeout(RENEWAL_INTERVAL) == Err(RecvTimeoutError::Timeout) {
                if !renew(&mut lock(&renewed)) {
                    to_tell.cancel();
                    return;
                }
            }
        })?;
        Ok(Self {
            lease,
            renewing: Some(renewing),
            lost,
        })
    }

    /// Cancelled once another server has the lease.
    pub(crate) fn lost(&self) -> CancellationToken {
        self.lost.clone()
    }
}

fn lock(lease: &Mutex<PostgresLease>) -> MutexGuard<'_, PostgresLease> {
    lease.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Renews it; false if it is lost. What was lost is not to be taken back: what is in memory is no longer what is in the database.
fn renew(lease: &mut PostgresLease) -> bool {
    match lease.renew(clock::wall()) {
        Ok(is_ours) => is_ours,
        Err(error) => {
            tracing::warn!(%error, "the lease cannot be renewed");
            true
        }
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
