//! A test for each rule of the engine, with explicit time, on the SQLite store.

#![expect(unreachable_pub, reason = "a test binary has no readers outside of it")]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod world;

mod admin;
mod attempts;
mod auditing;
mod batching;
mod clocks;
mod completing;
mod cron;
mod evicting;
mod expiring;
mod failing;
mod fetching;
mod flushing;
mod grouping;
mod history;
mod limits;
mod mutating;
mod observing;
mod pushing;
mod requeueing;
mod reserving;
mod runs;
mod scheduling;
mod slicing;
mod throttling;
mod tracking;
mod trouble;
mod unique;
mod waking;
