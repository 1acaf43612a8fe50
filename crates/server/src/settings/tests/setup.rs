//! Settings as they are before they are loaded.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Parser as _;

use crate::cli::Cli;
use crate::settings::{Loaded, Settings, SettingsError};

/// A configuration directory, a home directory, flags and variables, for one load.
pub(super) struct Setup {
    root: tempfile::TempDir,
    flags: Vec<String>,
    variables: Vec<(&'static str, String)>,
}

impl Setup {
    pub(super) fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("config/conf.d")).unwrap();
        Self {
            root,
            flags: Vec::new(),
            variables: Vec::new(),
        }
    }

    /// A setup whose `conf.d` has one file with this text.
    pub(super) fn with_config(text: &str) -> Self {
        Self::new().file("10-test.toml", text)
    }

    pub(super) fn file(self, name: &str, text: &str) -> Self {
        fs::write(self.conf_d().join(name), text).unwrap();
        self
    }

    pub(super) fn flags(mut self, flags: &[&str]) -> Self {
        self.flags
            .extend(flags.iter().map(|flag| String::from(*flag)));
        self
    }

    pub(super) fn variable(mut self, name: &'static str, value: &str) -> Self {
        self.variables.push((name, value.to_owned()));
        self
    }

    pub(super) fn home(&self) -> &Path {
        self.root.path()
    }

    pub(super) fn config_dir(&self) -> PathBuf {
        self.root.path().join("config")
    }

    pub(super) fn conf_d(&self) -> PathBuf {
        self.config_dir().join("conf.d")
    }

    pub(super) fn cli(&self) -> Cli {
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

    pub(super) fn env(&self) -> impl Fn(&str) -> Option<String> + Send + Sync + 'static {
        let mut variables = self.variables.clone();
        variables.push(("HOME", self.home().to_str().unwrap().to_owned()));
        move |name| {
            variables
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, value)| value.clone())
        }
    }

    pub(super) fn try_load(&self) -> Result<Loaded, SettingsError> {
        Settings::load(&self.cli(), &self.env())
    }

    /// Why metrics are off.
    pub(super) fn metrics_fault(&self) -> String {
        let loaded = self.try_load().unwrap();
        assert_eq!(loaded.settings.metrics, None);
        assert!(!loaded.settings.rules.observed);
        loaded.metrics_fault.unwrap()
    }

    pub(super) fn load(&self) -> Settings {
        self.try_load().unwrap().settings
    }

    pub(super) fn warnings(&self) -> Vec<String> {
        self.try_load().unwrap().warnings
    }

    pub(super) fn error(&self) -> String {
        self.try_load().unwrap_err().to_string()
    }
}
