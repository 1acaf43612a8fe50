//! Values of known keys, by their type.

use std::ops::RangeInclusive;
use std::time::Duration;

use workmill_proto::GoDuration;

use super::super::SettingsError;
use super::super::tree::{Node, Value};
use super::refusal::{Refused, refuse};
use super::{Found, Reader};

impl Reader {
    /// A text. `allowed` says in an error what it should be.
    pub(in crate::settings) fn string(
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
    pub(in crate::settings) fn strings(
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
    pub(in crate::settings) fn boolean(
        &mut self,
        table: &str,
        key: &str,
    ) -> Result<Option<Found<bool>>, SettingsError> {
        self.take(table, key)?
            .map(|node| boolean_of(node).map_err(|refused| refused.of(table, key)))
            .transpose()
    }

    /// An integer within bounds.
    pub(in crate::settings) fn integer(
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
    pub(in crate::settings) fn number(
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
    pub(in crate::settings) fn duration_secs(
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
    pub(in crate::settings) fn duration(
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

/// The text a value is. `allowed` says in an error what it should be.
pub(in crate::settings) fn string_of(node: Node, allowed: &str) -> Result<Found<String>, Refused> {
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
pub(in crate::settings) fn boolean_of(node: Node) -> Result<Found<bool>, Refused> {
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
