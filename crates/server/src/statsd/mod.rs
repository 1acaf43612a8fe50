//! Metrics for an agent that speaks DogStatsD.
//!
//! What happens to jobs comes from the committer through the [`Outbox`]; what there is of everything is measured every
//! half minute ([`gauges`]). Both become lines, are packed into datagrams and handed to the system without waiting for
//! anybody: what cannot be sent is lost, and jobs go on.
//!
//! Reading order: `address` and `tags` (what an operator says), `format` (a line), `datagrams` (how lines are packed),
//! `link` (the socket), `service` (the loop).

mod address;
mod datagrams;
mod format;
mod gauges;
mod link;
mod outbox;
mod service;
mod tags;

pub use address::AgentAddress;
pub(crate) use address::{PORT_DEFAULT, parse_port};
pub(crate) use outbox::Outbox;
pub(crate) use service::send_metrics;
pub(crate) use tags::{TAG_BYTES_MAX, TAGS_BYTES_MAX, clean_tag, tag_of};
