//! Takes connections in until it is told to stop, and sees them end.

use std::future::Future;
use std::sync::Arc;

use axum::Router;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use super::connection::Connection;
use super::limits::{ACCEPT_PAUSE, END_WITHIN, SOCKETS_SPARE};
use super::places::Places;

/// Gives what makes a TLS stream of the next connection; none if it is to be closed. The certificate may have changed since the last one.
pub type TlsSource = Arc<dyn Fn() -> Option<TlsAcceptor> + Send + Sync>;

/// Serves `connections_max` connections at a time until it is told to stop, then ends what goes on: a request that is being answered gets a moment, a connection
/// that is idle or streams events none.
pub async fn serve(
    listener: TcpListener,
    app: Router,
    tls: Option<TlsSource>,
    connections_max: usize,
    stopping: impl Future<Output = ()>,
) {
    let places = Places::new(connections_max);
    let sockets_max = connections_max.saturating_add(SOCKETS_SPARE);
    let close = CancellationToken::new();
    let mut connections = JoinSet::new();
    tokio::pin!(stopping);
    loop {
        tokio::select! {
            biased;
            () = &mut stopping => break,
            Some(ended) = connections.join_next() => note_end(ended),
            // Those above the limit are on their way out, or are told that there is no room.
            accepted = listener.accept(), if connections.len() < sockets_max => match accepted {
                Ok((stream, peer)) => {
                    let connection = Connection {
                        peer,
                        place: places.take().map(Arc::new),
                        app: app.clone(),
                        close: close.clone(),
                    };
                    connections.spawn(connection.run(stream, tls.clone()));
                }
                Err(error) => {
                    tracing::debug!(%error, "a connection to the web port cannot be taken in");
                    sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }
    drop(listener);
    close.cancel();
    let all_ended = async {
        while let Some(ended) = connections.join_next().await {
            note_end(ended);
        }
    };
    if timeout(END_WITHIN, all_ended).await.is_err() {
        tracing::debug!(
            connections = connections.len(),
            "requests do not end; they are cut"
        );
        connections.shutdown().await;
    }
}

/// A handler that panics is a bug, and hurts nobody but its own connection.
fn note_end(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended
        && error.is_panic()
    {
        tracing::error!(%error, "a request to the web port has failed; its connection is closed");
    }
}
