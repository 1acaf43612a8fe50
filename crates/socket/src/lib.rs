//! How many of the bytes that were written to a TCP connection have come to the other end.
//!
//! This crate exists so that `unsafe` is forbidden elsewhere: the system is asked through `ioctl`.

mod send_queue;
#[cfg_attr(not(target_os = "linux"), path = "unsupported.rs")]
mod system;

pub use send_queue::SendQueue;
