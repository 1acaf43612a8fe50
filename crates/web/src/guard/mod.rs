//! Who may come in, how far, and what browsers are told to refuse.

mod access;
mod basic;
mod headers;
mod peer;
mod script_name;

pub use access::{Access, Secret};
pub(crate) use basic::authenticate;
pub(crate) use headers::harden;
pub(crate) use peer::Peer;
pub(crate) use script_name::{ScriptName, cut_script_name};
