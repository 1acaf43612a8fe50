//! Black-box tests: they start the built `workmill` binary and speak to it over sockets.
//!
//! Nothing here links the server's code. The binary is the one next to the test executable
//! (`cargo build -p workmill` makes it), or the one that `WORKMILL_BIN` names.
//!
//! Times appear only as bounds after which a test is given up; no test passes or fails by speed.

mod client;
mod files;
mod instant;
mod log;
mod password;
mod process;
mod reply;
mod server;

pub use client::{Client, REPLY_WAIT, job};
pub use files::ServerFiles;
pub use instant::{instant_in, parse_instant};
pub use log::LogText;
pub use password::{log_in, password_proof, read_challenge};
pub use process::{Ended, binary_path};
pub use reply::Reply;
pub use server::{Server, ServerBuilder};
