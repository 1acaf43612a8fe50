//! A lease that is renewed, in a thread of its own.

use std::io;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use workmill_store::postgres::PostgresLease;
use workmill_store::{LeaseError, Resign, StoreError};

use crate::clock;

/// How often the lease is renewed: others wait for four times as long.
const RENEWAL_INTERVAL: Duration = Duration::from_millis(500);

/// How long it is waited for the word of the database that the lease is given up.
const RESIGN_WITHIN: Duration = Duration::from_secs(2);

/// A lease that is renewed until it is resigned or dropped, which gives it up as well, without waiting for that. One that is lost is
/// told by the store as well: it commits nothing more.
#[derive(Debug)]
pub(crate) struct RenewedLease {
    /// Where to say what came of it, once it is to be given up. Dropped to have it given up.
    resigning: Option<Sender<Sender<Result<(), LeaseError>>>>,
    lost: CancellationToken,
}

impl RenewedLease {
    /// Begins to renew a lease that is ours.
    ///
    /// # Errors
    /// If the system gives no thread.
    pub(super) fn start(lease: PostgresLease) -> io::Result<Self> {
        let lost = CancellationToken::new();
        let (resigning, resigns) = channel();
        let to_tell = lost.clone();
        let thread = thread::Builder::new().name("lease".into());
        thread.spawn(move || renew(lease, &resigns, &to_tell))?;
        Ok(Self {
            resigning: Some(resigning),
            lost,
        })
    }

    /// Cancelled once another server has the lease.
    pub(crate) fn lost(&self) -> CancellationToken {
        self.lost.clone()
    }
}

/// Renews a lease until it is lost or to be given up. What was lost is not to be taken back: what is in memory is no longer what is
/// in the database.
fn renew(
    mut lease: PostgresLease,
    resigns: &Receiver<Sender<Result<(), LeaseError>>>,
    lost: &CancellationToken,
) {
    loop {
        match resigns.recv_timeout(RENEWAL_INTERVAL) {
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => {
                if let Err(error) = lease.resign() {
                    tracing::warn!(%error, "the lease could not be given up: others have to wait until it runs out");
                }
                return;
            }
            Ok(told) => {
                // Whoever asked may not have waited.
                told.send(lease.resign()).ok();
                return;
            }
        }
        match lease.renew(clock::wall()) {
            Ok(true) => {}
            Ok(false) => {
                lost.cancel();
                return;
            }
            Err(error) => tracing::warn!(%error, "the lease cannot be renewed"),
        }
    }
}

impl Resign for RenewedLease {
    fn resign(&mut self) -> Result<(), LeaseError> {
        let Some(resigning) = self.resigning.take() else {
            return Ok(());
        };
        let (told, tells) = channel();
        if resigning.send(told).is_err() {
            // It is lost, and the thread has ended.
            return Ok(());
        }
        let late = || StoreError::Open("the database does not answer".into());
        let said = tells.recv_timeout(RESIGN_WITHIN);
        said.unwrap_or_else(|_| Err(LeaseError::Database(late())))
    }
}
