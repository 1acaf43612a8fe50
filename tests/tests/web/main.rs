//! The web port of a real server.

mod access;
mod port;
mod probes;
