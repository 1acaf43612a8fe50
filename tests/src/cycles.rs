//! How often tests with randomness repeat themselves, and what they draw from.

use rand::rngs::SmallRng;
use rand::{Rng as _, SeedableRng as _};

/// What `WORKMILL_CRASH_CYCLES` is when it is not set.
const CYCLES_DEFAULT: u32 = 25;

/// How often to do what is done `of_default` times unless `WORKMILL_CRASH_CYCLES` says otherwise; in proportion to it.
pub fn cycles(of_default: u32) -> u32 {
    let wanted = number("WORKMILL_CRASH_CYCLES").unwrap_or(u64::from(CYCLES_DEFAULT));
    let cycles = (u64::from(of_default) * wanted).div_ceil(u64::from(CYCLES_DEFAULT));
    u32::try_from(cycles).expect("WORKMILL_CRASH_CYCLES is a number that can be reached")
}

/// `WORKMILL_CRASH_SEED`, or a new one.
pub fn seed() -> u64 {
    number("WORKMILL_CRASH_SEED").unwrap_or_else(|| SmallRng::from_os_rng().random())
}

/// The number in an environment variable, if it is set.
pub(crate) fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(
        text.parse()
            .unwrap_or_else(|error| panic!("{variable}={text:?} is no number: {error}")),
    )
}
