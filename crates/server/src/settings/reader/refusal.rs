//! Errors for values that a key cannot have.

use std::fmt::Display;

use super::super::SettingsError;
use super::super::origin::Origin;
use super::super::tree::Value;

/// The error for a key that is no table.
pub(in crate::settings) fn refuse_table(at: &Origin, table: &str, found: &Value) -> SettingsError {
    SettingsError::Value {
        at: at.clone(),
        key: table.to_owned(),
        allowed: format!("a table, written [{table}]"),
        found: found.kind().to_owned(),
    }
}

/// A value of a wrong type.
pub(in crate::settings) struct Refused {
    pub(in crate::settings) at: Origin,
    pub(in crate::settings) allowed: String,
    pub(in crate::settings) found: &'static str,
}

impl Refused {
    pub(in crate::settings) fn of(self, table: &str, key: &str) -> SettingsError {
        refuse(self.at, table, key, &self.allowed, self.found)
    }
}

/// The error for a value that breaks a rule, which a sentence of its own says best.
pub(in crate::settings) fn refuse_because(
    at: Origin,
    table: &str,
    key: &str,
    what: impl Into<String>,
) -> SettingsError {
    SettingsError::Rule {
        at,
        key: format!("{table}.{key}"),
        what: what.into(),
    }
}

/// The error for a value that a key cannot have.
pub(in crate::settings) fn refuse(
    at: Origin,
    table: &str,
    key: &str,
    allowed: &str,
    found: impl Display,
) -> SettingsError {
    SettingsError::Value {
        at,
        key: format!("{table}.{key}"),
        allowed: allowed.to_owned(),
        found: found.to_string(),
    }
}
