//! The settings that can change while the server runs.

use std::sync::Arc;

use arc_swap::{ArcSwap, Guard};
use tokio::sync::watch;
use workmill_web::Access;

use crate::settings::{MetricsSettings, Settings};

/// The settings as they are now. Those that only a restart can change stay what they were at the start.
pub(crate) struct LiveSettings {
    now: ArcSwap<Settings>,
    access: ArcSwap<Access>,
    metrics: watch::Sender<Option<Arc<MetricsSettings>>>,
}

impl LiveSettings {
    pub(super) fn new(settings: &Settings) -> Self {
        Self {
            now: ArcSwap::from_pointee(settings.clone()),
            access: ArcSwap::new(settings.web_access()),
            metrics: watch::Sender::new(settings.metrics.clone().map(Arc::new)),
        }
    }

    /// As they are now.
    pub(crate) fn now(&self) -> Guard<Arc<Settings>> {
        self.now.load()
    }

    /// Who may see the web pages, now.
    pub(crate) fn access(&self) -> Arc<Access> {
        self.access.load_full()
    }

    /// Where metrics go, now and after each change.
    pub(crate) fn metrics(&self) -> watch::Receiver<Option<Arc<MetricsSettings>>> {
        self.metrics.subscribe()
    }

    /// Puts reloaded settings into force.
    pub(crate) fn replace(&self, settings: &Settings) {
        self.now.store(Arc::new(settings.clone()));
        self.access.store(settings.web_access());
        self.metrics.send_if_modified(|metrics| {
            let changed = metrics.as_deref() != settings.metrics.as_ref();
            if changed {
                *metrics = settings.metrics.clone().map(Arc::new);
            }
            changed
        });
    }
}
