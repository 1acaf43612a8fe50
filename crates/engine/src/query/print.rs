//! The canonical form of a query: back to text that parses to an equal one.

use std::fmt::{self, Display, Write as _};

use super::expr::{Expr, Query};
use super::parse::{begins_with_field, is_plain, is_plain_step, is_plain_text_value};
use super::path::Path;
use super::pattern::Pattern;
use super::range::Range;
use super::term::{JobState, Term, ValueTest};

impl Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.expr {
            None => Ok(()),
            Some(expr) => write!(f, "{expr}"),
        }
    }
}

impl Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Term(term) => write!(f, "{term}"),
            Self::Not(part) => match &**part {
                Self::Term(term) => write!(f, "-{term}"),
                part => write!(f, "-({part})"),
            },
            Self::And(parts) => join(f, parts, " ", |part| matches!(part, Self::Or(_))),
            Self::Or(parts) => join(f, parts, " OR ", |_| false),
        }
    }
}

fn join<T: Display>(
    f: &mut fmt::Formatter<'_>,
    parts: &[T],
    between: &str,
    in_brackets: impl Fn(&T) -> bool,
) -> fmt::Result {
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            f.write_str(between)?;
        }
        match in_brackets(part) {
            true => write!(f, "({part})")?,
            false => write!(f, "{part}")?,
        }
    }
    Ok(())
}

impl Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Word(pattern) => {
                let is_word = |text: &str| {
                    is_plain(text) && !text.starts_with('-') && !begins_with_field(text)
                };
                f.write_str(&written(pattern, is_word))
            }
            Self::Text(field, patterns) => {
                let texts = patterns
                    .iter()
                    .map(|pattern| written(pattern, is_plain_value));
                values(f, field.name(), texts)
            }
            Self::State(states) => values(f, "state", states.iter().map(|it| it.as_str())),
            Self::Value(path, tests) => values(f, &path.to_string(), tests),
            Self::Retries(ranges) => values(f, "retries", ranges),
            Self::Time(field, ranges) => values(f, field.name(), ranges),
        }
    }
}

/// A field and its values.
fn values<T: Display>(
    f: &mut fmt::Formatter<'_>,
    field: &str,
    values: impl IntoIterator<Item = T>,
) -> fmt::Result {
    let values: Vec<T> = values.into_iter().collect();
    write!(f, "{field}:")?;
    match &*values {
        [value] => write!(f, "{value}"),
        values => {
            f.write_char('(')?;
            join(f, values, " OR ", |_| false)?;
            f.write_char(')')
        }
    }
}

/// Whether a text is a value if it is written as it is: two colons would make a word of the field.
fn is_plain_value(text: &str) -> bool {
    is_plain(text) && !text.starts_with(':')
}

/// A pattern: as it is if that is `plain`, else in quotes, or, with stars, with backslashes.
fn written(pattern: &Pattern, plain: impl Fn(&str) -> bool) -> String {
    if let Some(text) = pattern.literal() {
        return match plain(text) {
            true => text.to_owned(),
            false => quoted(text),
        };
    }
    let pieces = pattern.pieces().iter().map(|piece| {
        let mut out = String::new();
        for c in piece.chars() {
            if !is_plain(c.encode_utf8(&mut [0; 4])) {
                out.push('\\');
            }
            out.push(c);
        }
        out
    });
    let text = pieces.collect::<Vec<_>>().join("*");
    // What is not plain but for its stars is so for what it begins with.
    match text.starts_with(['-', '<', '>', ':']) || begins_with_field(&text) {
        true => escaped_start(&text),
        false => text,
    }
}

/// The text with a backslash before its first character, which so is nothing but itself. That must be no backslash.
fn escaped_start(text: &str) -> String {
    format!("\\{text}")
}

fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        if matches!(c, '"' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out.push('"');
    out
}

impl Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.root.name())?;
        for step in &self.steps {
            match is_plain_step(step) {
                true => write!(f, ".{step}")?,
                false => write!(f, ".{}", quoted(step))?,
            }
        }
        Ok(())
    }
}

impl Display for ValueTest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(pattern) => f.write_str(&written(pattern, |text| {
                is_plain_value(text) && is_plain_text_value(text)
            })),
            Self::Number(range) => write!(f, "{range}"),
            Self::Plain(value) => f.write_str(value),
        }
    }
}

impl<V: Display> Display for Range<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Compared(comparison, value) => write!(f, "{}{value}", comparison.sign()),
            Self::Between(from, to) => {
                for (before, end) in [("", from), ("..", to)] {
                    f.write_str(before)?;
                    if let Some(end) = end {
                        write!(f, "{end}")?;
                    }
                }
                Ok(())
            }
        }
    }
}

impl Display for JobState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
