//! What every connection and every service needs of the server.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::clock::Clock;
use crate::gate::Gateway;
use crate::long_lines::LongLines;
use crate::memory_budget::Budgets;
use crate::meters::Meters;
use crate::reads::Reads;
use crate::settings::Settings;
use crate::tls::TlsReloader;

mod entrance;
mod live;
mod roster;

use entrance::Entrance;
use live::LiveSettings;
use roster::Roster;

/// The server as its connections and services see it.
pub(crate) struct Shared {
    /// The way to the engine.
    pub(crate) gate: Arc<Gateway>,
    /// The way to what is committed.
    pub(crate) reads: Arc<Reads>,
    pub(crate) clock: Arc<Clock>,
    pub(crate) settings: LiveSettings,
    pub(crate) entrance: Entrance,
    pub(crate) roster: Roster,
    pub(crate) budgets: Budgets,
    pub(crate) long_lines: LongLines,
    pub(crate) meters: Arc<Meters>,
    stopping: AtomicBool,
}

impl Shared {
    pub(crate) fn new(settings: &Settings, tls: Option<TlsReloader>) -> Self {
        Self {
            gate: Arc::default(),
            reads: Arc::default(),
            clock: Arc::new(Clock::start()),
            settings: LiveSettings::new(settings),
            entrance: Entrance::new(tls),
            roster: Roster::default(),
            budgets: Budgets::new(settings.input_bytes_max),
            long_lines: LongLines::default(),
            meters: Arc::default(),
            stopping: AtomicBool::new(false),
        }
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
