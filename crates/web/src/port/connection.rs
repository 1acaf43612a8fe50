//! One connection.

use std::net::SocketAddr;
use std::pin::pin;

use axum::Router;
use axum::body::Body;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use super::TlsSource;
use super::limits::{HANDSHAKE_WITHIN, HEAD_BYTES_MAX, HEAD_WITHIN, HEADERS_MAX, TURN_AWAY_WITHIN};
use crate::guard::{Peer, cut_script_name};

const NO_ROOM: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: text/plain\r\ncontent-length: 37\r\n\
    connection: close\r\nretry-after: 5\r\n\r\ntoo many connections to the web port\n";

pub(super) struct Connection {
    pub(super) peer: SocketAddr,
    /// Its place among those that may be open; none if all are taken.
    pub(super) place: Option<OwnedSemaphorePermit>,
    pub(super) app: Router,
    /// Says that the server stops.
    pub(super) close: CancellationToken,
}

impl Connection {
    pub(super) async fn run(self, stream: TcpStream, tls: Option<TlsSource>) {
        if stream.set_nodelay(true).is_err() {
            return;
        }
        let Some(tls) = tls else {
            return self.converse(stream).await;
        };
        let Some(acceptor) = tls() else {
            return;
        };
        let accepted = tokio::select! {
            biased;
            () = self.close.cancelled() => return,
            accepted = timeout(HANDSHAKE_WITHIN, acceptor.accept(stream)) => accepted,
        };
        match accepted {
            Ok(Ok(stream)) => Box::pin(self.converse(stream)).await,
            Ok(Err(error)) => {
                tracing::debug!(peer = %self.peer, %error, "a TLS handshake with the web port has failed");
            }
            Err(_) => {
                tracing::debug!(peer = %self.peer, "a TLS handshake with the web port takes too long");
            }
        }
    }

    async fn converse(self, stream: impl AsyncRead + AsyncWrite + Unpin) {
        let Self {
            peer,
            place,
            app,
            close,
        } = self;
        let Some(_place) = place else {
            timeout(TURN_AWAY_WITHIN, turn_away(stream)).await.ok();
            return;
        };
        let service = service_fn(move |mut request: hyper::Request<Incoming>| {
            request.extensions_mut().insert(Peer(peer));
            let request = cut_script_name(request.map(Body::new));
            app.clone().oneshot(request)
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_WITHIN)
            .max_buf_size(HEAD_BYTES_MAX)
            .max_headers(HEADERS_MAX)
            .serve_connection(TokioIo::new(stream), service);
        let mut connection = pin!(connection);
        let ended = tokio::select! {
            biased;
            () = close.cancelled() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
            ended = connection.as_mut() => ended,
        };
        if let Err(error) = ended {
            tracing::debug!(%peer, %error, "a connection to the web port has ended early");
        }
    }
}

async fn turn_away(mut stream: impl AsyncWrite + Unpin) {
    // Whether the client gets it is its own affair.
    stream.write_all(NO_ROOM).await.ok();
    stream.shutdown().await.ok();
}
