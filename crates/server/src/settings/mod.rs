//! What the operator asked for, put together from the command line, the environment and `conf.d/*.toml`.
//!
//! Start at [`Settings`], which the rest of the server reads, and [`Settings::load`], which makes it.
//! `docs/configuration.md` describes every key for operators.

mod binding;
mod bounds;
mod cluster;
mod conf_dir;
mod cron;
mod database;
mod effective;
mod error;
mod load;
mod metrics;
mod origin;
mod paths;
mod provenance;
mod reader;
mod redact;
mod reload;
mod report;
mod rules;
mod scalars;
mod throttles;
mod tree;
mod unknown_keys;
mod warnings;
mod web;
mod web_users;

pub use binding::Binding;
pub use cluster::ClusterSettings;
pub(crate) use cron::{load_made, read_entry};
pub(crate) use effective::Membership;
pub use effective::{BatchSettings, Settings};
pub use error::SettingsError;
pub use load::Loaded;
pub use metrics::MetricsSettings;
#[cfg(test)]
pub(crate) use metrics::NAMESPACE_BYTES_MAX;
pub use provenance::Provenance;
pub use reload::{Reload, Reloader, VariableSource};
pub use scalars::{CONNECTIONS_MAX_DEFAULT, INPUT_BYTES_MAX_DEFAULT};
pub use throttles::{RateSettings, ThrottleSettings, Throttles};
pub use web::WebSettings;

#[cfg(test)]
mod tests;
