//! What comes out of flags, variables and files.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Parser as _;

use super::{Loaded, Settings, SettingsError};
use crate::cli::Cli;

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
mod throttles;
mod unknown;
mod web;

/// A configuration directory, a home directory, flags and variables, for one load.
pub(super) struct Setup {
    root: tempfile::TempDir,
    flags: Vec<String>,
    variables: Vec<(&'static str, String)>,
}

impl Setup {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("config/conf.d")).unwrap();
        Self {
            root,
            flags: Vec::new(),
            variables: Vec::new(),
        }
    }

    /// A setup whose `conf.d` has one file with this text.
    fn with_config(text: &str) -> Self {
        Self::new().file("10-test.toml", text)
    }

    fn file(self, name: &str, text: &str) -> Self {
        fs::write(self.conf_d().join(name), text).unwrap();
        self
    }

    fn flags(mut self, flags: &[&str]) -> Self {
        self.flags
            .extend(flags.iter().map(|flag| String::from(*flag)));
        self
    }

    fn variable(mut self, name: &'static str, value: &str) -> Self {
        self.variables.push((name, value.to_owned()));
        self
    }

    fn home(&self) -> &Path {
        self.root.path()
    }

    fn config_dir(&self) -> PathBuf {
        self.root.path().join("config")
    }

    fn conf_d(&self) -> PathBuf {
        self.config_dir().join("conf.d")
    }

    fn cli(&self) -> Cli {
        let mut arguments = vec![String::from("workmill")];
        if !self.flags.iter().any(|flag| flag == "-c") {
            arguments.extend([
                String::from("-c"),
                self.config_dir().to_str().unwrap().to_owned(),
            ]);
        }
        arguments.extend(self.flags.iter().cloned());
        Cli::try_parse_from(arguments).unwrap()
    }

    fn env(&self) -> impl Fn(&str) -> Option<String> + Send + Sync + 'static {
        let mut variables = self.variables.clone();
        variables.push(("HOME", self.home().to_str().unwrap().to_owned()));
        move |name| {
            variables
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, value)| value.clone())
        }
    }

    fn try_load(&self) -> Result<Loaded, SettingsError> {
        Settings::load(&self.cli(), &self.env())
    }

    /// Why metrics are off.
    fn metrics_fault(&self) -> String {
        let loaded = self.try_load().unwrap();
        assert_eq!(loaded.settings.metrics, None);
        assert!(!loaded.settings.rules.observed);
        loaded.metrics_fault.unwrap()
    }

    fn load(&self) -> Settings {
        self.try_load().unwrap().settings
    }

    fn warnings(&self) -> Vec<String> {
        self.try_load().unwrap().warnings
    }

    fn error(&self) -> String {
        self.try_load().unwrap_err().to_string()
    }
}
