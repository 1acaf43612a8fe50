//! Reading the settings again while the server runs.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use super::{
    Binding, Loaded, MetricsSettings, Settings, SettingsError, Throttles, WebSettings, scalars,
};
use crate::cli::Cli;
use crate::descriptors::FilesMax;
use crate::shown::first_lines;
use crate::tls::TlsReloader;

/// Where environment variables come from: by name, nothing for those that are not set.
pub type VariableSource = Box<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// Loads the settings again from the same places.
pub struct Reloader {
    cli: Cli,
    env: VariableSource,
    files_max: FilesMax,
}

/// What a reload brought.
#[derive(Debug)]
pub struct Reload {
    /// The settings that hold from now on: the new ones, except where only a restart can change them.
    pub settings: Settings,
    /// What changed or would need a restart, one line each; empty when nothing did.
    pub changes: Vec<String>,
    /// How many changes there are: of a kind of which there are many not all have their line.
    pub changes_count: usize,
    /// As in [`Loaded`].
    pub warnings: Vec<String>,
}

impl Reloader {
    /// Remembers where the settings come from.
    pub fn new(cli: Cli, env: VariableSource, files_max: FilesMax) -> Self {
        Self {
            cli,
            env,
            files_max,
        }
    }

    /// Loads the settings for the first time: as [`Settings::load`], with the number of connections fitted to the system.
    pub fn load(&self) -> Result<Loaded, SettingsError> {
        let mut loaded = Settings::load(&self.cli, &self.env)?;
        self.fit_connections(&mut loaded);
        Ok(loaded)
    }

    /// Lowers the number of connections to what fits. An operator who has asked for more is told; the default asks for as
    /// many as there can be.
    fn fit_connections(&self, loaded: &mut Loaded) {
        const KEY: &str = "limits.connections_max";
        let with_web = loaded.settings.web.binding.is_some();
        let (fitting, wanted) = (
            self.files_max.connections_max(with_web),
            loaded.settings.connections_max,
        );
        if wanted <= fitting {
            return;
        }
        loaded.settings.connections_max = fitting;
        if loaded.origins.is_default(KEY) {
            loaded
                .origins
                .note(KEY, String::from("limit of open files"));
        } else if let Some(limit) = self.files_max.limit(fitting, with_web) {
            loaded.warnings.push(format!(
                "at most {fitting} connections instead of {wanted}: {limit}"
            ));
        }
    }

    /// How many open files the system allows.
    pub fn files_max(&self) -> FilesMax {
        self.files_max
    }

    /// Loads them again. TLS files are read again too and used for new connections. After an error everything is as
    /// before.
    pub fn reload(
        &self,
        current: &Settings,
        tls: Option<&TlsReloader>,
    ) -> Result<Reload, SettingsError> {
        let Loaded {
            mut settings,
            mut warnings,
            metrics_fault,
            ..
        } = self.load()?;
        if let Some(fault) = metrics_fault {
            warnings.push(format!("metrics stay as they are: {fault}"));
            settings.metrics.clone_from(&current.metrics);
            settings.rules.observed = current.rules.observed;
        }
        let files = settings.tls.clone();
        let mut comparison = Comparison {
            changes: Vec::new(),
            unnamed: 0,
        };
        let settings = comparison.merge(current, settings);
        // Last, because it takes effect at once and nothing may fail after it.
        if let (Some(tls), Some(files)) = (tls, files) {
            tls.reload(&files)?;
            warnings.extend(tls.warnings());
            comparison.changes.push(format!(
                "TLS certificate and key read again from {}",
                files.certificate.display()
            ));
        }
        Ok(Reload {
            settings,
            changes_count: comparison.changes.len() + comparison.unnamed,
            changes: comparison.changes,
            warnings,
        })
    }
}

impl fmt::Debug for Reloader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reloader")
            .field("cli", &self.cli)
            .finish_non_exhaustive()
    }
}

struct Comparison {
    changes: Vec<String>,
    /// How many changes more there are than lines.
    unnamed: usize,
}

