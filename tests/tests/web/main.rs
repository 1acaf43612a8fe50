//! The web port of a real server.

mod access;
mod contrib;
mod port;
mod probes;
