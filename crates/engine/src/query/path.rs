//! Where in the args or in `custom` a value stands.

use workmill_proto::JsonShape;

use super::job::Unknown;
use super::term::ValueTest;

/// Where a value stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Path {
    pub(super) root: Root,
    /// From there: indexes of arrays, counted from 0, and names of members.
    pub(super) steps: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Root {
    Args,
    Custom,
    /// The member `tags` of custom.
    Tags,
}

impl Root {
    pub(super) const ALL: [Self; 3] = [Self::Args, Self::Custom, Self::Tags];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Args => "arg",
            Self::Custom => "custom",
            Self::Tags => "tag",
        }
    }
}

/// Whether a value at the path passes one of the tests. A step that is no index is looked for in every element of an
/// array, and of the arrays in it; an array at the end of the path passes if one of its elements does.
pub(super) fn any_at(json: &str, steps: &[String], tests: &[ValueTest]) -> Result<bool, Unknown> {
    let value = JsonShape::read(json).ok_or(Unknown)?;
    let Some((step, rest)) = steps.split_first() else {
        return Ok(match value {
            JsonShape::Array(elements) => {
                let is_any = tests.iter().any(ValueTest::is_any);
                let passes = |element: &&str| {
                    JsonShape::read(element).is_some_and(|value| passes(&value, tests))
                };
                is_any || elements.iter().any(passes)
            }
            value => passes(&value, tests),
        });
    };
    match value {
        JsonShape::Array(elements) => match index(step) {
            Some(index) => match elements.get(index) {
                Some(element) => any_at(element, rest, tests),
                None => Ok(false),
            },
            None => {
                let inner = elements
                    .into_iter()
                    .filter(|json| json.starts_with(['{', '[']));
                for value in inner {
                    if any_at(value, steps, tests)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
        },
        JsonShape::Object(members) => {
            // Of equal names the last one counts, as everywhere.
            let member = members.into_iter().rfind(|(name, _)| **name == **step);
            match member {
                Some((_, value)) => any_at(value, rest, tests),
                None => Ok(false),
            }
        }
        JsonShape::Text(_) | JsonShape::Plain(_) => Ok(false),
    }
}

pub(super) fn index(step: &str) -> Option<usize> {
    let is_index = step.bytes().all(|byte| byte.is_ascii_digit());
    is_index.then(|| step.parse().ok()).flatten()
}

fn passes(value: &JsonShape<'_>, tests: &[ValueTest]) -> bool {
    tests.iter().any(|test| test.passes(value))
}
