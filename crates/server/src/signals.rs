//! The signals the server acts on. They are caught for as long as the process lives: once the server is stopping, further
//! ones have no effect.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// All of them.
#[derive(Debug)]
pub(crate) struct Signals {
    pub(crate) stop: StopSignals,
    pub(crate) reload: Signal,
    pub(crate) dump: Signal,
}

/// Those that ask for the end.
#[derive(Debug)]
pub(crate) struct StopSignals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// Catches them from now on. Must be called in a runtime.
    pub(crate) fn listen() -> io::Result<Self> {
        Ok(Self {
            stop: StopSignals::listen()?,
            reload: signal(SignalKind::hangup())?,
            dump: signal(SignalKind::from_raw(rustix::process::Signal::TTIN.as_raw()))?,
        })
    }
}

impl StopSignals {
    /// Catches them from now on. Must be called in a runtime; any runtime of the process can wait for them.
    pub(crate) fn listen() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// Waits for the next one; returns its name. May be dropped and called again.
    pub(crate) async fn next(&mut self) -> &'static str {
        tokio::select! {
            biased;
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}
