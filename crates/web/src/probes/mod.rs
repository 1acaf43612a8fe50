//! What machines ask: whether the server lives and is ready, its numbers for Prometheus and for autoscalers, and what scripts
//! ask Faktory.

mod exposition;
mod faktory;
mod jobtype_metrics;
mod life;
mod metrics;
mod queue_metrics;
pub(crate) mod scaling;

pub(crate) use faktory::{health, stats};
pub(crate) use life::{livez, readyz};
pub(crate) use metrics::metrics;
