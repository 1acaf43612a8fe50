//! Takes the known keys out of the tree, checks them, and says what remains.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::ops::RangeInclusive;

use super::SettingsError;
use super::tree::{Node, Origin, Table, Value};

/// Tables that Faktory, its Enterprise edition or its plugins act on and this version does not.
const TABLES_NOT_YET: &[&str] = &[
    "batch",
    "cron",
    "cron_plugin",
    "metrics",
    "redis",
    "statsd",
    "throttles",
    "uniq",
    "web",
];

/// Below this likeness, between 0 and 1, another key is no help as a suggestion.
const LIKENESS_MIN: f64 = 0.75;

/// Hands out the values of known keys. Every key is asked for exactly once, so that what was asked for is the list of
/// the known ones, and what remains is unknown.
pub(super) struct Reader {
    table: Table,
    asked: BTreeSet<(&'static str, &'static str)>,
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

    /// One line for each unknown key that is left, and one for all tables that this version does not act on yet.
    pub(super) fn warn_of_the_rest(self) -> Vec<String> {
        let mut warnings = Vec::new();
        let mut not_yet = Vec::new();
        for (name, node) in &self.table {
            if TABLES_NOT_YET.contains(&name.as_str()) {
                not_yet.push(format!("[{name}] ({})", first_origin(node)));
                continue;
            }
            match &node.value {
                Value::Table(keys) if self.asked.iter().any(|(table, _)| table == name) => {
                    warnings.extend(
                        keys.iter()
                            .map(|(key, node)| self.warn_of(&format!("{name}.{key}"), node)),
                    );
                }
                _ => warnings.push(self.warn_of(name, node)),
            }
        }
        if !not_yet.is_empty() {
            warnings.push(format!(
                "this version does not act on these tables yet: {}",
                not_yet.join(", ")
            ));
        }
        warnings
    }

    fn warn_of(&self, unknown: &str, node: &Node) -> String {
        let hint = match self.nearest(unknown, &node.value) {
            Some(known) => format!("; did you mean {known}?"),
            None => String::from("; no known key is similar"),
        };
        format!(
            "{}: unknown key {unknown} is ignored{hint}",
            first_origin(node)
        )
    }

    /// The known key most like an unknown one: a table for a table, a key with its table for anything else.
    fn nearest(&self, unknown: &str, value: &Value) -> Option<String> {
        let known: BTreeSet<String> = match value {
            Value::Table(_) | Value::Array(_) if !unknown.contains('.') => {
                let not_yet = TABLES_NOT_YET.iter().copied();
                self.asked
                    .iter()
                    .map(|(table, _)| *table)
                    .chain(not_yet)
                    .map(str::to_owned)
                    .collect()
            }
            _ => self
                .asked
                .iter()
                .map(|(table, key)| format!("{table}.{key}"))
                .collect(),
        };
        known
            .into_iter()
            .map(|known| (likeness(unknown, &known), known))
            .filter(|(likeness, _)| *likeness >= LIKENESS_MIN)
            .max_by(|(a, _), (b, _)| a.total_cmp(b))
            .map(|(_, known)| known)
    }
}

/// How alike two keys are, from 0 to 1. The last part counts by itself too: a key may stand in the wrong table.
fn likeness(unknown: &str, known: &str) -> f64 {
    let last = |key: &str| key.rsplit('.').next().unwrap_or_default().to_owned();
    let whole = strsim::jaro_winkler(unknown, known);
    let last = strsim::jaro_winkler(&last(unknown), &last(known));
    // The whole name decides among keys whose last parts are equally alike.
    last.max(whole) * 0.9 + whole * 0.1
}

/// An array of tables is best found by its first table.
fn first_origin(node: &Node) -> &Origin {
    match &node.value {
        Value::Array(nodes) => nodes.first().map_or(&node.origin, |first| &first.origin),
        _ => &node.origin,
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
