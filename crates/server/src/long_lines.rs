//! Work on long lines, such as a PUSHB of many jobs, in threads of its own: the other connections and the committer go
//! on meanwhile.

use std::thread::available_parallelism;

use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

/// The threads for it.
#[derive(Debug)]
pub(crate) struct LongLines {
    /// One for each line at a time. One core is left to those who serve the connections.
    permits: Semaphore,
}

impl Default for LongLines {
    fn default() -> Self {
        let cores = available_parallelism().map_or(1, usize::from);
        Self {
            permits: Semaphore::new(cores.saturating_sub(1).max(1)),
        }
    }
}

impl LongLines {
    /// Does some work on a line. None if the runtime ends.
    pub(crate) async fn run<R: Send + 'static>(
        &self,
        work: impl FnOnce() -> R + Send + 'static,
    ) -> Option<R> {
        // Never closed.
        let _permit = self.permits.acquire().await;
        match spawn_blocking(work).await {
            Ok(done) => Some(done),
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            Err(_) => None,
        }
    }
}
