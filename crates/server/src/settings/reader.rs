//! Takes the known keys out of the tree and checks them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::time::Duration;

use workmill_proto::GoDuration;

use super::SettingsError;
use super::origin::Origin;
use super::tree::{Node, Table, Value};

/// Hands out the values of known keys. Every key is asked for exactly once, so that what was asked for is the list of
/// the known ones, and what remains is unknown.
pub(super) struct Reader {
    pub(super) table: Table,
    /// The known keys, each after its table, and where they were written.
    pub(super) asked: BTreeMap<(String, String), Option<Origin>>,
    /// The known tables whose keys are names that operators choose.
    pub(super) named: BTreeSet<String>,
    /// Unknown keys of arrays of tables, with their table's name before them.
    pub(super) left: Vec<(String, Node)>,
}

/// A value that was there.
#[derive(Debug)]
pub(super) struct Found<T> {
    pub(super) value: T,
    pub(super) origin: Origin,
}

/// The value, or what holds when nobody said anything.
pub(super) fn value_or<T>(found: Option<Found<T>>, default: T) -> T {
    found.map_or(default, |found| found.value)
}

impl Reader {
    pub(super) fn new(table: Table) -> Self {
        Self {
            table,
            asked: BTreeMap::new(),
            named: BTreeSet::new(),
            left: Vec::new(),
        }
    }

    fn take(&mut self, table: &str, key: &str) -> Result<Option<Node>, SettingsError> {
        let node = match self.table.get_mut(table) {
            None => None,
            Some(Node {
                value: Value::Table(keys),
                ..
            }) => keys.remove(key),
            Some(_) => {
                let refused = self.table.remove(table);
                return refused.map_or(Ok(None), |Node { value, origin }| {
                    Err(refuse_table(&origin, table, &value))
                });
            }
        };
        let origin = node.as_ref().map(|node| node.origin.clone());
        self.asked
            .insert((table.to_owned(), key.to_owned()), origin);
        Ok(node)
    }

