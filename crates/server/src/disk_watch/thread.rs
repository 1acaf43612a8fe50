//! The thread that watches over the disk.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use tokio::runtime::{EnterGuard, Handle};
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_util::sync::{CancellationToken, DropGuard};
use workmill_store::{Disk, DiskWork};

use super::hangs::{Hangs, News};
use crate::threads::Threads;

/// How often it looks at the disk.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// More than this does not count between two looks: the process was paused, and the disk could not be heard.
const LOOK_LATE_MAX: Duration = Duration::from_secs(1);

/// The thread that watches over the disk, until this is dropped.
#[derive(Debug)]
pub(crate) struct DiskWatch {
    disk: Arc<Disk>,
    stalled: watch::Receiver<Duration>,
    runtime: Handle,
    _end: DropGuard,
}

impl DiskWatch {
    /// Starts it. From the time when `told_to_stop` is done, with the signal, the process ends if the disk holds it up.
    pub(crate) fn start(
        told_to_stop: impl Future<Output = &'static str> + Send + 'static,
    ) -> io::Result<Self> {
        let disk = Arc::<Disk>::default();
        let (stalled_sink, stalled) = watch::channel(Duration::ZERO);
        let end = CancellationToken::new();
        let runtime = Threads::One.runtime()?;
        let handle = runtime.handle().clone();
        let watched = watch_over(Arc::clone(&disk), told_to_stop, stalled_sink);
        let watched = end.clone().run_until_cancelled_owned(watched);
        thread::Builder::new()
            .name("disk-watch".to_owned())
            .spawn(move || {
                runtime.block_on(watched);
                runtime.shutdown_background();
            })?;
        Ok(Self {
            disk,
            stalled,
            runtime: handle,
            _end: end.drop_guard(),
        })
    }

    /// What is watched over.
    pub(crate) fn disk(&self) -> &Arc<Disk> {
        &self.disk
    }

    /// For how long nobody has been answered because of the disk, again and again.
    pub(crate) fn stalled(&self) -> watch::Receiver<Duration> {
        self.stalled.clone()
    }

    /// Lets services be started that run in its thread, which is never stuck.
    pub(crate) fn enter(&self) -> EnterGuard<'_> {
        self.runtime.enter()
    }
}

async fn watch_over(
    disk: Arc<Disk>,
    told_to_stop: impl Future<Output = &'static str>,
    stalled: watch::Sender<Duration>,
) {
    let mut hangs = Hangs::default();
    let mut looks = interval(LOOK_EVERY);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut looked = Instant::now();
    let mut stop = None;
    tokio::pin!(told_to_stop);
    loop {
        tokio::select! {
            signal = &mut told_to_stop, if stop.is_none() => {
                stop = Some(signal);
                hangs.note_stop();
                tell_of_stop(signal, hangs.stalled());
                continue;
            }
            _ = looks.tick() => {}
        }
        let passed = looked.elapsed().min(LOOK_LATE_MAX);
        looked = Instant::now();
        if let Some(news) = hangs.look(&disk, passed) {
            tell(news);
        }
        stalled.send_if_modified(|before| {
            let now = hangs.stalled();
            std::mem::replace(before, now) != now
        });
        if let (Some(signal), Some((work, lasted))) = (stop, hangs.holds_up_stop()) {
            end_process(signal, work, lasted);
        }
    }
}

fn tell(news: News) {
    match news {
        News::Hangs(work, lasted) => tracing::warn!(
            lasted_secs = lasted.as_secs(),
            "the disk hangs: {} has not come to an end; {}; look at the disk under the storage directory",
            name(work),
            consequence(work)
        ),
        News::GoesOn(lasted) => tracing::warn!(
            lasted_secs = lasted.as_secs(),
            "the disk goes on, and so does the server"
        ),
    }
}

/// If the disk works, the server itself tells of its stop.
fn tell_of_stop(signal: &str, stalled: Duration) {
    if !stalled.is_zero() {
        tracing::warn!(
            stalled_secs = stalled.as_secs(),
            "{signal} came while the disk hangs: the server stops when the disk goes on, or ends soon without it"
        );
    }
}

/// Ends the process as a failed commit would: whoever was not answered does not know what became of the command.
fn end_process(signal: &str, work: DiskWork, lasted: Duration) {
    tracing::error!(
        "workmill stops: the disk has hung for {} s since {signal}: {} has not come to an end; commands in flight were not \
         answered, what was answered is kept; start the server again when the disk works",
        lasted.as_secs(),
        name(work)
    );
    std::process::exit(1);
}

fn name(work: DiskWork) -> &'static str {
    match work {
        DiskWork::Open => "opening the storage directory",
        DiskWork::Transaction => "a transaction",
        DiskWork::Sync | DiskWork::SyncLater => "a sync of the log",
        DiskWork::Copy => "copying the log into the database",
    }
}

fn consequence(work: DiskWork) -> &'static str {
    match work {
        DiskWork::Open => "the server cannot start before",
        DiskWork::Transaction | DiskWork::Sync => {
            "commands wait and nothing is acknowledged meanwhile"
        }
        DiskWork::SyncLater => "what is acknowledged meanwhile would not survive a loss of power",
        DiskWork::Copy => "the log grows meanwhile, and commands wait if it becomes too long",
    }
}
