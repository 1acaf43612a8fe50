//! One connection: greeting, commands in order, replies in order.
//!
//! Reading order: `handshake` (who is there), `conversation` (the loop), `batch` (which commands are run
//! together), `reader` (what a line says), `dispatch` (what each command becomes), `answer` (what each outcome becomes), `watch` (a FETCH
//! that waits), `wire` (bytes in and out), `stream` (what they go over).

mod answer;
mod batch;
mod conversation;
mod dispatch;
mod farewell;
mod handshake;
mod reader;
mod status;
mod stream;
mod watch;
mod wire;

pub(crate) use handshake::{Arrival, HANDSHAKE_WITHIN, converse};
pub(crate) use reader::Reader;
