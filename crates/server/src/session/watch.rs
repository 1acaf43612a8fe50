//! Waiting with an eye on the client.

use std::future::Future;
use std::pin::Pin;

use tokio_util::sync::WaitForCancellationFutureOwned;

use super::stream::Stream;
use super::wire::{Wire, WireFault};
use crate::memory_budget::FREE_BYTES;

/// How many bytes of later commands a waiting connection reads ahead, in bytes. Beyond that only its
/// end is looked out for.
const AHEAD_BYTES_MAX: usize = FREE_BYTES / 2;

/// Ready once the connection is to be closed.
pub(super) type Closed = Pin<Box<WaitForCancellationFutureOwned>>;

/// How a wait ended.
#[derive(Debug)]
pub(super) enum Watched<T> {
    /// What was waited for is there.
    Done(T),
    /// There is no point in waiting: the client has closed its side, or the connection is to be closed.
    Gone,
}

/// Waits for something, unless the client goes or the connection is to be closed first. If both happen at
/// the same time, the client has gone.
pub(super) async fn watch<S: Stream, T>(
    wire: &mut Wire<S>,
    closed: &mut Closed,
    work: impl Future<Output = T>,
) -> Result<Watched<T>, WireFault> {
    tokio::select! {
        biased;
        gone = gone(wire, closed) => gone.map(|()| Watched::Gone),
        done = work => Ok(Watched::Done(done)),
    }
}

/// Waits until the client has closed its side, or the connection is to be closed.
pub(super) async fn gone<S: Stream>(
    wire: &mut Wire<S>,
    closed: &mut Closed,
) -> Result<(), WireFault> {
    while !wire.closed_by_peer() {
        tokio::select! {
            biased;
            () = &mut *closed => return Ok(()),
            read = wire.read_ahead(AHEAD_BYTES_MAX) => read?,
        }
    }
    Ok(())
}
