//! Whose password proof is checked next.
//!
//! One check takes thousands of hashes. They are checked one at a time, so that whoever guesses passwords does
//! not take the processors from those who know theirs; and addresses take turns, so that many guesses from one
//! hold up nobody at another.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How many proofs are checked at a time.
const CHECKS_MAX: usize = 1;

/// How many proofs of one address may wait or be checked: more than the connections that one machine's workers
/// open at once, and less than what can be checked before a HELLO is too late.
const PENDING_MAX: usize = 128;

/// The bits of an IPv6 address that name a network; one client can have all addresses of it.
const NETWORK_V6: u128 = u128::MAX << 64;

/// The proofs that wait.
#[derive(Debug)]
pub(crate) struct Proofs {
    checks: Arc<Semaphore>,
    by_address: Mutex<HashMap<IpAddr, Queue>>,
}

/// The proofs of one address.
#[derive(Debug)]
struct Queue {
    pending: usize,
    /// One permit: to stand in line for a check among the other addresses.
    front: Arc<Semaphore>,
}

/// The right to check one proof, until it is dropped.
#[derive(Debug)]
pub(crate) struct Turn {
    _check: OwnedSemaphorePermit,
    _front: OwnedSemaphorePermit,
    _pending: Pending,
}

/// A proof that counts for its address until it is dropped.
#[derive(Debug)]
struct Pending {
    address: IpAddr,
    proofs: Arc<Proofs>,
}

impl Default for Proofs {
    fn default() -> Self {
        Self {
            checks: Arc::new(Semaphore::new(CHECKS_MAX)),
            by_address: Mutex::default(),
        }
    }
}

impl Proofs {
    /// Waits until a proof of this peer may be checked. None at once if too many of its address are pending.
    pub(crate) async fn turn(self: &Arc<Self>, peer: IpAddr) -> Option<Turn> {
        let (pending, front) = self.enter(network(peer))?;
        // Neither semaphore is ever closed.
        let front = front.acquire_owned().await.ok()?;
        let check = Arc::clone(&self.checks).acquire_owned().await.ok()?;
        Some(Turn {
            _check: check,
            _front: front,
            _pending: pending,
        })
    }

    fn enter(self: &Arc<Self>, address: IpAddr) -> Option<(Pending, Arc<Semaphore>)> {
        let mut by_address = self.by_address.lock();
        let queue = by_address.entry(address).or_insert_with(|| Queue {
            pending: 0,
            front: Arc::new(Semaphore::new(1)),
        });
        if queue.pending >= PENDING_MAX {
            return None;
        }
        queue.pending += 1;
        let front = Arc::clone(&queue.front);
        let proofs = Arc::clone(self);
        Some((Pending { address, proofs }, front))
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        let mut by_address = self.proofs.by_address.lock();
        if let Some(queue) = by_address.get_mut(&self.address) {
            queue.pending -= 1;
            if queue.pending == 0 {
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

    #[tokio::test(start_paused = true)]
    async fn address_that_comes_late_is_next_whatever_another_has_pending() {
        let proofs: Arc<Proofs> = Arc::default();
        let first = proofs.turn(GUESSER).await.unwrap();
        let mut guesses = tokio::task::JoinSet::new();
        for _ in 1..PENDING_MAX {
            let proofs = Arc::clone(&proofs);
            guesses.spawn(async move {
                let _turn = proofs.turn(GUESSER).await.unwrap();
                // Holds the turn for ever: whoever comes after it never gets one.
                std::future::pending::<()>().await;
            });
        }
        while proofs.by_address.lock()[&GUESSER].pending < PENDING_MAX {
            tokio::task::yield_now().await;
        }
        assert!(proofs.turn(GUESSER).await.is_none(), "too many");
        let waiting = Arc::clone(&proofs);
        let other = tokio::spawn(async move { waiting.turn(OTHER).await.is_some() });
        while !proofs.by_address.lock().contains_key(&OTHER) {
            tokio::task::yield_now().await;
        }
        drop(first);
        let minute = std::time::Duration::from_secs(60);
        let served = tokio::time::timeout(minute, other).await;
        assert!(served.expect("it waits for the guesses").unwrap());
        guesses.shutdown().await;
        assert!(proofs.by_address.lock().is_empty());
    }

    #[test]
    fn addresses_of_one_network_count_together() {
        let address = |text: &str| network(text.parse().unwrap());
        assert_eq!(address("2001:db8::1"), address("2001:db8::ffff:0:0:1"));
        assert_ne!(address("2001:db8::1"), address("2001:db8:0:1::1"));
        assert_eq!(address("::ffff:127.0.0.2"), GUESSER);
    }
}
