//! The PostgreSQL store, on a server that all tests share.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what fails must stop the test"
)]

mod fixture;
mod server;
mod special;
mod suite;
mod tls;
