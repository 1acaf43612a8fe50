//! Jobs that are kept in a PostgreSQL database.

#[path = "../../../crates/store/tests/postgres/server.rs"]
mod postgres;

mod alone;
mod crash;
mod failover;
mod fixture;
mod followers;
