//! Several servers on one store, with all that can happen to them, in one thread and from one seed.
//!
//! The engine, the store in memory and what servers say to each other are the real ones. Simulated are time, the network,
//! the database's end and beginning, processes that are killed or stand still, and the clients. What clients saw is held
//! against what they were promised ([`History`]); what a seed brings to light it brings to light again.
//!
//! Whether the simulator would notice a fault is tested by planting some ([`Flaw`]).
//!
//! Reading order: [`World`] (the loop), `server` and `term` (a server, and the one that leads), `client/`, `faults`,
//! [`History`] and `scan` (what must hold).

mod client;
mod database;
mod event;
mod faults;
mod flaw;
mod history;
mod net;
mod ops;
mod scan;
mod server;
mod term;
mod world;

pub use flaw::Flaw;
pub use history::{History, Violation};
pub use world::{Report, World, run};
