//! Waiting with an eye on the client.

use std::future::Future;
use std::pin::{Pin, pin};

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
    let mut work = pin!(work);
    loop {
        tokio::select! {
            biased;
            () = &mut *closed => return Ok(Watched::Gone),
            looked = wire.look_ahead(AHEAD_BYTES_MAX) => {
                looked?;
                if wire.closed_by_peer {
                    return Ok(Watched::Gone);
                }
            }
            done = &mut work => return Ok(Watched::Done(done)),
        }
    }
}
