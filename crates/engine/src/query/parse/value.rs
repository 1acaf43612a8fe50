//! The values of fields.

use super::super::error::QueryError;
use super::super::moment::Moment;
use super::super::number::Number;
use super::super::pattern::Pattern;
use super::super::range::{Comparison, Range};
use super::super::term::{JobState, PLAIN_VALUES, Term, ValueTest};
use super::field::Field;
use super::parser::Parser;
use super::word::{Word, is_plain};

const NUMBER_WANTED: &str = "expected a number, a comparison like >3, or a range like 3..5";
const MOMENT_WANTED: &str = "expected a time like 2026-01-31T08:00:00Z, a date, or a time from now like -1h30m, also with > or <, or a range like -2h..-1h";

/// Whether a text, written as it is, is read as a text where a value in JSON stands.
pub(in super::super) fn is_plain_text_value(text: &str) -> bool {
    is_plain(text)
        && !PLAIN_VALUES.contains(&text)
        && !text.starts_with(['<', '>'])
        && range_of(text, Number::parse).is_none()
}

impl Parser<'_> {
    /// What stands behind the colon of a field.
    pub(super) fn field_term(&mut self, field: Field) -> Result<Term, QueryError> {
        Ok(match field {
            Field::Text(field) => {
                Term::Text(field, self.values(|_, word| Ok(Pattern::new(word.pieces)))?)
            }
            Field::State => Term::State(self.values(Self::state)?),
            Field::Value(path) => Term::Value(path, self.values(Self::value_test)?),
            Field::Retries => Term::Retries(
                self.values(|parser, word| parser.range(&word, Number::parse, NUMBER_WANTED))?,
            ),
            Field::Time(field) => Term::Time(
                field,
                self.values(|parser, word| parser.range(&word, Moment::parse, MOMENT_WANTED))?,
            ),
        })
    }

    /// A value, or several in brackets with OR between them.
    fn values<V>(
        &mut self,
        read: impl Fn(&Self, Word) -> Result<V, QueryError>,
    ) -> Result<Vec<V>, QueryError> {
        let start = self.at;
        if self
            .next_char()
            .is_none_or(|c| c.is_whitespace() || c == ')')
        {
            return Err(self.error_here(0, "expected a value directly behind the colon"));
        }
        if !self.take("(") {
            let word = Word::take(self)?;
            self.count_value(word.at)?;
            return Ok(vec![read(self, word)?]);
        }
        let mut values = Vec::new();
        loop {
            self.skip_space();
            let word = self.word()?;
            self.count_value(word.at)?;
            values.push(read(self, word)?);
            self.skip_space();
            if self.take(")") {
                return Ok(values);
            }
            if self.rest().is_empty() {
                return Err(self.error(start, 1, "this bracket is not closed: add one"));
            }
            if !self.take_keyword("OR") {
                let text = "expected OR between the values, or a closing bracket";
                return Err(self.error_here(self.next_char().map_or(0, char::len_utf8), text));
            }
        }
    }

    fn state(&self, word: Word) -> Result<JobState, QueryError> {
        let state = word.pieces.first().and_then(|name| JobState::parse(name));
        state.filter(|_| word.pieces.len() == 1).ok_or_else(|| {
            let names = JobState::ALL.map(JobState::as_str).join(", ");
            self.error(word.at, word.len, &format!("expected one of {names}"))
        })
    }

    /// What a value in JSON is held against: unquoted it may be a number, or none that is a text.
    fn value_test(&self, word: Word) -> Result<ValueTest, QueryError> {
        let Some(plain) = &word.plain else {
            return Ok(ValueTest::Text(Pattern::new(word.pieces)));
        };
        if let Some(value) = PLAIN_VALUES.into_iter().find(|value| value == plain) {
            return Ok(ValueTest::Plain(value));
        }
        match range_of(plain, Number::parse) {
            Some(range) => Ok(ValueTest::Number(range)),
            None if plain.starts_with(['<', '>']) => {
                let text =
                    "expected a number behind the sign; a text that begins so is written in quotes";
                Err(self.error(word.at, word.len, text))
            }
            None => Ok(ValueTest::Text(Pattern::new(word.pieces))),
        }
    }

    fn range<V>(
        &self,
        word: &Word,
        read: impl Fn(&str) -> Option<V>,
        wanted: &str,
    ) -> Result<Range<V>, QueryError> {
        let range = word.plain.as_deref().and_then(|text| range_of(text, read));
        range.ok_or_else(|| self.error(word.at, word.len, wanted))
    }
}

/// A comparison or a range.
fn range_of<V>(text: &str, read: impl Fn(&str) -> Option<V>) -> Option<Range<V>> {
    for comparison in Comparison::SIGNED {
        if let Some(value) = text.strip_prefix(comparison.sign()) {
            return Some(Range::Compared(comparison, read(value)?));
        }
    }
    let Some((from, to)) = text.split_once("..") else {
        return Some(Range::Compared(Comparison::Equal, read(text)?));
    };
    let end = |text: &str| match text {
        "" => Some(None),
        text => read(text).map(Some),
    };
    match (end(from)?, end(to)?) {
        (None, None) => None,
        (from, to) => Some(Range::Between(from, to)),
    }
}
