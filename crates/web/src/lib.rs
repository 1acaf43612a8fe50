//! The web port: pages for people, an HTTP API, and probes for machines, over one trait.
//!
//! What it knows of the server is [`Desk`]: it asks ops and reads what is committed, and sees neither committer nor
//! transaction. So every handler is tested without a socket, and nothing here can hold up the way of a job.
//!
//! Reading order: `desk` (what the server is to us), `app` (which path leads where), `guard/` (who may come in,
//! and what browsers are told), `service/` (what can be done and seen), `pages/` (what people see), `locale/` (in which language), `api/` (the same as JSON), `probes/` (what machines
//! ask), `assets/` (the files pages need), `port/` (connections).

mod api;
mod app;
mod assets;
mod desk;
mod etag;
mod explained;
mod guard;
mod locale;
mod observe;
mod pages;
mod port;
mod probes;
pub mod service;

pub use app::build;
pub use desk::{
    Action, Actor, Answering, ConnectionView, Desk, DeskError, DiskSpace, Durability, DutyNumbers,
    Fetches, Forbidden, LeftQueue, Permit, Read, Role, ServerFacts, ServerNumbers, ServerState,
    Standing, WorkerChoice, WorkerSignal, WorkerView,
};
pub use guard::{Access, Account, HashError, Network, PASSWORD_BYTES_MAX, Secret, hash_password};
pub use observe::Observer;
pub use port::{TlsSource, serve};

#[cfg(test)]
mod tests;
