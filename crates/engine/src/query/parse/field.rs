//! The names of fields.

use super::super::error::QueryError;
use super::super::path::{Path, Root};
use super::super::term::{TextField, TimeField};
use super::parser::Parser;
use super::word;
use crate::limits::QUERY_STEPS_MAX;

/// What stands before a colon.
pub(super) enum Field {
    Text(TextField),
    State,
    Value(Path),
    Retries,
    Time(TimeField),
}

impl Path {
    /// Reads a path alone, as it stands before the colon of a query: `arg.0.card`, `custom.token`, `tag`.
    pub(in super::super) fn parse(text: &str) -> Result<Self, QueryError> {
        let text = format!("{text}:");
        let mut parser = Parser::new(&text);
        let field = Field::take(&mut parser)?;
        match field {
            Some(Field::Value(path)) if parser.rest().is_empty() => Ok(match path.root {
                Root::Args | Root::Custom => path,
                Root::Tags => Self {
                    root: Root::Custom,
                    steps: vec!["tags".to_owned()],
                },
            }),
            _ => Err(parser.error(
                0,
                text.len() - 1,
                "expected a path, like arg.0.id or custom.key",
            )),
        }
    }
}

/// Whether a word, written as it is, would be taken for a field and its value.
pub(in super::super) fn begins_with_field(text: &str) -> bool {
    split(text).is_some()
}

/// Whether a step of a path can be written without quotes.
pub(in super::super) fn is_plain_step(step: &str) -> bool {
    word::is_plain(&format!("x{step}")) && !step.is_empty() && !step.contains(['.', ':'])
}

/// A name, and what follows it from the dot or the colon on. A double colon belongs to a word, as it does in the names of
/// classes.
fn split(text: &str) -> Option<(&str, &str)> {
    let end = text.find(|c: char| !c.is_ascii_alphabetic() && c != '_')?;
    let (name, rest) = text.split_at_checked(end)?;
    let has_paths = ["arg", "args", "custom"];
    let is_path = rest.starts_with('.') && has_paths.iter().any(|it| it.eq_ignore_ascii_case(name));
    let is_field = rest.starts_with(':') && !rest.starts_with("::");
    (!name.is_empty() && (is_path || is_field)).then_some((name, rest))
}

impl Field {
    /// Reads a field and its colon, if one stands here.
    pub(super) fn take(parser: &mut Parser<'_>) -> Result<Option<Self>, QueryError> {
        let start = parser.at;
        let Some((name, rest)) = split(parser.rest()) else {
            return Ok(None);
        };
        parser.at += name.len();
        let Some(mut field) = Self::named(&name.to_ascii_lowercase()) else {
            let text = format!(
                "there is no such field: use one of {}; a text with a colon is written in quotes",
                names().join(", ")
            );
            return Err(parser.error(start, name.len(), &text));
        };
        if rest.starts_with('.')
            && let Self::Value(path) = &mut field
        {
            path.steps = take_steps(parser)?;
        }
        match parser.take(":") {
            true => Ok(Some(field)),
            false => Err(parser.error_here(0, "expected a colon and a value, like arg.0.id:5")),
        }
    }

    fn named(name: &str) -> Option<Self> {
        let name = match name {
            "jobtype" => "type",
            "args" => "arg",
            "bid" => "batch",
            name => name,
        };
        let text = TextField::ALL.into_iter().find(|it| it.name() == name);
        let time = TimeField::ALL.into_iter().find(|it| it.name() == name);
        let root = Root::ALL.into_iter().find(|it| it.name() == name);
        let steps = Vec::new();
        text.map(Self::Text)
            .or(time.map(Self::Time))
            .or(root.map(|root| Self::Value(Path { root, steps })))
            .or(match name {
                "state" => Some(Self::State),
                "retries" => Some(Self::Retries),
                _ => None,
            })
    }
}

/// The names of all fields, as they are told to people.
fn names() -> Vec<&'static str> {
    let mut names: Vec<_> = TextField::ALL.map(TextField::name).to_vec();
    names.extend(["state", "arg.0.id", "custom.key", "tag", "retries"]);
    names.extend(TimeField::ALL.map(TimeField::name));
    names
}

/// The steps of a path: `.0.user."a.b"`.
fn take_steps(parser: &mut Parser<'_>) -> Result<Vec<String>, QueryError> {
    let mut steps = Vec::new();
    while parser.take(".") {
        let start = parser.at;
        let step = match parser.take("\"") {
            true => quoted_step(parser)?,
            false => {
                let rest = parser.rest();
                let end = rest.find(|c: char| {
                    c == '.' || c == ':' || !word::is_plain(c.encode_utf8(&mut [0; 4]))
                });
                let step = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
                parser.at += step.len();
                step.to_owned()
            }
        };
        if step.is_empty() {
            let text =
                "expected the name of a member, or the index of an argument, like arg.0.id:5";
            return Err(parser.error(start, parser.at - start, text));
        }
        steps.push(step);
        if steps.len() > QUERY_STEPS_MAX {
            let text = format!("a path may have at most {QUERY_STEPS_MAX} steps");
            return Err(parser.error(start, parser.at - start, &text));
        }
    }
    Ok(steps)
}

/// A step up to its closing quotation mark, the opening one is read.
fn quoted_step(parser: &mut Parser<'_>) -> Result<String, QueryError> {
    let start = parser.at - 1;
    let mut step = String::new();
    while let Some(c) = parser.next_char() {
        parser.at += c.len_utf8();
        match c {
            '"' => return Ok(step),
            '\\' => step.push(word::take_escaped(parser)?),
            c => step.push(c),
        }
    }
    Err(parser.error(start, 1, "this quotation mark is not closed: add one"))
}
