//! The settings that a reload can change, for whoever goes by them at the moment.

use std::sync::Arc;

use arc_swap::{ArcSwap, Guard};
use tokio::sync::watch;
use workmill_engine::CronTable;
use workmill_proto::CustomReading;

use crate::password::Password;
use crate::settings::{MetricsSettings, Settings};

/// The reloadable settings, as they are now.
pub(crate) struct LiveSettings {
    now: ArcSwap<Live>,
    metrics: watch::Sender<Option<Arc<MetricsSettings>>>,
}

/// The reloadable settings at one moment.
pub(crate) struct Live {
    pub(crate) password: Option<Password>,
    pub(crate) connections_max: usize,
    pub(crate) line_bytes_max: usize,
    pub(crate) recover_lost: bool,
    /// Which features are on.
    pub(crate) custom_reading: CustomReading,
    pub(crate) cron: Arc<CronTable>,
}

impl LiveSettings {
    pub(super) fn new(settings: &Settings) -> Self {
        Self {
            now: ArcSwap::from_pointee(Live::of(settings)),
            metrics: watch::Sender::new(settings.metrics.clone().map(Arc::new)),
        }
    }

    /// As they are now.
    pub(crate) fn now(&self) -> Guard<Arc<Live>> {
        self.now.load()
    }

    /// Where metrics go, now and after each change.
    pub(crate) fn metrics(&self) -> watch::Receiver<Option<Arc<MetricsSettings>>> {
        self.metrics.subscribe()
    }

    /// Puts reloaded settings into force.
    pub(crate) fn replace(&self, settings: &Settings) {
        self.now.store(Arc::new(Live::of(settings)));
        self.metrics.send_if_modified(|metrics| {
            let changed = metrics.as_deref() != settings.metrics.as_ref();
            if changed {
                *metrics = settings.metrics.clone().map(Arc::new);
            }
            changed
        });
    }
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
