//! What says that the time of a job has come.
//!
//! It is a thread of its own, because the timers of the runtime are exact to a millisecond only: some servers take less
//! for a whole job.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Weak};
use std::thread;
use std::time::Duration;

use anyhow::Context as _;
use tokio::sync::Semaphore;
use tokio::time::Instant;

/// The longest it sleeps without looking whether it is still wanted.
const SLEEP_MAX: Duration = Duration::from_millis(50);

/// Ticks in a fixed interval, beginning at once. A tick that nobody waits for is kept.
#[derive(Debug)]
pub(super) struct Metronome {
    begin: Instant,
    interval: Duration,
    ticks: Arc<Semaphore>,
    /// Ticks that were taken by `tick`.
    taken: AtomicU32,
}

/// A tick.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tick {
    pub(super) due: Instant,
    /// It had to be waited for: whoever is late now, it is the tool.
    pub(super) in_time: bool,
}

impl Metronome {
    /// Starts ticking, until it is dropped.
    pub(super) fn start(interval: Duration) -> anyhow::Result<Self> {
        let ticks = Arc::new(Semaphore::new(0));
        let (begin, listener) = (Instant::now(), Arc::downgrade(&ticks));
        thread::Builder::new()
            .name("metronome".to_owned())
            .spawn(move || tick(begin, interval, &listener))
            .context("cannot start a thread")?;
        Ok(Self {
            begin,
            interval,
            ticks,
            taken: AtomicU32::new(0),
        })
    }

    /// Takes the next tick that nobody has taken.
    pub(super) async fn tick(&self) -> anyhow::Result<Tick> {
        let in_time = self.wait().await?;
        let number = self.taken.fetch_add(1, Ordering::Relaxed);
        Ok(Tick {
            due: self.due(number),
            in_time,
        })
    }

    /// When the tick of this number is due, the first being 0.
    pub(super) fn due(&self, number: u32) -> Instant {
        self.begin + self.interval * number
    }

    /// Takes the next tick that nobody has taken. False if it was kept, true if it had to be waited for.
    pub(super) async fn wait(&self) -> anyhow::Result<bool> {
        if let Ok(tick) = self.ticks.try_acquire() {
            tick.forget();
            return Ok(false);
        }
        self.ticks.acquire().await?.forget();
        Ok(true)
    }
}

fn tick(begin: Instant, interval: Duration, listener: &Weak<Semaphore>) {
    // By default Linux may wake a sleeper 50 µs late in order to save energy. Where that cannot be changed, the
    // lateness shows in the result.
    #[cfg(target_os = "linux")]
    let _ = rustix::thread::set_current_timer_slack(std::num::NonZeroU64::new(1));
    let mut given = 0;
    while let Some(ticks) = listener.upgrade() {
        let due = ticks_due(begin.elapsed(), interval);
        ticks.add_permits(due.saturating_sub(given) as usize);
        drop(ticks);
        given = due;
        let next = begin + interval * given;
        thread::sleep(
            next.saturating_duration_since(Instant::now())
                .min(SLEEP_MAX),
        );
    }
}

/// How many ticks there have been when so much time has passed.
fn ticks_due(passed: Duration, interval: Duration) -> u32 {
    let whole = passed.as_nanos() / interval.as_nanos().max(1);
    u32::try_from(whole + 1).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_tick_is_due_at_once_and_the_next_after_an_interval() {
        let ticks = |micros| ticks_due(Duration::from_micros(micros), Duration::from_micros(500));
        assert_eq!([0, 499, 500, 999, 1_000].map(ticks), [1, 1, 2, 2, 3]);
    }

    #[tokio::test]
    async fn it_does_not_tick_before_its_time() {
        let metronome = Metronome::start(Duration::from_micros(300)).unwrap();
        for number in 0..10 {
            metronome.wait().await.unwrap();
            assert!(Instant::now() >= metronome.due(number));
        }
    }

    #[tokio::test]
    async fn each_tick_is_taken_once_and_has_its_time() {
        let interval = Duration::from_micros(300);
        let metronome = Metronome::start(interval).unwrap();
        for number in 0..10 {
            let tick = metronome.tick().await.unwrap();
            assert_eq!(tick.due, metronome.begin + interval * number);
            assert!(Instant::now() >= tick.due);
        }
    }

    #[tokio::test]
    async fn ticks_are_kept_for_those_who_come_late() {
        let metronome = Metronome::start(Duration::from_millis(1)).unwrap();
        while metronome.ticks.available_permits() < 2 {
            thread::yield_now();
        }
        assert!(!metronome.wait().await.unwrap());
        assert!(!metronome.wait().await.unwrap());
    }
}
