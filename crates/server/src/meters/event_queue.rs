//! Where events wait to be sent as metrics.

use parking_lot::Mutex;
use tokio::sync::Notify;
use workmill_engine::Event;

/// Events that may wait; more are lost. Some milliseconds' worth as a rule; at the worst, with the longest names,
/// 20 MB.
const EVENTS_MAX: usize = 16_384;

/// So many are sent at once, and not after a while: an agent's buffer may hold little more than they take.
const EVENTS_PLENTY: usize = 512;

/// The queue between the committer and the service that sends. Putting something in never waits.
#[derive(Debug, Default)]
pub(crate) struct EventQueue {
    waiting: Mutex<WaitingEvents>,
    arrived: Notify,
    plenty: Notify,
}

/// What waits to be sent.
#[derive(Debug, Default)]
pub(crate) struct WaitingEvents {
    pub(crate) events: Vec<Event>,
    /// Events for which there was no room.
    pub(crate) lost: u64,
}

impl EventQueue {
    /// Hands over what happened in a group that is committed.
    pub(crate) fn offer(&self, events: Vec<Event>) {
        let mut waiting = self.waiting.lock();
        let before = waiting.events.len();
        let room = EVENTS_MAX - before;
        waiting.lost += events.len().saturating_sub(room) as u64;
        waiting.events.extend(events.into_iter().take(room));
        if before == 0 {
            self.arrived.notify_one();
        }
        if before < EVENTS_PLENTY && waiting.events.len() >= EVENTS_PLENTY {
            self.plenty.notify_one();
        }
    }

    /// Waits until something waits. May end once too often.
    pub(crate) async fn arrived(&self) {
        self.arrived.notified().await;
    }

    /// Waits until so much waits that it should be sent at once. May end once too often.
    pub(crate) async fn plenty(&self) {
        self.plenty.notified().await;
    }

    /// Takes out everything.
    pub(crate) fn take(&self) -> WaitingEvents {
        std::mem::take(&mut self.waiting.lock())
    }
}

#[cfg(test)]
mod tests {
    use workmill_engine::EventKind;

    use super::*;

    fn events(count: usize) -> Vec<Event> {
        let event = Event {
            kind: EventKind::Pushed,
            queue: "q".into(),
            jobtype: "T".into(),
        };
        vec![event; count]
    }

    #[test]
    fn what_has_no_room_is_lost_and_counted() {
        let queue = EventQueue::default();
        queue.offer(events(EVENTS_MAX - 1));
        queue.offer(events(3));
        let WaitingEvents { events, lost } = queue.take();
        assert_eq!((events.len(), lost), (EVENTS_MAX, 2));
        let WaitingEvents { events, lost } = queue.take();
        assert_eq!((events.len(), lost), (0, 0), "taken once");
    }

    #[tokio::test]
    async fn first_event_and_many_events_wake_the_sender() {
        let queue = EventQueue::default();
        queue.offer(events(1));
        queue.arrived().await;
        queue.offer(events(EVENTS_PLENTY));
        queue.plenty().await;
        queue.take();
        queue.offer(events(EVENTS_PLENTY));
        queue.arrived().await;
        queue.plenty().await;
    }
}
