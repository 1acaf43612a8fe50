//! What every connection and every service needs of the server.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use workmill_engine::ServerId;
use workmill_web::Standing;

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

/// A name for this run of this server, which no other has: of 63 bits, as stores keep it.
pub(crate) fn new_name() -> ServerId {
    ServerId(rand::random_range(1..=i64::MAX.cast_unsigned()))
}

/// So many connections of a server have numbers of their own among those of all servers.
const CONNECTION_BITS: u32 = 40;

/// Where the numbers of a server's connections begin, as the one that runs their ops must not take them for its own, nor for those
/// of a third one. Two servers share numbers with a probability of one in eight million.
fn numbers_of(server: ServerId) -> u64 {
    (server.0 << CONNECTION_BITS) | (1 << 63)
}

/// The server as its connections and services see it.
pub(crate) struct Shared {
    /// The way of what clients ask.
    pub(crate) gate: Arc<Gateway>,
    /// The way to the engine while a term is here, for what time and operators ask of it. The same as `gate`, unless what clients
    /// ask goes to whoever leads, be that this server or not.
    pub(crate) engine: Arc<Gateway>,
    /// The way to what is committed.
    pub(crate) reads: Arc<Reads>,
    pub(crate) clock: Arc<Clock>,
    pub(crate) settings: LiveSettings,
    pub(crate) entrance: Entrance,
    pub(crate) roster: Roster,
    pub(crate) budgets: Budgets,
    pub(crate) long_lines: LongLines,
    pub(crate) meters: Arc<Meters>,
    /// Names this run of this server among others.
    pub(crate) server: ServerId,
    /// Whether what clients ask goes to whoever leads.
    pub(crate) forwards: bool,
    /// Who leads, of several servers on one database.
    pub(crate) standing: Mutex<Option<Standing>>,
    stopping: AtomicBool,
}

impl Shared {
    pub(crate) fn new(settings: &Settings, tls: Option<TlsReloader>) -> Self {
        let server = new_name();
        let is_member = settings.membership().is_some();
        let forwards = is_member || settings.cluster.leader.is_some();
        let gate = Arc::<Gateway>::default();
        Self {
            engine: match is_member {
                true => Arc::default(),
                false => Arc::clone(&gate),
            },
            gate,
            reads: Arc::default(),
            clock: Arc::new(Clock::start()),
            settings: LiveSettings::new(settings),
            entrance: Entrance::new(tls),
            roster: Roster::new(if forwards { numbers_of(server) } else { 0 }),
            budgets: Budgets::new(settings.input_bytes_max),
            long_lines: LongLines::default(),
            meters: Arc::default(),
            forwards,
            standing: Mutex::new(is_member.then(Standing::default)),
            server,
            stopping: AtomicBool::new(false),
        }
    }

    /// The shortest way to who runs ops now.
    pub(crate) fn way_to_engine(&self) -> &Arc<Gateway> {
        match self.engine.is_suspended() {
            true => &self.gate,
            false => &self.engine,
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
