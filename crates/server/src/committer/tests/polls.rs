//! How often the committer polls for more before it runs a group.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::task::{JoinHandle, yield_now};
use workmill_engine::{Duty, Op, Ticket};

use super::super::Inbox;
use crate::committer::window::INLINE_SYNC_CLIENTS_MAX;
use crate::gate::Gate as _;

/// An op that is next to no work.
fn light() -> Op {
    Op::Forget(Ticket(0))
}

/// Connections in the same thread, which submit one op each time they are let go on, so many times.
fn start_connections(inbox: &Arc<Inbox>, times: usize) -> JoinHandle<()> {
    let inbox = Arc::clone(inbox);
    tokio::spawn(async move {
        for _ in 0..times {
            inbox.submit_unanswered(light());
            yield_now().await;
        }
    })
}

#[tokio::test(start_paused = true)]
async fn a_group_gathers_for_as_long_as_connections_bring_more() {
    let inbox: Arc<Inbox> = Arc::default();
    drop(start_connections(&inbox, 5));
    inbox.poll_for_more(false).await;
    assert_eq!(inbox.len(), 5);
}

/// How much waits for the committer after its polls, if connections bring one op more in each.
async fn gather_from_busy_connections(inbox: &Arc<Inbox>, once: bool) -> usize {
    let connections = start_connections(inbox, usize::MAX);
    inbox.poll_for_more(once).await;
    connections.abort();
    inbox.len()
}

#[tokio::test(start_paused = true)]
async fn those_that_came_first_do_not_wait_for_ever() {
    let inbox: Arc<Inbox> = Arc::default();
    assert_eq!(gather_from_busy_connections(&inbox, false).await, 8);
}

#[tokio::test(start_paused = true)]
async fn what_is_synced_waits_for_no_more_than_enough() {
    let inbox: Arc<Inbox> = Arc::default();
    inbox.note_sync(Duration::from_micros(200));
    for _ in 1..INLINE_SYNC_CLIENTS_MAX {
        inbox.submit_unanswered(light());
    }
    assert_eq!(
        gather_from_busy_connections(&inbox, false).await,
        INLINE_SYNC_CLIENTS_MAX
    );
}

#[tokio::test(start_paused = true)]
async fn a_single_client_is_not_kept_waiting_for_others() {
    let inbox: Arc<Inbox> = Arc::default();
    inbox.note_answered(1);
    assert_eq!(gather_from_busy_connections(&inbox, false).await, 1);
}

#[tokio::test(start_paused = true)]
async fn much_work_does_not_wait_for_more() {
    let inbox: Arc<Inbox> = Arc::default();
    inbox.submit_unanswered(Op::Tick(Duty::Promote));
    assert_eq!(gather_from_busy_connections(&inbox, false).await, 2);
}

#[tokio::test(start_paused = true)]
async fn what_has_more_to_run_waits_for_one_turn_of_the_others() {
    let inbox: Arc<Inbox> = Arc::default();
    assert_eq!(gather_from_busy_connections(&inbox, true).await, 1);
}

#[tokio::test(start_paused = true)]
async fn a_turn_that_takes_long_is_the_last() {
    let inbox: Arc<Inbox> = Arc::default();
    let slow = Arc::clone(&inbox);
    let connection = tokio::spawn(async move {
        loop {
            slow.submit_unanswered(light());
            tokio::time::advance(Duration::from_micros(400)).await;
        }
    });
    inbox.poll_for_more(false).await;
    assert_eq!(inbox.len(), 3);
    connection.abort();
}

#[tokio::test(start_paused = true)]
async fn who_brings_nothing_has_one_turn() {
    let inbox: Arc<Inbox> = Arc::default();
    let polls: Arc<AtomicUsize> = Arc::default();
    let counted = Arc::clone(&polls);
    let connection = tokio::spawn(async move {
        loop {
            counted.fetch_add(1, Ordering::Relaxed);
            yield_now().await;
        }
    });
    inbox.poll_for_more(false).await;
    assert_eq!(polls.load(Ordering::Relaxed), 1);
    connection.abort();
}
