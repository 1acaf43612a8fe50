//! Where settings come from.

use std::collections::BTreeMap;

use super::Settings;
use super::origin::Origin;
use super::paths::{Variables, binding_flag, variable};
use super::reader::Reader;
use super::web::web_binding_flag;
use crate::cli::Cli;

/// Where what was said nowhere comes from.
const DEFAULT: &str = "default";

/// Where settings come from: a file and a line, a flag, a variable.
#[derive(Clone, Debug, Default)]
pub struct Provenance {
    /// By the key, with its table. Of known keys that are nowhere, none.
    places: BTreeMap<String, Option<String>>,
}

impl Provenance {
    /// Where a setting comes from. What was said nowhere is the default.
    pub fn of(&self, key: &str) -> &str {
        let place = self.places.get(key).and_then(Option::as_deref);
        place.unwrap_or(DEFAULT)
    }

    /// Whether nobody has said what a setting is to be.
    pub(super) fn is_default(&self, key: &str) -> bool {
        self.of(key) == DEFAULT
    }

    /// Every key that configuration files can have, with its table, sorted.
    #[cfg(test)]
    pub(super) fn known_keys(&self) -> impl Iterator<Item = &str> {
        self.places.keys().map(String::as_str)
    }

    /// What the files say.
    pub(super) fn new(reader: &Reader) -> Self {
        let known = reader.asked.iter().map(|((table, key), origin)| {
            let place = origin.as_ref().map(Origin::to_string);
            (format!("{table}.{key}"), place)
        });
        Self {
            places: known.collect(),
        }
    }

    pub(super) fn note_named(&mut self, table: &str, origins: BTreeMap<String, Origin>) {
        for (name, origin) in origins {
            self.note(&format!("{table}.{name}"), origin.to_string());
        }
    }

    /// What flags and variables say instead.
    pub(super) fn note_arguments(&mut self, cli: &Cli, env: Variables<'_>, settings: &Settings) {
        let flags = [
            ("faktory.binding", "-b", binding_flag(cli).is_some()),
            ("web.binding", "-w", web_binding_flag(cli).is_some()),
            (
                "storage.durability",
                "--durability",
                cli.durability.is_some(),
            ),
            ("storage directory", "-d", cli.storage_dir.is_some()),
            ("configuration directory", "-c", cli.config_dir.is_some()),
            (
                "environment",
                "FAKTORY_ENV",
                variable(env, "FAKTORY_ENV").is_some(),
            ),
            ("environment", "-e", cli.environment.is_some()),
            (
                "faktory.password",
                "a password file",
                settings.password.is_some() && self.is_default("faktory.password"),
            ),
            (
                "faktory.password",
                "FAKTORY_PASSWORD",
                variable(env, "FAKTORY_PASSWORD").is_some(),
            ),
        ];
        for (key, place, said) in flags {
            if said {
                self.note(key, place.to_owned());
            }
        }
    }

    /// Says where a setting comes from.
    pub(super) fn note(&mut self, key: &str, place: String) {
        self.places.insert(key.to_owned(), Some(place));
    }
}
