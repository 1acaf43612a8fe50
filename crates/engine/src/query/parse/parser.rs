//! What has been read of a text, and what comes next.

use crate::query::error::QueryError;

/// Reads a text from left to right.
pub(super) struct Parser<'a> {
    pub(super) text: &'a str,
    /// What lies before has been read, in bytes.
    pub(super) at: usize,
    /// How many brackets and NOTs are open.
    pub(super) depth: usize,
    /// How many values have been read.
    pub(super) values: usize,
}

impl<'a> Parser<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self {
            text,
            at: 0,
            depth: 0,
            values: 0,
        }
    }

    pub(super) fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    pub(super) fn next_char(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(super) fn skip_space(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
    }

    /// Reads this, if it comes next.
    pub(super) fn take(&mut self, sign: &str) -> bool {
        let is_next = self.rest().starts_with(sign);
        if is_next {
            self.at += sign.len();
        }
        is_next
    }

    /// Whether this keyword comes next.
    pub(super) fn sees_keyword(&self, keyword: &str) -> bool {
        let after = self.rest().strip_prefix(keyword);
        after.is_some_and(|after| {
            after.is_empty() || after.starts_with(|c: char| c.is_whitespace() || "()\"".contains(c))
        })
    }

    /// Reads this keyword and the space behind it, if it comes next.
    pub(super) fn take_keyword(&mut self, keyword: &str) -> bool {
        let sees = self.sees_keyword(keyword);
        if sees {
            self.at += keyword.len();
            self.skip_space();
        }
        sees
    }

    pub(super) fn error(&self, at: usize, len: usize, text: &str) -> QueryError {
        let text = text.to_owned();
        QueryError { at, len, text }
    }

    pub(super) fn error_here(&self, len: usize, text: &str) -> QueryError {
        self.error(self.at, len, text)
    }
}
