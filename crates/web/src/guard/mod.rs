//! Who may come in, how far, and what browsers are told to refuse.
//!
//! Reading order: `access` (what the operator has set), `credentials` (what somebody sends), `login` (whether that is right),
//! `attempts` and `proven` (what it may cost to find out), `authenticate` (all of it for a request), `origin` (whether another
//! site sent it), `address` (how long its parts may be).

mod access;
mod account;
mod actor;
mod address;
mod attempts;
mod authenticate;
mod client;
mod credentials;
mod headers;
mod host;
mod login;
mod network;
mod origin;
mod peer;
mod proven;
mod refusal;
mod script_name;

pub use access::{Access, Secret};
pub use account::{Account, HashError, PASSWORD_BYTES_MAX, hash_password};
pub(crate) use address::{PART_BYTES_MAX, refuse_long_parts};
pub(crate) use authenticate::authenticate;
pub(crate) use headers::harden;
pub(crate) use login::Logins;
pub use network::Network;
pub(crate) use origin::{Reached, refuse_other_sites};
pub(crate) use peer::Peer;
pub(crate) use script_name::{ScriptName, cut_script_name};
