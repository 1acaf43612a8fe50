//! One connection: greeting, commands in order, replies in order.
//!
//! Reading order: `handshake` (who is there), `conversation` (the loop), `pipeline` (which commands are run
//! together), `parser` (what a line says), `dispatch` (what each command becomes), `answer` (what each outcome becomes), `watch` (a FETCH
//! that waits), `handed` (jobs on their way), `wire` (bytes in and out), `stream` and `socket` (what they go over).

mod answer;
mod close_reason;
mod conversation;
mod dispatch;
mod handed;
mod handshake;
mod parser;
mod pipeline;
mod socket;
mod status;
mod stream;
mod watch;
mod wire;

pub(crate) use handshake::{Arrival, HANDSHAKE_WITHIN, converse};
pub(crate) use socket::Socket;
