//! Takes the known keys out of the tree and checks them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::ops::RangeInclusive;

use super::SettingsError;
use super::tree::{Node, Origin, Table, Value};

/// Hands out the values of known keys. Every key is asked for exactly once, so that what was asked for is the list of
/// the known ones, and what remains is unknown.
pub(super) struct Reader {
    pub(super) table: Table,
    /// The known keys, each after its table, and where they were written.
    pub(super) asked: BTreeMap<(String, String), Option<Origin>>,
    /// The known tables whose keys are names that operators choose.
    pub(super) named: BTreeSet<String>,
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
            asked: BTreeMap::new(),
            named: BTreeSet::new(),
        }
    }

    fn take(&mut self, table: &str, key: &str) -> Result<Option<Node>, SettingsError> {
        let node = match self.table.get_mut(table) {
            None => None,
            Some(Node {
                value: Value::Table(keys),
                ..
            }) => keys.remove(key),
            Some(Node { value, origin }) => return Err(refuse_table(origin, table, value)),
        };
        let origin = node.as_ref().map(|node| node.origin.clone());
        self.asked
            .insert((table.to_owned(), key.to_owned()), origin);
        Ok(node)
    }

    /// All of a table whose keys are names that operators choose.
    pub(super) fn entries(&mut self, table: &str) -> Result<Table, SettingsError> {
        self.named.insert(table.to_owned());
        match self.table.remove(table) {
            None => Ok(Table::new()),
            Some(Node {
                value: Value::Table(entries),
                ..
            }) => Ok(entries),
            Some(Node { value, origin }) => Err(refuse_table(&origin, table, &value)),
        }
    }

    /// Where a key stands that is known and has no effect.
    pub(super) fn ignored(
        &mut self,
        table: &str,
        key: &str,
    ) -> Result<Option<Origin>, SettingsError> {
        Ok(self.take(table, key)?.map(|node| node.origin))
    }

    /// A text. `allowed` says in an error what it should be.
    pub(super) fn string(
        &mut self,
        table: &str,
        key: &str,
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
        table: &str,
        key: &str,
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
        table: &str,
        key: &str,
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

    /// A number within bounds, with a fraction or without.
    pub(super) fn number(
        &mut self,
        table: &str,
        key: &str,
        range: RangeInclusive<f64>,
    ) -> Result<Option<Found<f64>>, SettingsError> {
        let allowed = format!("a number from {} to {}", range.start(), range.end());
        self.take(table, key)?
            .map(|node| {
                let number = match node.value {
                    Value::Integer(integer) => integer as f64,
                    Value::Float(number) => number,
                    other => return Err(refuse(node.origin, table, key, &allowed, other.kind())),
                };
                if !range.contains(&number) {
                    return Err(refuse(node.origin, table, key, &allowed, number));
                }
                Ok(Found {
                    value: number,
                    origin: node.origin,
                })
            })
            .transpose()
    }

    /// A span of time in whole seconds: an integer, or a text such as `"180d"` or `"1h30m"`.
    pub(super) fn duration_secs(
        &mut self,
        table: &str,
        key: &str,
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

/// The error for a key that is no table.
pub(super) fn refuse_table(at: &Origin, table: &str, found: &Value) -> SettingsError {
    SettingsError::Value {
        at: at.clone(),
        key: table.to_owned(),
        allowed: format!("a table, written [{table}]"),
        found: found.kind().to_owned(),
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