    /// Where a key stands that was asked for.
    pub(super) fn origin(&self, table: &str, key: &str) -> Option<Origin> {
        self.asked.get(&(table.to_owned(), key.to_owned()))?.clone()
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

    /// The tables of an array `[[name]]`, which may have these keys. What is not taken from them goes to
    /// [`Reader::leave`].
    pub(super) fn tables(
        &mut self,
        name: &str,
        keys: &[&str],
    ) -> Result<Vec<Found<Table>>, SettingsError> {
        let known = keys.iter().map(|key| (name.to_owned(), (*key).to_owned()));
        self.asked.extend(known.map(|key| (key, None)));
        let refuse = |at, found: &Value| SettingsError::Value {
            at,
            key: name.to_owned(),
            allowed: format!("an array of tables, each written [[{name}]]"),
            found: found.kind().to_owned(),
        };
        let nodes = match self.table.remove(name) {
            None => Vec::new(),
            Some(Node {
                value: Value::Array(nodes),
                ..
            }) => nodes,
            Some(Node { value, origin }) => return Err(refuse(origin, &value)),
        };
        nodes
            .into_iter()
            .map(|node| match node.value {
                Value::Table(value) => Ok(Found {
                    value,
                    origin: node.origin,
                }),
                other => Err(refuse(node.origin, &other)),
            })
            .collect()
    }

    /// Keys of a table of [`Reader::tables`] that nobody took: they are unknown.
    pub(super) fn leave(&mut self, name: &str, table: Table) {
        let unknown = table
            .into_iter()
            .map(|(key, node)| (format!("{name}.{key}"), node));
        self.left.extend(unknown);
    }

    /// A text. `allowed` says in an error what it should be.
    pub(super) fn string(
        &mut self,
        table: &str,
        key: &str,
        allowed: &str,
    ) -> Result<Option<Found<String>>, SettingsError> {
        self.take(table, key)?
            .map(|node| string_of(node, allowed).map_err(|refused| refused.of(table, key)))
            .transpose()
    }

    /// A list of texts; none if there is no such key.
    pub(super) fn strings(
        &mut self,
        table: &'static str,
        key: &'static str,
    ) -> Result<Vec<Found<String>>, SettingsError> {
        let allowed = "a list of texts";
        let Some(node) = self.take(table, key)? else {
            return Ok(Vec::new());
        };
        let Value::Array(nodes) = node.value else {
            return Err(refuse(node.origin, table, key, allowed, node.value.kind()));
        };
        nodes
            .into_iter()
            .map(|node| match node.value {
                Value::String(value) => Ok(Found {
                    value,
                    origin: node.origin,
                }),
                other => Err(refuse(node.origin, table, key, allowed, other.kind())),
            })
            .collect()
    }

    /// `true` or `false`.
    pub(super) fn boolean(
        &mut self,
        table: &str,
        key: &str,
    ) -> Result<Option<Found<bool>>, SettingsError> {
        self.take(table, key)?
            .map(|node| boolean_of(node).map_err(|refused| refused.of(table, key)))
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

    /// A span of time in whole seconds.
    pub(super) fn duration_secs(
        &mut self,
        table: &str,
        key: &str,
        range: RangeInclusive<u64>,
    ) -> Result<Option<Found<u64>>, SettingsError> {
        let allowed = format!(
            "a number of seconds from {} to {}, or a text such as \"90s\" or \"12h30m\"",
            range.start(),
            range.end()
        );
        let [shortest, longest] = [*range.start(), *range.end()].map(Duration::from_secs);
        let found = self.duration(table, key, shortest..=longest, &allowed)?;
        Ok(found.map(|Found { value, origin }| Found {
            value: value.as_secs(),
            origin,
        }))
    }

    /// A span of time: a number of seconds, or a text such as `"180d"` or `"1h30m"`. `allowed` says in an error what it
    /// should be.
    pub(super) fn duration(
        &mut self,
        table: &str,
        key: &str,
        range: RangeInclusive<Duration>,
        allowed: &str,
    ) -> Result<Option<Found<Duration>>, SettingsError> {
        self.take(table, key)?
            .map(|node| {
                let (span, shown) = match &node.value {
                    Value::Integer(secs) => (
                        u64::try_from(*secs).ok().map(Duration::from_secs),
                        secs.to_string(),
                    ),
                    Value::Float(secs) => {
                        (Duration::try_from_secs_f64(*secs).ok(), secs.to_string())
                    }
                    Value::String(text) => (
                        text.parse().ok().and_then(GoDuration::to_std),
                        format!("{text:?}"),
                    ),
                    other => (None, other.kind().to_owned()),
                };
                match span.filter(|span| range.contains(span)) {
                    Some(value) => Ok(Found {
                        value,
                        origin: node.origin,
                    }),
                    None => Err(refuse(node.origin, table, key, allowed, shown)),
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

/// A value of a wrong type.
pub(super) struct Refused {
    pub(super) at: Origin,
    pub(super) allowed: String,
    pub(super) found: &'static str,
}

impl Refused {
    pub(super) fn of(self, table: &str, key: &str) -> SettingsError {
        refuse(self.at, table, key, &self.allowed, self.found)
    }
}

/// The text a value is. `allowed` says in an error what it should be.
pub(super) fn string_of(node: Node, allowed: &str) -> Result<Found<String>, Refused> {
    match node.value {
        Value::String(value) => Ok(Found {
            value,
            origin: node.origin,
        }),
        other => Err(Refused {
            at: node.origin,
            allowed: allowed.to_owned(),
            found: other.kind(),
        }),
    }
}

/// The boolean a value is.
pub(super) fn boolean_of(node: Node) -> Result<Found<bool>, Refused> {
    match node.value {
        Value::Boolean(value) => Ok(Found {
            value,
            origin: node.origin,
        }),
        other => Err(Refused {
            at: node.origin,
            allowed: "true or false".to_owned(),
            found: other.kind(),
        }),
    }
}

/// The error for a value that breaks a rule, which a sentence of its own says best.
pub(super) fn refuse_because(
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
