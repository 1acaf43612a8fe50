//! What remains in the tree when the known keys have been taken out.

use std::collections::BTreeSet;

use super::reader::Reader;
use super::tree::{Node, Value};
use crate::shown::first_lines;

/// Tables that Faktory, its Enterprise edition or its plugins act on and this version does not.
const TABLES_NOT_YET: &[&str] = &["redis"];

/// Below this likeness, between 0 and 1, another key is no help as a suggestion.
const LIKENESS_MIN: f64 = 0.75;

impl Reader {
    /// One line for each unknown key that is left, and one for all tables that this version does not act on yet.
    pub(super) fn warn_of_unknown_keys(self) -> Vec<String> {
        let mut warnings = Vec::new();
        let mut not_yet = Vec::new();
        for (name, node) in &self.table {
            if TABLES_NOT_YET.contains(&name.as_str()) {
                not_yet.push(format!("[{name}] ({})", node.first_origin()));
                continue;
            }
            match &node.value {
                Value::Table(keys) if self.asked.keys().any(|(table, _)| table == name) => {
                    warnings.extend(
                        keys.iter()
                            .map(|(key, node)| self.warn_of(&format!("{name}.{key}"), node)),
                    );
                }
                _ => warnings.push(self.warn_of(name, node)),
            }
        }
        warnings.extend(self.left.iter().map(|(key, node)| self.warn_of(key, node)));
        let mut warnings = first_lines(warnings, "unknown keys are ignored");
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
            node.first_origin()
        )
    }

    /// The known key most like an unknown one: a table for a table, a key with its table for anything else.
    fn nearest(&self, unknown: &str, value: &Value) -> Option<String> {
        let known: BTreeSet<String> = match value {
            Value::Table(_) | Value::Array(_) if !unknown.contains('.') => {
                let not_yet = TABLES_NOT_YET.iter().copied();
                let asked = self.asked.keys().map(|(table, _)| table);
                asked
                    .chain(&self.named)
                    .map(String::as_str)
                    .chain(not_yet)
                    .map(str::to_owned)
                    .collect()
            }
            _ => self
                .asked
                .keys()
                .map(|(table, key)| format!("{table}.{key}"))
                .collect(),
        };
        let mut known: Vec<&str> = known.iter().map(String::as_str).collect();
        // What stands in no table is mostly meant for the one that most have.
        known.sort_by_key(|key| !key.starts_with("faktory."));
        nearest(unknown, &known).map(str::to_owned)
    }
}

/// The known key most like an unknown one, the first of those that are alike; none if none is.
pub(super) fn nearest<'a>(unknown: &str, known: &[&'a str]) -> Option<&'a str> {
    known
        .iter()
        .map(|known| (likeness(unknown, known), *known))
        .filter(|(likeness, _)| *likeness >= LIKENESS_MIN)
        .rev()
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, known)| known)
}

/// How alike two keys are, from 0 to 1. Mostly their last parts count, since a key may stand in the wrong table; they alone
/// for one that stands in none. Typing errors and swapped words (`max_connections`) take a measure each.
fn likeness(unknown: &str, known: &str) -> f64 {
    let measure = |a: &str, b: &str| strsim::jaro_winkler(a, b).max(strsim::sorensen_dice(a, b));
    let last = |key: &str| key.rsplit('.').next().unwrap_or_default().to_owned();
    let of_last = measure(&last(unknown), &last(known));
    match unknown.contains('.') {
        true => 0.9 * of_last + 0.1 * measure(unknown, known),
        false => of_last,
    }
}
