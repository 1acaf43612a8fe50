//! One connection.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response, StatusCode};
use axum::response::IntoResponse as _;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use super::limits::{HANDSHAKE_WITHIN, HEAD_BYTES_MAX, HEAD_WITHIN, HEADERS_MAX, TURN_AWAY_WITHIN};
use super::patience::Patience;
use super::places::Place;
use super::serve::TlsSource;
use crate::guard::{Peer, cut_script_name};
use crate::service::events::ConnectionsMax;

const NO_ROOM: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: text/plain\r\ncontent-length: 37\r\n\
    connection: close\r\nretry-after: 5\r\n\r\ntoo many connections to the web port\n";

pub(super) struct Connection {
    pub(super) peer: SocketAddr,
    /// Its place among those that may be open; none if all are taken.
    pub(super) place: Option<Arc<Place>>,
    pub(super) app: Router,
    /// Says that the server stops.
    pub(super) close: CancellationToken,
}

impl Connection {
    /// Serves it until its end, or until somebody else needs its place while it asks for nothing.
    pub(super) async fn run(self, stream: TcpStream, tls: Option<TlsSource>) {
        let place = self.place.clone();
        let pushed_out = async {
            match &place {
                Some(place) => place.pushed_out().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            () = pushed_out => {}
            () = self.open(stream, tls) => {}
        }
    }

    async fn open(self, stream: TcpStream, tls: Option<TlsSource>) {
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
        let Some(place) = place else {
            timeout(TURN_AWAY_WITHIN, turn_away(stream)).await.ok();
            return;
        };
        let service = service_fn(|mut request: Request<Incoming>| {
            let extensions = request.extensions_mut();
            extensions.insert(Peer(peer));
            extensions.insert(ConnectionsMax(place.of()));
            let request = cut_script_name(request.map(Body::new));
            answer(&app, &place, request)
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_WITHIN)
            .max_buf_size(HEAD_BYTES_MAX)
            .max_headers(HEADERS_MAX)
            .serve_connection(TokioIo::new(Patience::with(stream)), service);
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

/// Answers a request; it is being answered until the last byte of that is made.
async fn answer(
    app: &Router,
    place: &Arc<Place>,
    request: Request<Body>,
) -> Result<Response<Body>, Infallible> {
    let Some(busy) = place.begin() else {
        // The connection is closed already.
        let no_room = StatusCode::SERVICE_UNAVAILABLE;
        return Ok(no_room.into_response());
    };
    let response = app.clone().oneshot(request).await?;
    Ok(response.map(|body| {
        Body::new(body.map_frame(move |frame| {
            let _busy = &busy;
            frame
        }))
    }))
}

async fn turn_away(mut stream: impl AsyncWrite + Unpin) {
    // Whether the client gets it is its own affair.
    stream.write_all(NO_ROOM).await.ok();
    stream.shutdown().await.ok();
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use axum::routing::post;
    use tokio::io::{AsyncReadExt as _, DuplexStream, duplex};
    use tokio::task::JoinHandle;
    use tokio::time::Instant;

    use super::super::places::Places;
    use super::*;

    /// A connection to a port with one route, and its end.
    fn connect() -> (DuplexStream, JoinHandle<()>) {
        let (client, server) = duplex(1 << 20);
        let connection = Connection {
            peer: ([127, 0, 0, 1], 1).into(),
            place: Places::new(1).take().map(Arc::new),
            app: crate::app::bound(Router::new().route("/", post(|body: String| async { body }))),
            close: CancellationToken::new(),
        };
        (client, tokio::spawn(connection.converse(server)))
    }

    /// Waits until a connection is given up, which is soon. Time passes only while everybody waits.
    async fn given_up(connection: JoinHandle<()>) {
        let begun = Instant::now();
        connection.await.unwrap();
        assert!(begun.elapsed() < Duration::from_secs(60));
    }

    #[tokio::test(start_paused = true)]
    async fn head_that_does_not_end_is_not_waited_for() {
        for begin in ["", "POST / HT", "POST / HTTP/1.1\r\nhost: x\r\n"] {
            let (mut client, connection) = connect();
            client.write_all(begin.as_bytes()).await.unwrap();
            given_up(connection).await;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn head_that_trickles_in_is_not_waited_for() {
        let (mut client, connection) = connect();
        let trickle = tokio::spawn(async move {
            client.write_all(b"POST / HTTP/1.1\r\n").await.unwrap();
            while client.write_all(b"a: b\r\n").await.is_ok() {
                tokio::time::sleep(Duration::from_secs(5)).await;
            }
        });
        given_up(connection).await;
        trickle.await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn body_that_does_not_end_is_not_waited_for() {
        let (mut client, connection) = connect();
        let head = "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nhalf";
        client.write_all(head.as_bytes()).await.unwrap();
        given_up(connection).await;
        let mut answer = String::new();
        client.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    }

    #[tokio::test(start_paused = true)]
    async fn body_that_is_too_large_is_refused() {
        let (client, connection) = connect();
        let (mut read, mut write) = tokio::io::split(client);
        let sending = tokio::spawn(async move {
            let head = "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 2000000\r\n\r\n";
            write.write_all(head.as_bytes()).await.unwrap();
            // It may be cut before all is sent.
            write.write_all(&vec![b'x'; 2_000_000]).await.ok();
        });
        let mut answer = String::new();
        read.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
        given_up(connection).await;
        sending.await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn connection_that_asks_for_nothing_more_is_closed() {
        let (mut client, connection) = connect();
        let request = "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\nhi";
        client.write_all(request.as_bytes()).await.unwrap();
        given_up(connection).await;
        let mut answer = String::new();
        client.read_to_string(&mut answer).await.unwrap();
        assert!(
            answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("hi"),
            "{answer}"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn who_takes_nothing_in_loses_their_place() {
        let (mut client, connection) = connect();
        // More answers than the way to the client and the buffers hold, and nobody reads them.
        let request = format!(
            "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 500000\r\n\r\n{}",
            "x".repeat(500_000)
        );
        let sending =
            tokio::spawn(
                async move { while client.write_all(request.as_bytes()).await.is_ok() {} },
            );
        given_up(connection).await;
        sending.await.unwrap();
    }
}
