//! What every connection and every service needs of the server.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use arc_swap::{ArcSwap, Guard};
use tokio::sync::watch;
use workmill_engine::CronTable;

use crate::clock::Clock;
use crate::committer::GroupStats;
use crate::connections::Connections;
use crate::gate::Gate;
use crate::memory_budget::MemoryBudget;
use crate::newcomers::Newcomers;
use crate::password::Password;
use crate::proofs::Proofs;
use crate::registry::Registry;
use crate::rejections::Rejections;
use crate::services::DutyCounters;
use crate::session::Reader;
use crate::settings::{MetricsSettings, Settings};
use crate::statsd::Outbox;
use crate::tls::TlsReloader;
use workmill_proto::CustomReading;

/// The server as its connections and services see it.
pub(crate) struct Shared {
    pub(crate) clock: Arc<Clock>,
    pub(crate) gate: Arc<dyn Gate>,
    pub(crate) groups: Arc<GroupStats>,
    pub(crate) connections: Arc<Connections>,
    pub(crate) registry: Arc<Registry>,
    /// For what clients have sent.
    pub(crate) input: Arc<MemoryBudget>,
    /// For replies on their way.
    pub(crate) output: Arc<MemoryBudget>,
    pub(crate) duties: DutyCounters,
    pub(crate) newcomers: Arc<Newcomers>,
    pub(crate) proofs: Arc<Proofs>,
    /// What is said of those who are turned away.
    pub(crate) rejections: Rejections,
    pub(crate) reader: Reader,
    /// For what metrics are to tell of.
    pub(crate) outbox: Arc<Outbox>,
    /// None for plain TCP.
    pub(crate) tls: Option<TlsReloader>,
    live: ArcSwap<Live>,
    metrics: watch::Sender<Option<Arc<MetricsSettings>>>,
    commands: AtomicU64,
    stopping: AtomicBool,
}

/// The settings that a reload can change.
pub(crate) struct Live {
    pub(crate) password: Option<Password>,
    pub(crate) connections_max: usize,
    pub(crate) line_bytes_max: usize,
    pub(crate) recover_lost: bool,
    /// Which features are on.
    pub(crate) custom_reading: CustomReading,
    pub(crate) cron: Arc<CronTable>,
}

impl Live {
    fn of(settings: &Settings) -> Self {
        Self {
            password: settings.password.clone(),
            connections_max: settings.connections_max,
            line_bytes_max: settings.line_bytes_max,
            recover_lost: settings.recover_lost,
            custom_reading: settings.custom_reading(),
            cron: Arc::clone(&settings.cron),
        }
    }
}

impl Shared {
    pub(crate) fn new(settings: &Settings, tls: Option<TlsReloader>, gate: Arc<dyn Gate>) -> Self {
        Self {
            clock: Arc::new(Clock::start()),
            gate,
            groups: Arc::default(),
            connections: Arc::default(),
            registry: Arc::default(),
            input: Arc::new(MemoryBudget::new(settings.input_bytes_max)),
            // As much again: replies are jobs that came in, for the most part.
            output: Arc::new(MemoryBudget::new(settings.input_bytes_max)),
            duties: DutyCounters::default(),
            newcomers: Arc::default(),
            proofs: Arc::default(),
            rejections: Rejections::default(),
            reader: Reader::default(),
            outbox: Arc::default(),
            tls,
            live: ArcSwap::from_pointee(Live::of(settings)),
            metrics: watch::Sender::new(settings.metrics.clone().map(Arc::new)),
            commands: AtomicU64::new(0),
            stopping: AtomicBool::new(false),
        }
    }

    /// The reloadable settings, as they are now.
    pub(crate) fn live(&self) -> Guard<Arc<Live>> {
        self.live.load()
    }

    /// Puts reloaded settings into force.
    pub(crate) fn reload(&self, settings: &Settings) {
        self.live.store(Arc::new(Live::of(settings)));
        self.metrics.send_if_modified(|metrics| {
            let changed = metrics.as_deref() != settings.metrics.as_ref();
            if changed {
                *metrics = settings.metrics.clone().map(Arc::new);
            }
            changed
        });
    }

    /// Where metrics go, now and after each change.
    pub(crate) fn metrics(&self) -> watch::Receiver<Option<Arc<MetricsSettings>>> {
        self.metrics.subscribe()
    }

    /// Counts commands that clients have sent.
    pub(crate) fn count_commands(&self, commands: usize) {
        self.commands.fetch_add(commands as u64, Ordering::Relaxed);
    }

    /// How many commands clients have sent.
    pub(crate) fn commands(&self) -> u64 {
        self.commands.load(Ordering::Relaxed)
    }

    /// From now on only those commands are run that end work which has begun.
    pub(crate) fn set_stopping(&self) {
        self.stopping.store(true, Ordering::Release);
    }

    /// Whether the server is stopping.
    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }
}
