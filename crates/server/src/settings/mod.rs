//! What the operator asked for, put together from the command line, the environment and `conf.d/*.toml`.
//!
//! Start at [`Settings`], which the rest of the server reads, and [`Settings::load`], which makes it.
//! `docs/configuration.md` describes every key for operators.

mod binding;
mod bounds;
mod conf_dir;
mod cron;
mod effective;
mod error;
mod features;
mod load;
mod metrics;
mod paths;
mod provenance;
mod reader;
mod reload;
mod report;
mod rules;
mod shown;
mod throttles;
mod tree;
mod unknown_keys;
mod warnings;

pub use crate::statsd::AgentAddress;
pub use binding::Binding;
pub use bounds::{CONNECTIONS_MAX_DEFAULT, INPUT_BYTES_MAX_DEFAULT};
pub use effective::{Environment, Loaded, Settings, TlsFiles};
pub use error::SettingsError;
pub use features::BatchSettings;
pub use metrics::MetricsSettings;
#[cfg(test)]
pub(crate) use metrics::NAMESPACE_BYTES_MAX;
pub use provenance::Provenance;
pub use reload::{Reload, Reloader, VariableSource};
pub(crate) use shown::{TOLD_MAX, first_lines, has_credentials, without_credentials};
pub use throttles::{RateSettings, ThrottleSettings, Throttles};

#[cfg(test)]
mod tests;
