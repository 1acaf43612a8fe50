//! What comes out of flags, variables and files.

mod cluster;
mod cron;
mod cron_firing;
mod documented;
mod features;
mod limits;
mod merging;
mod metrics;
mod paths;
mod redact;
mod reloading;
mod secrets;
mod setup;
mod throttles;
mod unknown;
mod web;

use std::fs;
use std::path::Path;

use super::{Loaded, Settings, SettingsError};
use setup::Setup;