impl Comparison {
    /// Takes the new settings where they can change while the server runs.
    fn merge(&mut self, current: &Settings, mut new: Settings) -> Settings {
        self.keep("faktory.binding", &current.binding, &mut new.binding);
        self.keep_web(&current.web, &mut new.web);
        if current.cluster != new.cluster {
            new.cluster.clone_from(&current.cluster);
            self.changes.push(String::from(
                "[cluster] has changed; it takes effect after a restart",
            ));
        }
        self.changes.extend(scalars::keep(current, &mut new));
        if current.durability != new.durability {
            new.durability = current.durability;
            self.changes.push(String::from(
                "storage.durability has changed; it takes effect after a restart",
            ));
        }
        if current.database != new.database {
            new.database.clone_from(&current.database);
            self.changes.push(String::from(
                "the database has changed; that takes effect after a restart",
            ));
        }
        if current.tls.is_some() != new.tls.is_some() {
            let wanted = if new.tls.is_some() { "on" } else { "off" };
            new.tls.clone_from(&current.tls);
            self.changes.push(format!(
                "TLS is to be turned {wanted}; that takes effect after a restart"
            ));
        }
        match (&current.password, &new.password) {
            (None, Some(_)) => self
                .changes
                .push(String::from("a password is needed from now on")),
            (Some(_), None) => self
                .changes
                .push(String::from("NO PASSWORD is needed from now on")),
            (old, new) if old != new => self.changes.push(String::from("the password has changed")),
            _ => {}
        }
        self.changes.extend(scalars::changes(current, &new));
        self.take_throttles(&current.throttles, &new.throttles);
        self.take_cron(current, &mut new);
        self.take_metrics(current.metrics.as_ref(), new.metrics.as_ref());
        new
    }

    fn keep_web(&mut self, current: &WebSettings, new: &mut WebSettings) {
        if current.binding != new.binding {
            let shown = |binding: &Option<Binding>| match binding {
                Some(binding) => binding.to_string(),
                None => String::from("off"),
            };
            self.changes.push(format!(
                "web.binding is {} until a restart, then {}",
                shown(&current.binding),
                shown(&new.binding)
            ));
            new.binding.clone_from(&current.binding);
        }
        if current.password != new.password {
            self.changes.push(String::from(match new.password {
                Some(_) => "the password of the web pages has changed",
                None => "the web pages have no password of their own any more",
            }));
        }
        for (key, has_changed) in [
            (
                "web.authentication",
                current.authentication != new.authentication,
            ),
            ("web.proxies", current.proxies != new.proxies),
            ("web.hosts", current.hosts != new.hosts),
            ("web_user", current.users != new.users),
            ("redact", current.redactions != new.redactions),
        ] {
            if has_changed {
                self.changes.push(format!("{key} has changed"));
            }
        }
    }

    fn take_metrics(&mut self, current: Option<&MetricsSettings>, new: Option<&MetricsSettings>) {
        match (current, new) {
            (Some(_), None) => self.changes.push(String::from("metrics are off")),
            (old, Some(new)) if old != Some(new) => {
                self.changes.push(format!("metrics go to {new}"));
            }
            _ => {}
        }
    }

    fn take_throttles(&mut self, current: &Throttles, new: &Throttles) {
        let queues: BTreeSet<&String> = current.keys().chain(new.keys()).collect();
        let changes = queues.into_iter().filter_map(|queue| {
            let key = format!("throttles.{queue}");
            match (current.get(queue), new.get(queue)) {
                (Some(current), Some(new)) => change(&key, current, new),
                (None, Some(new)) => Some(format!("{key} is {new}, was not there")),
                (_, None) => Some(format!("{key} is no longer there")),
            }
        });
        self.tell_first(changes.collect(), "throttles have changed");
    }

    /// Takes the new cron entries. If they are the old ones, their table stays too: the engine compares it every
    /// second, which takes no time if it is the same one.
    fn take_cron(&mut self, current: &Settings, new: &mut Settings) {
        let kept = new.cron.iter().filter_map(|(name, entry)| {
            let told = match current.cron.get(name) {
                None => "is new",
                Some(before) if before != entry => "has changed",
                Some(_) => return None,
            };
            Some(format!("cron entry \"{name}\" {told}"))
        });
        let gone = current.cron.iter().filter_map(|(name, _)| {
            let is_gone = new.cron.get(name).is_none();
            is_gone.then(|| format!("cron entry \"{name}\" is gone"))
        });
        let changes = kept.chain(gone).collect();
        self.tell_first(changes, "cron entries are new, have changed or are gone");
        if new.cron == current.cron {
            new.cron = Arc::clone(&current.cron);
        }
    }

    fn keep<T: PartialEq + Clone + fmt::Display>(&mut self, key: &str, current: &T, new: &mut T) {
        if current != new {
            self.changes
                .push(format!("{key} is {current} until a restart, then {new}"));
            new.clone_from(current);
        }
    }

    /// Tells of changes of which there may be thousands.
    fn tell_first(&mut self, changes: Vec<String>, of: &str) {
        let count = changes.len();
        let lines = first_lines(changes, of);
        self.unnamed += count - lines.len();
        self.changes.extend(lines);
    }
}

fn change<T: PartialEq + fmt::Display>(key: &str, current: &T, new: &T) -> Option<String> {
    (current != new).then(|| format!("{key} is {new}, was {current}"))
}
