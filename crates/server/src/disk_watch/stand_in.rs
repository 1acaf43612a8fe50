//! Takes connections in while the thread that does so otherwise waits for the disk.

use std::net::TcpListener as StdListener;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::listener::{Door, Guests};
use crate::services::Life;
use crate::shared::Shared;

/// How long clients must have waited for the disk.
const STALLED_MIN: Duration = Duration::from_secs(1);

/// Takes connections in from the same line as the listener that `listener` is a duplicate of, as long as clients are
/// stalled. They stay in this thread until they end.
pub(crate) async fn stand_in(
    listener: StdListener,
    shared: Arc<Shared>,
    mut stalled: watch::Receiver<Duration>,
    mut life: Life,
) {
    let mut guests = Guests::new(&shared);
    life.started();
    let standing_in = async {
        loop {
            let stall = until(&mut stalled, |stalled| stalled >= STALLED_MIN);
            guests.see_off(stall).await;
            // Not before it is needed: each connection that comes would wake this thread too.
            match listener.try_clone().and_then(TcpListener::from_std) {
                Ok(listener) => {
                    let mut door = Door::new(listener, Arc::clone(&shared));
                    let end = until(&mut stalled, |stalled| stalled < STALLED_MIN);
                    guests.admit(&mut door, end).await;
                }
                Err(error) => {
                    tracing::warn!(%error, "new connections are not greeted until the disk goes on");
                    until(&mut stalled, |stalled| stalled < STALLED_MIN).await;
                }
            }
        }
    };
    tokio::select! {
        biased;
        () = life.stopping() => {}
        () = standing_in => {}
    }
    // Whoever comes now is refused.
    drop(listener);
    if !guests.is_empty() {
        guests.end_all().await;
    }
}

/// Waits until the stall is so. For ever if nobody watches any more.
async fn until(stalled: &mut watch::Receiver<Duration>, is_so: impl Fn(Duration) -> bool) {
    if stalled.wait_for(|stalled| is_so(*stalled)).await.is_err() {
        std::future::pending::<()>().await;
    }
}
