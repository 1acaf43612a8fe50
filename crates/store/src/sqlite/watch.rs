//! Looking after the files of an open store.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::files::Files;

/// How often the files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The thread that looks at the files, until one was touched. Dropping it ends it.
#[derive(Debug)]
pub(super) struct Watch {
    /// Closed when the thread is to end.
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Watch {
    pub(super) fn start(files: Arc<Files>) -> io::Result<Self> {
        let (stop, stopping) = channel();
        let thread = thread::Builder::new()
            .name("store-watch".into())
            .spawn(move || {
                while files.check().is_ok()
                    && stopping.recv_timeout(LOOK_EVERY) == Err(RecvTimeoutError::Timeout)
                {
                }
            })?;
        Ok(Self {
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// Ends the thread; from now on nobody looks.
    pub(super) fn end(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            // If it has panicked, the panic is reported; the files are looked at once more when the store is closed.
            thread.join().ok();
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.end();
    }
}
