//! Several servers that work as one.

mod admission;
mod breaks;
mod commands;
mod crash;
