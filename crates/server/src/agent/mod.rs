//! The agent that takes metrics, as operators name it: where it listens, and which tags it is to be sent.

mod address;
mod tags;

pub use address::AgentAddress;
pub(crate) use address::{PORT_DEFAULT, parse_port};
pub(crate) use tags::{TAG_BYTES_MAX, TAGS_BYTES_MAX, clean_tag, tag_of, write_tag};
