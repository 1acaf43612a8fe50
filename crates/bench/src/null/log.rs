//! Syncing before answering: what the disk costs whoever waits for it.

use std::convert::Infallible;
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
    pub(super) async fn serve(&self) -> io::Result<Infallible> {
        let mut group = 0;
        loop {
            self.arrived.notified().await;
            self.gather().await;
            let waiting = take(&mut *self.waiting());
            if waiting.is_empty() {
                // Who was told of last has been served with those before.
                continue;
            }
            write_group(&self.file, group % GROUPS)?;
            group += 1;
            self.file.sync_data()?;
            for sink in waiting {
                // Whoever has gone needs no answer.
                let _ = sink.send(());
            }
        }
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

#[cfg(test)]
mod tests {
    use std::env::temp_dir;
    use std::sync::Arc;

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::{TcpListener, TcpStream};

    use super::super::accept;
    use super::*;

    /// Reads what is written for a group.
    fn group_of(log: &Log, group: u64) -> Vec<u8> {
        let mut bytes = vec![1; GROUP_BYTES];
        let at = group * GROUP_BYTES as u64;
        log.file.read_exact_at(&mut bytes, at).unwrap();
        bytes
    }

    #[tokio::test]
    async fn who_waits_together_costs_one_sync() {
        let log = Log::within(&temp_dir()).unwrap();
        log.file.write_all_at(&[0; 2 * GROUP_BYTES], 0).unwrap();
        let both = async {
            let (first, second) = tokio::join!(log.synced(), log.synced());
            first.and(second).unwrap();
            for _ in 0..100 {
                yield_now().await;
            }
        };
        tokio::select! {
            ended = log.serve() => panic!("{ended:?}"),
            () = both => {}
        }
        assert_eq!(group_of(&log, 0), [0x5a; GROUP_BYTES]);
        assert_eq!(group_of(&log, 1), [0; GROUP_BYTES]);
    }

    #[tokio::test]
    async fn nobody_is_answered_before_the_sync() {
        let log = Arc::new(Log::within(&temp_dir()).unwrap());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap())
            .await
            .unwrap();
        tokio::spawn(accept(listener, Some(Arc::clone(&log))));
        let mut greeting = [0; 13];
        client.read_exact(&mut greeting).await.unwrap();
        client.write_all(b"HELLO {\"v\":2}\r\n").await.unwrap();
        let asked = async {
            while log.waiting().is_empty() {
                yield_now().await;
            }
        };
        let mut answer = [0; 5];
        tokio::select! {
            biased;
            _ = client.read_exact(&mut answer) => panic!("answered before the sync"),
            () = asked => {}
        }
        tokio::spawn(async move { log.serve().await });
        client.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"+OK\r\n");
    }
}
