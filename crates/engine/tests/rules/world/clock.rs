//! Time passes; the server stops, crashes and starts again.

use std::time::Duration;

use workmill_engine::{Duty, Engine, Op, ServerId};
use workmill_proto::Timestamp;

use super::{World, open};

impl World {
    /// As after a clean restart of the server on the same files; the grace of a start is not yet over.
    pub fn restart(&mut self) {
        self.down(0);
    }

    /// The server is stopped, and started again so many seconds later.
    pub fn down(&mut self, secs: i64) {
        self.group(vec![Op::Drain(ServerId::LOCAL)]);
        self.tick(Duty::KeepClocks);
        self.now = self.now.plus_secs(secs);
        self.crash();
    }

    /// As after the end of the process at any moment and a new start.
    pub fn crash(&mut self) {
        self.forget_engine();
        // A server's ticks begin at once.
        self.tick(Duty::KeepClocks);
    }

    /// As after a new start, before the first tick.
    pub fn forget_engine(&mut self) {
        self.store = None;
        self.store = Some(open(&self.disk, &self.faults));
        self.engine = Engine::with_made(self.rules.clone(), self.made());
        self.started_at = self.now;
        self.frozen = Duration::ZERO;
        self.answers.clear();
    }

    /// What the wall clock shows.
    pub fn wall(&self) -> Timestamp {
        self.now.plus_secs(self.clock_set_secs)
    }

    /// When the engine must run again, if nothing happens.
    pub fn next_deadline(&self) -> Option<Timestamp> {
        let uptime = self.engine.next_deadline()?;
        Some(self.started_at.plus(uptime))
    }

    /// Lets this many seconds pass, with the ticks a server makes. Beyond five minutes the clock jumps and
    /// then a minute passes in steps, so that the grace after the jump is over.
    pub fn pass(&mut self, secs: i64) {
        let steps = if secs > 300 { 61 } else { secs };
        self.now = self.now.plus_secs(secs - steps);
        for _ in 0..steps {
            self.now = self.now.plus_secs(1);
            self.tick(Duty::Promote);
            self.tick(Duty::RetryCarefully);
            self.tick(Duty::ExpireReservations);
            if self.now.since(self.started_at).as_secs().is_multiple_of(10) {
                self.tick(Duty::KeepClocks);
            }
        }
        self.tick(Duty::Purge);
    }

    pub fn tick(&mut self, duty: Duty) {
        self.ok(Op::Tick(duty));
    }
}
