//! The connections that have not said HELLO yet.
//!
//! They are clients on their way in, or nobody at all. When no more sockets may be open, the one that has said nothing for
//! longest makes room: whoever says HELLO at once comes in, however many others say nothing.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

/// The connections that have not said HELLO yet, the oldest first.
#[derive(Debug, Default)]
pub(crate) struct Newcomers {
    silent: Mutex<Silent>,
}

#[derive(Debug, Default)]
struct Silent {
    by_arrival: BTreeMap<u64, CancellationToken>,
    arrivals: u64,
}

/// One that has not said HELLO, until it is dropped.
#[derive(Debug)]
pub(crate) struct Newcomer {
    arrival: u64,
    pushed_out: CancellationToken,
    newcomers: Arc<Newcomers>,
}

impl Newcomers {
    /// A connection has come in.
    pub(crate) fn enter(self: &Arc<Self>) -> Newcomer {
        let pushed_out = CancellationToken::new();
        let mut silent = self.silent.lock();
        let arrival = silent.arrivals;
        silent.arrivals += 1;
        silent.by_arrival.insert(arrival, pushed_out.clone());
        Newcomer {
            arrival,
            pushed_out,
            newcomers: Arc::clone(self),
        }
    }

    /// Tells the one that has been silent for longest to close. False if there is none.
    pub(crate) fn push_out_oldest(&self) -> bool {
        let oldest = self.silent.lock().by_arrival.pop_first();
        oldest.is_some_and(|(_, pushed_out)| {
            pushed_out.cancel();
            true
        })
    }
}

impl Newcomer {
    /// Waits until it is to make room.
    pub(crate) async fn pushed_out(&self) {
        self.pushed_out.cancelled().await;
    }
}

impl Drop for Newcomer {
    fn drop(&mut self) {
        self.newcomers
            .silent
            .lock()
            .by_arrival
            .remove(&self.arrival);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_longest_silent_makes_room_and_nobody_who_has_said_hello() {
        let newcomers: Arc<Newcomers> = Arc::default();
        let [greeted, first, second] = std::array::from_fn(|_| newcomers.enter());
        drop(greeted);
        assert!(newcomers.push_out_oldest());
        first.pushed_out().await;
        assert!(!second.pushed_out.is_cancelled());
        assert!(newcomers.push_out_oldest());
        second.pushed_out().await;
        assert!(!newcomers.push_out_oldest(), "nobody is left");
        drop((first, second));
        assert!(newcomers.silent.lock().by_arrival.is_empty());
    }
}
