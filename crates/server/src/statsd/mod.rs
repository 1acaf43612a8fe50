//! Metrics for an agent that speaks DogStatsD.
//!
//! What happens to jobs comes from the committer through a [queue of events](crate::meters::EventQueue); what there is of everything is measured every
//! half minute ([`gauges`]). Both become lines, are packed into datagrams and handed to the system without waiting for
//! anybody: what cannot be sent is lost, and jobs go on.
//!
//! Reading order: `format` (a line), `datagrams` (how lines are packed),
//! `link` (the socket), `service` (the loop).

mod datagrams;
mod format;
mod gauges;
mod link;
mod service;

pub(crate) use service::send_metrics;
