//! Takes the known keys out of the tree and checks them.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::ops::RangeInclusive;

use super::SettingsError;
use super::tree::{Node, Origin, Table, Value};

/// Hands out the values of known keys. Every key is asked for exactly once, so that what was asked for is the list of
/// the known ones, and what remains is unknown.
pub(super) struct Reader {
    pub(super) table: Table,
    pub(super) asked: BTreeSet<(&'static str, &'static str)>,
}

/// A value that was there.
#[derive(Debug)]
pub(super) struct Found<T> {
    pub(super) value: T,
    pub(super) origin: Origin,
}

impl Reader {
    pub(super) fn new(table: Table) -> Self {
        Self {
            table,
            asked: BTreeSet::new(),
        }
    }

    fn take(
        &mut self,
        table: &'static str,
        key: &'static str,
    ) -> Result<Option<Node>, SettingsError> {
        self.asked.insert((table, key));
        match self.table.get_mut(table) {
            None => Ok(None),
            Some(Node {
                value: Value::Table(keys),
                ..
            }) => Ok(keys.remove(key)),
            Some(Node { value, origin }) => Err(SettingsError::Value {
                at: origin.clone(),
                key: table.to_owned(),
                allowed: format!("a table, written [{table}]"),
                found: value.kind().to_owned(),
            }),
        }
    }

    /// A text. `allowed` says in an error what it should be.
    pub(super) fn string(
        &mut self,
        table: &'static str,
        key: &'static str,
        allowed: &str,
    ) -> Result<Option<Found<String>>, SettingsError> {
        self.take(table, key)?
            .map(|node| match node.value {
                Value::String(value) => Ok(Found {
                    value,
                    origin: node.origin,
                }),
                other => Err(refuse(node.origin, table, key, allowed, other.kind())),
            })
            .transpose()
    }

    /// `true` or `false`.
    pub(super) fn boolean(
        &mut self,
        table: &'static str,
        key: &'static str,
    ) -> Result<Option<Found<bool>>, SettingsError> {
        self.take(table, key)?
            .map(|node| match node.value {
                Value::Boolean(value) => Ok(Found {
                    value,
                    origin: node.origin,
                }),
                other => Err(refuse(
                    node.origin,
                    table,
                    key,
                    "true or false",
                    other.kind(),
                )),
            })
            .transpose()
    }

    /// An integer within bounds.
    pub(super) fn integer(
        &mut self,
        table: &'static str,
        key: &'static str,
        range: RangeInclusive<usize>,
    ) -> Result<Option<Found<usize>>, SettingsError> {
        let allowed = format!("an integer from {} to {}", range.start(), range.end());
        self.take(table, key)?
            .map(|node| match node.value {
                Value::Integer(integer) => match usize::try_from(integer) {
                    Ok(value) if range.contains(&value) => Ok(Found {
                        value,
                        origin: node.origin,
                    }),
                    _ => Err(refuse(node.origin, table, key, &allowed, integer)),
                },
                other => Err(refuse(node.origin, table, key, &allowed, other.kind())),
            })
            .transpose()
    }

    /// A span of time in whole seconds: an integer, or a text such as `"180d"` or `"1h30m"`.
    pub(super) fn duration_secs(
        &mut self,
        table: &'static str,
        key: &'static str,
        range: RangeInclusive<u64>,
    ) -> Result<Option<Found<u64>>, SettingsError> {
        let allowed = format!(
            "a number of seconds from {} to {}, or a text such as \"180d\" or \"12h30m\"",
            range.start(),
            range.end()
        );
        self.take(table, key)?
            .map(|node| {
                let (secs, shown) = match &node.value {
                    Value::Integer(integer) => (u64::try_from(*integer).ok(), integer.to_string()),
                    Value::String(text) => (
                        humantime::parse_duration(text)
                            .ok()
                            .map(|span| span.as_secs()),
                        format!("{text:?}"),
                    ),
                    other => (None, other.kind().to_owned()),
                };
                match secs.filter(|secs| range.contains(secs)) {
                    Some(value) => Ok(Found {
                        value,
                        origin: node.origin,
                    }),
                    None => Err(refuse(node.origin, table, key, &allowed, shown)),
                }
            })
            .transpose()
    }
}

/// The error for a value that a key cannot have.
pub(super) fn refuse(
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
