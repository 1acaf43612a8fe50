//! Takes the known keys out of the tree and checks them.

mod refusal;
mod values;

use std::collections::{BTreeMap, BTreeSet};

pub(super) use refusal::{Refused, refuse, refuse_because, refuse_table};
pub(super) use values::{boolean_of, string_of};

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
}
