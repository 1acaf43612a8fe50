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
mod cron;
mod failing;
mod fetching;
mod limits;
mod mutating;
mod observing;
mod pushing;
mod reserving;
mod scheduling;
mod slicing;
mod trouble;
