//! What a conversation needs of its bytes' stream.

use std::future::Future;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::server::TlsStream;

use super::socket::Socket;

/// A client's bytes, and a way to see that no more will come while some are still unread.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Unpin {
    /// Waits until the client has closed its side or the connection has broken, whatever of it is unread. It
    /// is not seen while the system has no room for all that was sent before. May be dropped and called again.
    fn closed_by_peer(&self) -> impl Future<Output = ()> + Send;

    /// The connection below, which knows how far the bytes have come. None in tests without one.
    fn socket(&self) -> Option<&Socket>;
}

impl Stream for Socket {
    async fn closed_by_peer(&self) {
        Socket::closed_by_peer(self).await;
    }

    fn socket(&self) -> Option<&Socket> {
        Some(self)
    }
}

impl Stream for TlsStream<Socket> {
    async fn closed_by_peer(&self) {
        self.get_ref().0.closed_by_peer().await;
    }

    fn socket(&self) -> Option<&Socket> {
        Some(self.get_ref().0)
    }
}

#[cfg(test)]
impl Stream for tokio::io::DuplexStream {
    async fn closed_by_peer(&self) {
        std::future::pending::<()>().await;
    }

    fn socket(&self) -> Option<&Socket> {
        None
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::io::AsyncWriteExt as _;
    use tokio::net::{TcpListener, TcpStream};

    use super::*;

    #[tokio::test]
    async fn end_is_seen_behind_unread_bytes_and_not_before() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap())
            .await
            .unwrap();
        let (server, _) = listener.accept().await.unwrap();
        client.write_all(&[b'x'; 20_000]).await.unwrap();
        server.readable().await.unwrap();
        let server = Socket::new(server);
        tokio::time::timeout(Duration::from_millis(50), server.closed_by_peer())
            .await
            .expect_err("the client has not closed");
        client.shutdown().await.unwrap();
        server.closed_by_peer().await;
    }
}
