//! The null server: what the protocol and the network cost when nothing is kept, checked or decided.
//!
//! A job goes from PUSH to FETCH through one FIFO in memory, whatever its queue, byte for byte; removing any queue empties
//! it. A job with a time (`"at"`) comes into it then; until then any MUTATE removes it. ACK and FAIL change nothing, and a job whose client has gone is gone too. Do not use it for jobs that matter.

mod connection;
mod fifo;
mod timetable;

use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;

use connection::Connection;
use fifo::Fifo;

/// How long to wait before accepting again after accepting failed, for want of file descriptors as a rule.
const ACCEPT_PAUSE: Duration = Duration::from_millis(10);

/// Serves whoever connects, until the process is ended.
pub(crate) async fn serve(listener: TcpListener) -> anyhow::Result<()> {
    let jobs = Arc::new(Fifo::default());
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let connection = Connection::new(stream, Arc::clone(&jobs));
                tokio::spawn(connection.run());
            }
            Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
        }
    }
}

#[cfg(test)]
mod tests;
