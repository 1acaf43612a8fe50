//! Waking up on time: the runtime's timers know milliseconds, and a group waits for less than one.

use std::io;
use std::os::fd::OwnedFd;
use std::time::Instant;

use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
    timerfd_settime,
};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// A timer that is exact to some microseconds.
#[derive(Debug)]
pub(super) struct Alarm(AsyncFd<OwnedFd>);

impl Alarm {
    /// A timer that is not set. Must be called in the runtime that will wait for it.
    pub(super) fn new() -> io::Result<Self> {
        let flags = TimerfdFlags::CLOEXEC | TimerfdFlags::NONBLOCK;
        let timer = timerfd_create(TimerfdClockId::Monotonic, flags)?;
        #[expect(
            deprecated,
            reason = "its successor is unsafe, for types whose descriptor can change; this one's cannot"
        )]
        AsyncFd::with_interest(timer, Interest::READABLE).map(Self)
    }

    /// Waits until `until`. May be dropped and called again.
    pub(super) async fn wait_until(&self, until: Instant) -> io::Result<()> {
        let left = until.saturating_duration_since(Instant::now());
        let spec = |left: std::time::Duration| Timespec {
            tv_sec: i64::try_from(left.as_secs()).unwrap_or(i64::MAX),
            // All zero would disarm it.
            tv_nsec: i64::from(left.subsec_nanos()).max(1),
        };
        let time = Itimerspec {
            it_interval: Timespec::default(),
            it_value: spec(left),
        };
        timerfd_settime(self.0.get_ref(), TimerfdTimerFlags::empty(), &time)?;
        loop {
            let mut ready = self.0.readable().await?;
            // What is left of an earlier setting is no readiness of this one.
            let read = ready.try_io(|timer| Ok(rustix::io::read(timer, &mut [0; 8])?));
            match read {
                Ok(Ok(_)) => return Ok(()),
                Ok(Err(error)) => return Err(error),
                Err(_would_block) => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn an_alarm_never_rings_early_whatever_was_set_before() {
        let alarm = Alarm::new().unwrap();
        let soon = Instant::now() + Duration::from_micros(200);
        alarm.wait_until(soon).await.unwrap();
        assert!(Instant::now() >= soon);
        // Set and not waited for to its end.
        let passed = Instant::now();
        let waiting = alarm.wait_until(passed + Duration::from_micros(100));
        tokio::time::timeout(Duration::ZERO, waiting).await.ok();
        while Instant::now() < passed + Duration::from_millis(1) {}
        let later = Instant::now() + Duration::from_millis(5);
        alarm.wait_until(later).await.unwrap();
        assert!(Instant::now() >= later);
        alarm.wait_until(passed).await.unwrap();
    }
}
