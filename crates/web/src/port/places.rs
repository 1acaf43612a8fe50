//! The places of connections: there are so many, and who asks for nothing makes room.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// Who is connected.
#[derive(Debug)]
pub(super) struct Places {
    max: usize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    numbers: u64,
    held: BTreeMap<u64, Held>,
}

#[derive(Debug)]
struct Held {
    /// Since when it has asked for nothing; none while a request of it is being answered.
    idle_since: Option<Instant>,
    pushed_out: CancellationToken,
}

/// A place; free again when this is dropped.
#[derive(Debug)]
pub(super) struct Place {
    number: u64,
    pushed_out: CancellationToken,
    places: Arc<Places>,
}

/// A request that is being answered, until this is dropped.
#[derive(Debug)]
pub(super) struct Busy(Arc<Place>);

impl Places {
    pub(super) fn new(max: usize) -> Arc<Self> {
        Arc::new(Self {
            max,
            state: Mutex::default(),
        })
    }

    /// Takes a place. If there is none, that of the connection is taken which has asked for nothing for longest; none if all
    /// are being answered.
    pub(super) fn take(self: &Arc<Self>) -> Option<Place> {
        let mut state = self.state.lock();
        if state.held.len() >= self.max {
            let idle = state.held.iter();
            let idle = idle.filter_map(|(number, held)| Some((held.idle_since?, *number)));
            let (_, longest) = idle.min()?;
            let held = state.held.remove(&longest)?;
            held.pushed_out.cancel();
        }
        state.numbers += 1;
        let number = state.numbers;
        let pushed_out = CancellationToken::new();
        let held = Held {
            idle_since: Some(Instant::now()),
            pushed_out: pushed_out.clone(),
        };
        state.held.insert(number, held);
        Some(Place {
            number,
            pushed_out,
            places: Arc::clone(self),
        })
    }
}

impl Place {
    /// How many there are in all.
    pub(super) fn of(&self) -> usize {
        self.places.max
    }

    /// Waits until somebody else has it.
    pub(super) async fn pushed_out(&self) {
        self.pushed_out.cancelled().await;
    }

    /// A request begins; none if the place is somebody else's by now.
    pub(super) fn begin(self: &Arc<Self>) -> Option<Busy> {
        let mut state = self.places.state.lock();
        state.held.get_mut(&self.number)?.idle_since = None;
        Some(Busy(Arc::clone(self)))
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        let mut state = self.0.places.state.lock();
        if let Some(held) = state.held.get_mut(&self.0.number) {
            held.idle_since = Some(Instant::now());
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.places.state.lock().held.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn who_asked_for_nothing_for_longest_makes_room_and_who_is_being_answered_does_not() {
        let places = Places::new(3);
        let mut held = Vec::new();
        for _ in 0..3 {
            held.push(Arc::new(places.take().unwrap()));
            tokio::time::advance(Duration::from_secs(1)).await;
        }
        let is_out = |place: &Arc<Place>| place.pushed_out.is_cancelled();
        let first = held[0].begin().unwrap();
        drop(held[1].begin().unwrap());
        // The first is being answered, the second has just asked.
        let fourth = Arc::new(places.take().unwrap());
        assert_eq!(
            held.iter().map(is_out).collect::<Vec<_>>(),
            [false, false, true]
        );
        assert!(held[2].begin().is_none());
        let second = held[1].begin().unwrap();
        let fourth_busy = fourth.begin().unwrap();
        assert!(places.take().is_none());
        drop(first);
        drop(places.take().unwrap());
        drop((second, fourth_busy, fourth));
        held.clear();
        assert!(places.state.lock().held.is_empty());
    }
}
