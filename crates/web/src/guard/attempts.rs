//! How often somebody may be wrong.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

/// Wrong attempts of one address that are looked at, and how long it takes until one more is.
const OF_ONE_MAX: u32 = 10;
const OF_ONE_EVERY: Duration = Duration::from_secs(6);

/// The same of all together: many addresses at once are no way around.
const OF_ALL_MAX: u32 = 200;
const OF_ALL_EVERY: Duration = Duration::from_millis(500);

/// How often it is logged at most that somebody was wrong too often.
const TELL_EVERY: Duration = Duration::from_secs(60);

/// Addresses that are remembered; more than this make those be forgotten that were wrong least.
const ADDRESSES_MAX: usize = 10_000;

/// Wrong attempts so far, by address.
#[derive(Debug, Default)]
pub(super) struct Attempts(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    of_one: HashMap<IpAddr, Bucket>,
    of_all: Bucket,
    /// When that was last logged.
    told: Option<Instant>,
}

/// Wrong attempts, which are forgiven one by one.
#[derive(Clone, Copy, Debug, Default)]
struct Bucket {
    wrong: u32,
    /// Since when the next one has been waiting to be forgiven.
    since: Option<Instant>,
}

impl Bucket {
    fn forgive(&mut self, every: Duration, now: Instant) {
        let Some(since) = self.since else {
            return;
        };
        let periods = now.duration_since(since).as_millis() / every.as_millis().max(1);
        let forgiven = u32::try_from(periods).unwrap_or(u32::MAX).min(self.wrong);
        self.wrong -= forgiven;
        self.since = (self.wrong > 0).then(|| since + every * forgiven);
    }

    fn count(&mut self, now: Instant) {
        self.wrong += 1;
        self.since.get_or_insert(now);
    }

    fn take_back(&mut self) {
        self.wrong = self.wrong.saturating_sub(1);
    }
}

impl Attempts {
    /// Counts an attempt as a wrong one until it is [taken back](Self::take_back), so that many at once are no way around.
    /// False if there were too many.
    pub(super) fn begin(&self, address: IpAddr) -> bool {
        let now = Instant::now();
        let mut state = self.0.lock();
        let State {
            of_one,
            of_all,
            told,
        } = &mut *state;
        of_all.forgive(OF_ALL_EVERY, now);
        if of_one.len() >= ADDRESSES_MAX {
            of_one.retain(|_, bucket| {
                bucket.forgive(OF_ONE_EVERY, now);
                bucket.wrong > 0
            });
        }
        if of_one.len() >= ADDRESSES_MAX {
            of_one.retain(|_, bucket| bucket.wrong > 1);
        }
        let one = of_one.entry(network_of(address)).or_default();
        one.forgive(OF_ONE_EVERY, now);
        if one.wrong >= OF_ONE_MAX || of_all.wrong >= OF_ALL_MAX {
            if told.is_none_or(|at| now.duration_since(at) >= TELL_EVERY) {
                *told = Some(now);
                tracing::warn!(%address, "too many wrong passwords for the web pages; for a while those from there are not looked at");
            }
            return false;
        }
        one.count(now);
        of_all.count(now);
        true
    }

    /// It was right.
    pub(super) fn take_back(&self, address: IpAddr) {
        let mut state = self.0.lock();
        state.of_all.take_back();
        if let Some(one) = state.of_one.get_mut(&network_of(address)) {
            one.take_back();
        }
    }
}

/// Whoever has one address of IPv6 has 2^64 of them.
fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn address_that_was_wrong_too_often_waits_and_others_do_not() {
        let attempts = Attempts::default();
        let one = address("192.0.2.1");
        for _ in 0..OF_ONE_MAX {
            assert!(attempts.begin(one));
        }
        assert!(!attempts.begin(one) && !attempts.begin(one));
        assert!(!attempts.begin(address("::ffff:192.0.2.1")));
        assert!(attempts.begin(address("192.0.2.2")));
        tokio::time::advance(OF_ONE_EVERY).await;
        assert!(attempts.begin(one) && !attempts.begin(one));
        tokio::time::advance(OF_ONE_EVERY * 100).await;
        for _ in 0..OF_ONE_MAX {
            assert!(attempts.begin(one));
        }
        assert!(!attempts.begin(one));
    }

    #[tokio::test(start_paused = true)]
    async fn right_attempts_count_for_nothing() {
        let attempts = Attempts::default();
        let one = address("2001:db8::1");
        for _ in 0..1_000 {
            assert!(attempts.begin(one));
            attempts.take_back(one);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn neighbours_in_a_network_of_ipv6_count_together() {
        let attempts = Attempts::default();
        for host in 0..OF_ONE_MAX {
            assert!(attempts.begin(address(&format!("2001:db8::{host:x}"))));
        }
        assert!(!attempts.begin(address("2001:db8::ffff")));
        assert!(attempts.begin(address("2001:db8:0:1::1")));
    }

    #[tokio::test(start_paused = true)]
    async fn many_addresses_together_have_a_limit_and_bounded_memory() {
        let attempts = Attempts::default();
        let addresses = (0..).map(|n: u32| IpAddr::from(n.to_be_bytes()));
        let passed = addresses.clone().take(1_000);
        let passed = passed.filter(|one| attempts.begin(*one)).count();
        assert_eq!(passed, OF_ALL_MAX as usize);
        for one in addresses.take(ADDRESSES_MAX * 3) {
            attempts.begin(one);
            tokio::time::advance(OF_ALL_EVERY).await;
        }
        assert!(attempts.0.lock().of_one.len() <= ADDRESSES_MAX);
    }
}
