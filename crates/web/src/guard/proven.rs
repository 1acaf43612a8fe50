//! What has been found right lately, so that not every request pays for a hash.

use std::collections::HashMap;
use std::time::Duration;

use parking_lot::Mutex;
use sha2::{Digest as _, Sha256};
use tokio::time::Instant;

/// How long it is remembered after its last use.
const LASTS: Duration = Duration::from_secs(15 * 60);

/// How many are remembered.
const PROVEN_MAX: usize = 1_024;

/// Digests of secrets with what they were found right for. The key is this process's own: what is in memory helps nobody
/// elsewhere.
pub(super) struct Proven {
    key: [u8; 32],
    used: Mutex<HashMap<[u8; 32], Instant>>,
}

impl Proven {
    pub(super) fn new() -> Self {
        Self {
            key: rand::random(),
            used: Mutex::default(),
        }
    }

    /// Whether this secret was found right for what is kept (a hash or a password). What is kept now counts: if that has
    /// changed, nothing has been found.
    pub(super) fn knows(&self, kept: &str, secret: &[u8]) -> bool {
        let now = Instant::now();
        let mut used = self.used.lock();
        match used.get_mut(&self.digest(kept, secret)) {
            Some(at) if now.duration_since(*at) < LASTS => {
                *at = now;
                true
            }
            _ => false,
        }
    }

    /// It is right.
    pub(super) fn add(&self, kept: &str, secret: &[u8]) {
        let now = Instant::now();
        let mut used = self.used.lock();
        if used.len() >= PROVEN_MAX {
            used.retain(|_, at| now.duration_since(*at) < LASTS);
        }
        if used.len() >= PROVEN_MAX {
            let oldest = used.iter().min_by_key(|(_, at)| **at);
            if let Some(oldest) = oldest.map(|(digest, _)| *digest) {
                used.remove(&oldest);
            }
        }
        used.insert(self.digest(kept, secret), now);
    }

    fn digest(&self, kept: &str, secret: &[u8]) -> [u8; 32] {
        let mut digest = Sha256::new();
        digest.update(self.key);
        digest.update((kept.len() as u64).to_be_bytes());
        digest.update(kept);
        digest.update(secret);
        digest.finalize().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_is_right_is_remembered_for_what_is_kept_and_for_a_while() {
        let proven = Proven::new();
        proven.add("hash", b"secret");
        assert!(proven.knows("hash", b"secret"));
        assert!(!proven.knows("hash2", b"secret") && !proven.knows("hash", b"secret2"));
        assert!(!proven.knows("hashs", b"ecret"));
        tokio::time::advance(LASTS / 2).await;
        assert!(proven.knows("hash", b"secret"));
        tokio::time::advance(LASTS).await;
        assert!(!proven.knows("hash", b"secret"));
    }

    #[tokio::test(start_paused = true)]
    async fn the_one_not_used_for_longest_makes_room() {
        let proven = Proven::new();
        for n in 0..=PROVEN_MAX {
            proven.add("hash", n.to_string().as_bytes());
            tokio::time::advance(Duration::from_millis(1)).await;
        }
        assert_eq!(proven.used.lock().len(), PROVEN_MAX);
        assert!(!proven.knows("hash", b"0") && proven.knows("hash", b"1"));
    }
}
