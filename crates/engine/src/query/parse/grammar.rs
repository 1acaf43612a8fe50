//! Terms joined by AND, OR, NOT and brackets.

use super::field::Field;
use super::parser::Parser;
use super::word::Word;
use crate::limits::{QUERY_BYTES_MAX, QUERY_DEPTH_MAX, QUERY_VALUES_MAX};
use crate::query::error::QueryError;
use crate::query::expr::{Expr, Query};
use crate::query::pattern::Pattern;
use crate::query::term::Term;

/// The words that join terms. In quotes they are words like all others.
pub(super) const KEYWORDS: [&str; 3] = ["AND", "OR", "NOT"];

impl Query {
    /// Reads a query. An empty one means all jobs.
    ///
    /// # Errors
    /// What is wrong, and where. A query has at most 1,000 bytes, 50 values and 16 levels of brackets.
    pub fn parse(text: &str) -> Result<Self, QueryError> {
        if text.len() > QUERY_BYTES_MAX {
            let at = text.floor_char_boundary(QUERY_BYTES_MAX);
            return Err(too_long(at, text.len() - at));
        }
        let mut parser = Parser::new(text);
        parser.skip_space();
        if parser.rest().is_empty() {
            return Ok(Self::all());
        }
        let expr = parser.any_of()?;
        if !parser.rest().is_empty() {
            return Err(parser.error_here(1, "this bracket closes none: remove it, or open one"));
        }
        let query = Self { expr: Some(expr) };
        match query.to_string().len() > QUERY_BYTES_MAX {
            true => Err(too_long(0, text.len())),
            false => Ok(query),
        }
    }
}

fn too_long(at: usize, len: usize) -> QueryError {
    let text = format!("a query may have at most {QUERY_BYTES_MAX} bytes: use a shorter one");
    QueryError { at, len, text }
}

impl Parser<'_> {
    /// Parts with OR between them.
    fn any_of(&mut self) -> Result<Expr, QueryError> {
        let mut parts = vec![self.all_of()?];
        while self.take_keyword("OR") {
            parts.push(self.all_of()?);
        }
        Ok(Expr::or(parts))
    }

    /// Parts with AND, or nothing, between them.
    fn all_of(&mut self) -> Result<Expr, QueryError> {
        let mut parts = vec![self.part()?];
        loop {
            let has_and = self.take_keyword("AND");
            let ends = self.rest().is_empty() || self.rest().starts_with(')');
            if !has_and && (ends || self.sees_keyword("OR")) {
                return Ok(Expr::and(parts));
            }
            parts.push(self.part()?);
        }
    }

    /// A term, or a part in brackets, or the negation of one; and the space behind it.
    fn part(&mut self) -> Result<Expr, QueryError> {
        let start = self.at;
        self.depth += 1;
        if self.depth > QUERY_DEPTH_MAX {
            let text =
                format!("brackets and NOT may stand at most {QUERY_DEPTH_MAX} deep: use fewer");
            return Err(self.error_here(1, &text));
        }
        let part = if self.take_keyword("NOT") {
            Expr::not(self.part()?)
        } else if self.take("-") {
            if self.next_char().is_none_or(char::is_whitespace) {
                let text = "a minus stands directly before what it excludes: remove the space, or put it in quotes";
                return Err(self.error(start, 1, text));
            }
            Expr::not(self.part()?)
        } else if self.take("(") {
            self.skip_space();
            let part = self.any_of()?;
            if !self.take(")") {
                return Err(self.error(start, 1, "this bracket is not closed: add one"));
            }
            part
        } else {
            Expr::Term(self.term()?)
        };
        self.depth -= 1;
        self.skip_space();
        Ok(part)
    }

    fn term(&mut self) -> Result<Term, QueryError> {
        match Field::take(self)? {
            Some(field) => self.field_term(field),
            None => {
                let word = self.word()?;
                self.count_value(word.at)?;
                if word.is_empty() {
                    let text = "expected a word between the quotation marks";
                    return Err(self.error(word.at, word.len, text));
                }
                Ok(Term::Word(Pattern::new(word.pieces)))
            }
        }
    }

    pub(super) fn count_value(&mut self, at: usize) -> Result<(), QueryError> {
        self.values += 1;
        if self.values > QUERY_VALUES_MAX {
            let text = format!("a query may have at most {QUERY_VALUES_MAX} values: use fewer");
            return Err(self.error(at, self.at - at, &text));
        }
        Ok(())
    }

    /// What stands here, which must be a word.
    pub(super) fn word(&mut self) -> Result<Word, QueryError> {
        let missing = "expected a word, a phrase in quotes, or a field like queue:mail";
        match self.rest() {
            "" => Err(self.error_here(0, missing)),
            rest if rest.starts_with(')') => Err(self.error_here(1, missing)),
            _ => {
                if let Some(keyword) = KEYWORDS.iter().find(|keyword| self.sees_keyword(keyword)) {
                    let text = format!("{missing}; to seek this word itself, put it in quotes");
                    return Err(self.error_here(keyword.len(), &text));
                }
                Word::take(self)
            }
        }
    }
}
