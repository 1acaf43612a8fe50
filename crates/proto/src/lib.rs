//! The Faktory Work Protocol: what passes between clients and the server, as bytes and as types.

mod set;
mod time;

pub use set::SetName;
pub use time::Timestamp;
