//! The server: everything between the sockets and the engine.
//!
//! Holds no rule of jobs. What the operator asks for becomes [`settings::Settings`]; `main.rs` loads them, starts the
//! log and hands over to `run`.

pub mod banner;
pub mod cli;
pub mod descriptors;
pub mod logging;
pub mod password;
mod permissions;
pub mod settings;
pub mod storage_dir;
pub mod tls;
