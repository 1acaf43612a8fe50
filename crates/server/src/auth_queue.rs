//! Whose password proof is checked next.
//!
//! One check takes thousands of hashes. They are checked one at a time, so that whoever guesses passwords does
//! not take the processors from those who know theirs; and addresses take turns, so that many guesses from one
//! hold up nobody at another. Nobody is refused for the number of others: hundreds of workers behind one address start
//! at the same time. How many proofs there can be is bounded by the sockets that may be open.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::log_limit::LogLimit;

/// How many proofs are checked at a time.
const CHECKS_MAX: usize = 1;

/// How long a proof waits for its turn. Clients have given up by then, and thousands are checked before.
const WAIT_MAX: Duration = Duration::from_secs(60);

/// The bits of an IPv6 address that name a network; one client can have all addresses of it.
const NETWORK_V6: u128 = u128::MAX << 64;

/// The proofs that wait.
#[derive(Debug)]
pub(crate) struct AuthQueue {
    checks: Arc<Semaphore>,
    by_address: Mutex<HashMap<IpAddr, AddressQueue>>,
    refusals: Mutex<LogLimit>,
}

/// A proof was not checked in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many logins from your address wait for their check: try again later")]
pub(crate) struct AuthTimedOut;

/// The proofs of one address.
#[derive(Debug)]
struct AddressQueue {
    waiting: usize,
    /// One permit: to stand in line for a check among the other addresses.
    front: Arc<Semaphore>,
}

/// The right to check one proof, until it is dropped.
#[derive(Debug)]
pub(crate) struct AuthSlot {
    _check: OwnedSemaphorePermit,
    _front: OwnedSemaphorePermit,
    _waiting: Waiting,
}

/// A proof that counts for its address until it is dropped.
#[derive(Debug)]
struct Waiting {
    address: IpAddr,
    queue: Arc<AuthQueue>,
}

impl Default for AuthQueue {
    fn default() -> Self {
        Self {
            checks: Arc::new(Semaphore::new(CHECKS_MAX)),
            by_address: Mutex::default(),
            refusals: Mutex::default(),
        }
    }
}

impl AuthQueue {
    /// Waits until a proof of this peer may be checked: in order of arrival among those of its address.
    pub(crate) async fn slot(self: &Arc<Self>, peer: IpAddr) -> Result<AuthSlot, AuthTimedOut> {
        let (waiting, front) = self.enter(network(peer));
        let slot = async {
            // Neither semaphore is ever closed.
            let front = front.acquire_owned().await.ok()?;
            let check = Arc::clone(&self.checks).acquire_owned().await.ok()?;
            Some((front, check))
        };
        let Ok(Some((front, check))) = timeout(WAIT_MAX, slot).await else {
            self.warn_of_refusal(peer);
            return Err(AuthTimedOut);
        };
        Ok(AuthSlot {
            _check: check,
            _front: front,
            _waiting: waiting,
        })
    }

    fn warn_of_refusal(&self, peer: IpAddr) {
        if let Some(suppressed) = self.refusals.lock().pass(std::time::Instant::now()) {
            tracing::warn!(
                %peer,
                suppressed,
                "a login has waited for {WAIT_MAX:?} behind others of its address; it is refused"
            );
        }
    }

    fn enter(self: &Arc<Self>, address: IpAddr) -> (Waiting, Arc<Semaphore>) {
        let mut by_address = self.by_address.lock();
        let queue = by_address.entry(address).or_insert_with(|| AddressQueue {
            waiting: 0,
            front: Arc::new(Semaphore::new(1)),
        });
        queue.waiting += 1;
        let front = Arc::clone(&queue.front);
        let queue = Arc::clone(self);
        (Waiting { address, queue }, front)
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let mut by_address = self.queue.by_address.lock();
        if let Some(queue) = by_address.get_mut(&self.address) {
            queue.waiting -= 1;
            if queue.waiting == 0 {
                by_address.remove(&self.address);
            }
        }
    }
}

/// What counts as one address.
fn network(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & NETWORK_V6).into(),
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GUESSER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(127, 0, 0, 2));
    const OTHER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    /// Guesses that stand in line, and hold their turn for ever once they have it.
    async fn guess(queue: &Arc<AuthQueue>, guesses: usize) -> tokio::task::JoinSet<()> {
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..guesses {
            let queue = Arc::clone(queue);
            tasks.spawn(async move {
                let _slot = queue.slot(GUESSER).await.unwrap();
                std::future::pending::<()>().await;
            });
        }
        let waiting = || queue.by_address.lock()[&GUESSER].waiting;
        while waiting() < guesses {
            tokio::task::yield_now().await;
        }
        tasks
    }

    #[tokio::test(start_paused = true)]
    async fn address_that_comes_late_is_next_whatever_another_has_pending() {
        let queue: Arc<AuthQueue> = Arc::default();
        let first = queue.slot(GUESSER).await.unwrap();
        let mut guesses = guess(&queue, 1_000).await;
        let late = Arc::clone(&queue);
        let other = tokio::spawn(async move { late.slot(OTHER).await.is_ok() });
        while !queue.by_address.lock().contains_key(&OTHER) {
            tokio::task::yield_now().await;
        }
        drop(first);
        assert!(other.await.unwrap(), "it waits for the guesses");
        guesses.shutdown().await;
        assert!(queue.by_address.lock().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn all_of_one_address_get_their_turn_in_order_of_arrival() {
        let queue: Arc<AuthQueue> = Arc::default();
        let (served_sink, mut served) = tokio::sync::mpsc::unbounded_channel();
        for number in 0..5_000 {
            let (queue, served_sink) = (Arc::clone(&queue), served_sink.clone());
            tokio::spawn(async move {
                let slot = queue.slot(OTHER).await;
                tokio::time::sleep(Duration::from_millis(2)).await;
                served_sink.send((number, slot.is_ok())).unwrap();
            });
        }
        for number in 0..5_000 {
            assert_eq!(served.recv().await, Some((number, true)));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_waits_too_long_is_told_so_and_leaves_nothing_behind() {
        let queue: Arc<AuthQueue> = Arc::default();
        let slot = queue.slot(GUESSER).await.unwrap();
        assert_eq!(queue.slot(GUESSER).await.err(), Some(AuthTimedOut));
        drop(slot);
        assert!(queue.by_address.lock().is_empty());
        assert!(queue.slot(GUESSER).await.is_ok());
    }

    #[test]
    fn addresses_of_one_network_count_together() {
        let address = |text: &str| network(text.parse().unwrap());
        assert_eq!(address("2001:db8::1"), address("2001:db8::ffff:0:0:1"));
        assert_ne!(address("2001:db8::1"), address("2001:db8:0:1::1"));
        assert_eq!(address("::ffff:127.0.0.2"), GUESSER);
    }
}
