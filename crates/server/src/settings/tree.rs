//! What all configuration files say together: one tree of values, each with the place it was written at.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::SettingsError;
use super::origin::Origin;

pub(super) type Table = BTreeMap<String, Node>;

/// A value and where it was written.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) value: Value,
    pub(super) origin: Origin,
}

#[derive(Clone, Debug)]
pub(super) enum Value {
    String(String),
    Integer(i64),
    Float(f64),
    Boolean(bool),
    Array(Vec<Node>),
    Table(Table),
    /// As TOML writes it.
    Datetime(String),
}

impl Value {
    /// What kind of value it is, for error texts: the value itself may be a secret.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::String(_) => "a string",
            Self::Integer(_) => "an integer",
            Self::Float(_) => "a number with a fraction",
            Self::Boolean(_) => "true or false",
            Self::Array(_) => "an array",
            Self::Table(_) => "a table",
            Self::Datetime(_) => "a date or time",
        }
    }

    pub(super) fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn as_table(&self) -> Option<&Table> {
        match self {
            Self::Table(table) => Some(table),
            _ => None,
        }
    }

    fn is_array_of_tables(&self) -> bool {
        matches!(self, Self::Array(nodes) if nodes.iter().all(|node| matches!(node.value, Self::Table(_))))
    }
}

impl Node {
    /// Where it was written: an array of tables is best found by its first table.
    pub(super) fn first_origin(&self) -> &Origin {
        match &self.value {
            Value::Array(nodes) => nodes.first().map_or(&self.origin, |first| &first.origin),
            _ => &self.origin,
        }
    }
}

/// Reads one file.
pub(super) fn parse(file: &Path, text: &str) -> Result<Table, SettingsError> {
    let source = Source::new(file, text);
    // The parser's own rendering quotes the line, which may hold the password.
    let document = DeTable::parse(text).map_err(|error| SettingsError::Syntax {
        at: source.origin(error.span().map_or(0, |span| span.start)),
        what: error.message().replace('\n', ", "),
    })?;
    source.table(document.get_ref())
}

struct Source {
    file: Arc<Path>,
    /// Where lines end, in bytes from the start. Counted once: every value of thousands of tables asks for its line.
    line_ends: Vec<usize>,
}

impl Source {
    fn new(file: &Path, text: &str) -> Self {
        Self {
            file: Arc::from(file),
            line_ends: text.match_indices('\n').map(|(byte, _)| byte).collect(),
        }
    }

    fn origin(&self, byte: usize) -> Origin {
        Origin::new(
            Arc::clone(&self.file),
            1 + self.line_ends.partition_point(|end| *end < byte),
        )
    }

    fn table(&self, table: &DeTable<'_>) -> Result<Table, SettingsError> {
        table
            .iter()
            .map(|(key, value)| {
                Ok((
                    key.get_ref().to_string(),
                    self.node(value, key.span().start)?,
                ))
            })
            .collect()
    }

    /// `start` is where the key begins: the span of a `[table]` may begin elsewhere.
    fn node(&self, value: &Spanned<DeValue<'_>>, start: usize) -> Result<Node, SettingsError> {
        let origin = self.origin(start);
        let value = match value.get_ref() {
            DeValue::String(text) => Value::String(text.to_string()),
            DeValue::Boolean(boolean) => Value::Boolean(*boolean),
            DeValue::Integer(integer) => {
                match i64::from_str_radix(integer.as_str(), integer.radix()) {
                    Ok(integer) => Value::Integer(integer),
                    Err(_) => {
                        return Err(SettingsError::Syntax {
                            at: origin,
                            what: String::from("the integer is too large"),
                        });
                    }
                }
            }
            // What the parser takes for a number is one for the standard library too, but for the underscores.
            DeValue::Float(number) => match number.as_str().replace('_', "").parse() {
                Ok(number) => Value::Float(number),
                Err(_) => {
                    return Err(SettingsError::Syntax {
                        at: origin,
                        what: String::from("this is no number"),
                    });
                }
            },
            DeValue::Datetime(datetime) => Value::Datetime(datetime.to_string()),
            DeValue::Array(values) => Value::Array(
                values
                    .iter()
                    .map(|value| self.node(value, value.span().start))
                    .collect::<Result<_, _>>()?,
            ),
            DeValue::Table(table) => Value::Table(self.table(table)?),
        };
        Ok(Node { value, origin })
    }
}

/// Puts a later file over earlier ones: tables are merged key by key, arrays of tables append, everything else is
/// replaced.
pub(super) fn merge(base: &mut Table, over: Table) {
    for (key, node) in over {
        match base.get_mut(&key) {
            Some(old) => merge_node(old, node),
            None => {
                base.insert(key, node);
            }
        }
    }
}

fn merge_node(base: &mut Node, over: Node) {
    let both_arrays = base.value.is_array_of_tables() && over.value.is_array_of_tables();
    match (&mut base.value, over.value) {
        (Value::Table(base), Value::Table(over)) => merge(base, over),
        (Value::Array(base), Value::Array(over)) if both_arrays => base.extend(over),
        (base_value, over_value) => {
            *base_value = over_value;
            base.origin = over.origin;
        }
    }
}
