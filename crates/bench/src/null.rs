//! The null server: what the protocol and the network cost when nothing is kept, checked or decided.
//!
//! A job goes from PUSH to FETCH through one FIFO in memory, whatever its queue, byte for byte; removing any queue empties
//! it. A job with a time (`"at"`) comes into it then; until then any MUTATE removes it. ACK and FAIL change nothing, and a job whose client has gone is gone too. Do not use it for jobs that matter.
//!
//! With a [`Log`] it waits for the disk before it answers, for all at once who wait together. The log has nothing of the jobs.

mod connection;
mod fifo;
mod log;
mod timetable;

use std::convert::Infallible;
use std::future::pending;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;

use connection::Connection;
use fifo::Fifo;
pub(crate) use log::Log;

/// How long to wait before accepting again after accepting failed, for want of file descriptors as a rule.
const ACCEPT_PAUSE: Duration = Duration::from_millis(10);

/// Serves whoever connects, until the process is ended. A log is synced before each answer; if that
/// fails, this ends.
pub(crate) async fn serve(listener: TcpListener, log: Option<Log>) -> io::Result<Infallible> {
    let log = log.map(Arc::new);
    tokio::select! {
        never = accept(listener, log.clone()) => match never {},
        failed = sync_for_all(log) => failed,
    }
}

async fn sync_for_all(log: Option<Arc<Log>>) -> io::Result<Infallible> {
    let Some(log) = log else {
        return pending().await;
    };
    // As a task it runs in a thread that serves connections too.
    let serving = tokio::spawn(async move { log.serve().await });
    serving.await.map_err(io::Error::other)?
}

async fn accept(listener: TcpListener, log: Option<Arc<Log>>) -> Infallible {
    let jobs = Arc::new(Fifo::default());
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let connection = Connection::new(stream, Arc::clone(&jobs), log.clone());
                tokio::spawn(connection.run());
            }
            Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
        }
    }
}

#[cfg(test)]
mod tests;
