//! What several servers on one store say to each other, and what each of them remembers of it.
//!
//! One server leads: it alone has the store and runs the engine. The others hand over to it what their clients ask. Any of
//! them may die at any time, and links between them may break: an op is run once all the same, and answered once.
//!
//! Nothing here opens a socket, reads a clock or draws a random number: time and frames are handed in, and what is to be
//! sent is handed out. So the same code runs in a server and in a simulator.
//!
//! Reading order: `frame` (what is said), `form` (in which bytes), `handshake` (who may say it), [`Forwarder`] (the side that asks), [`AnswerLogs`] (what is kept of the answers),
//! [`Host`] (the side that runs what is asked), [`Candidate`] (who leads).

mod answer;
mod candidate;
mod form;
mod forwarder;
mod frame;
mod handshake;
mod host;
mod logs;
mod replay;

pub use candidate::{
    Candidate, LEADER_SILENT, LEADER_STUCK, LINK_SILENT, LeaderRow, LinkLoss, Step,
};
pub use form::{
    Unreadable, Unsendable, VERSION, read_from_leader, read_to_leader, write_from_leader,
    write_to_leader,
};
pub use forwarder::{Forwarder, Received};
pub use frame::{Epoch, FromLeader, LinkId, OpNumber, ToLeader};
pub use handshake::{
    Admission, Greeting, HANDSHAKE_BYTES_MAX, HandshakeError, Introduction, Nonce, Proof,
};
pub use host::{Gone, Host, Outbox, SERVER_FORGOTTEN, SERVER_GONE};
pub use logs::AnswerLogs;
