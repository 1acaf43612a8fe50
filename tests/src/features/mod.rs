//! Crash tests of what jobs may ask for: unique jobs, batches, expiry, tracking, throttles, and cron.
//!
//! Clients write into a book what they sent and what was acknowledged, as those of [`crate::Fleet`] do into a ledger. What
//! had no answer when the server died may have happened or not; after each death it is found out which.

mod audit;
mod batches;
mod book;
mod checked;
mod close;
mod fleet;
mod hands;
mod job;
mod locks;
mod plan;
mod producer;
mod readiness;
mod resolve;
mod throttles;
mod ticks;
mod transitions;
mod worker;

pub use book::FeatureLedger;
pub use checked::FeaturesChecked;
pub use fleet::FeatureFleet;
pub use plan::features_config;
