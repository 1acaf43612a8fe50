//! Syncing before answering: what the disk costs whoever waits for it.

use std::fs::File;
use std::io;
use std::mem::take;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, oneshot};
use tokio::task::yield_now;

/// What is written for a group, in bytes: nine pages, as Workmill writes for fifty commands.
const GROUP_BYTES: usize = 9 * 4096;

/// How many groups the file has room for. It is written over and over, so that it never grows.
const GROUPS: u64 = 200;

/// How often it is looked who else wants to be answered, as long as a look finds somebody.
const LOOKS_MAX: usize = 8;

/// A file without a name, and who waits until it is synced.
#[derive(Debug)]
pub(crate) struct Log {
    file: File,
    waiting: Mutex<Vec<oneshot::Sender<()>>>,
    arrived: Notify,
}

impl Log {
    /// Makes a file in `dir` that is gone when the process ends.
    ///
    /// # Errors
    /// If nothing can be written or synced there.
    pub(crate) fn within(dir: &Path) -> io::Result<Self> {
        let file = tempfile::tempfile_in(dir)?;
        for group in 0..GROUPS {
            write_group(&file, group)?;
        }
        file.sync_all()?;
        Ok(Self {
            file,
            waiting: Mutex::default(),
            arrived: Notify::new(),
        })
    }

    fn waiting(&self) -> MutexGuard<'_, Vec<oneshot::Sender<()>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until something has been written and synced for whoever calls.
    pub(super) async fn synced(&self) -> io::Result<()> {
        let (sink, synced) = oneshot::channel();
        self.waiting().push(sink);
        self.arrived.notify_one();
        synced
            .await
            .map_err(|_| io::ErrorKind::ConnectionAborted.into())
    }

    /// Writes and syncs for all who wait together, again and again. Ends with the first failure.
    pub(super) async fn serve(&self) -> io::Result<()> {
        for group in (0..GROUPS).cycle() {
            self.arrived.notified().await;
            self.gather().await;
            let waiting = take(&mut *self.waiting());
            write_group(&self.file, group)?;
            self.file.sync_data()?;
            for sink in waiting {
                // Whoever has gone needs no answer.
                let _ = sink.send(());
            }
        }
        Ok(())
    }

    /// Lets others join.
    async fn gather(&self) {
        let mut before = 0;
        for _ in 0..LOOKS_MAX {
            let now = self.waiting().len();
            if now == before {
                return;
            }
            before = now;
            yield_now().await;
        }
    }
}

fn write_group(file: &File, group: u64) -> io::Result<()> {
    file.write_all_at(&[0x5a; GROUP_BYTES], group * GROUP_BYTES as u64)
}
