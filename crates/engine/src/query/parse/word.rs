//! Words and phrases.

use super::super::error::QueryError;
use super::grammar::KEYWORDS;
use super::parser::Parser;

/// A word, or a phrase in quotes.
pub(super) struct Word {
    /// What stands before, between and after its stars.
    pub(super) pieces: Vec<String>,
    /// As it was written, if nothing of it is quoted or escaped.
    pub(super) plain: Option<String>,
    /// Where it is, and how long, in bytes.
    pub(super) at: usize,
    pub(super) len: usize,
}

/// What ends a word, unless a backslash stands before it.
fn ends_word(c: char) -> bool {
    c.is_whitespace() || matches!(c, '(' | ')')
}

/// Whether a text is read as this one word if it is written as it is.
pub(in super::super) fn is_plain(text: &str) -> bool {
    let is_special = |c: char| ends_word(c) || matches!(c, '"' | '\\' | '*');
    !text.is_empty() && !text.contains(is_special) && !KEYWORDS.contains(&text)
}

impl Word {
    /// Reads what stands here. Something does.
    pub(super) fn take(parser: &mut Parser<'_>) -> Result<Self, QueryError> {
        let at = parser.at;
        let (pieces, plain) = match parser.take("\"") {
            true => (vec![take_phrase(parser)?], None),
            false => take_pieces(parser)?,
        };
        Ok(Self {
            pieces,
            plain,
            at,
            len: parser.at - at,
        })
    }

    /// Whether it says nothing.
    pub(super) fn is_empty(&self) -> bool {
        matches!(&*self.pieces, [text] if text.is_empty())
    }
}

/// Reads up to the closing quotation mark, the opening one is read. A backslash takes the next character as it is.
fn take_phrase(parser: &mut Parser<'_>) -> Result<String, QueryError> {
    let start = parser.at - 1;
    let mut phrase = String::new();
    while let Some(c) = parser.next_char() {
        parser.at += c.len_utf8();
        match c {
            '"' => {
                let follows = parser.next_char();
                if follows.is_none_or(ends_word) {
                    return Ok(phrase);
                }
                let text = "expected a space behind the quotation mark; one that is meant itself is written \\\"";
                return Err(parser.error(parser.at - 1, 1, text));
            }
            '\\' => phrase.push(take_escaped(parser)?),
            c => phrase.push(c),
        }
    }
    Err(parser.error(
        start,
        1,
        "this quotation mark is not closed: add one at the end",
    ))
}

fn take_pieces(parser: &mut Parser<'_>) -> Result<(Vec<String>, Option<String>), QueryError> {
    let start = parser.at;
    let (mut pieces, mut piece, mut is_plain) = (Vec::new(), String::new(), true);
    while let Some(c) = parser.next_char().filter(|c| !ends_word(*c)) {
        parser.at += c.len_utf8();
        match c {
            '"' => {
                let text = "a quotation mark within a word: put the whole in quotes, or write \\\"";
                return Err(parser.error(parser.at - 1, 1, text));
            }
            '*' => {
                pieces.push(std::mem::take(&mut piece));
                is_plain = false;
            }
            '\\' => {
                piece.push(take_escaped(parser)?);
                is_plain = false;
            }
            c => piece.push(c),
        }
    }
    pieces.push(piece);
    let written = parser.text.get(start..parser.at);
    let plain = written.filter(|_| is_plain).map(str::to_owned);
    Ok((pieces, plain))
}

/// The character behind a backslash, which is read.
pub(super) fn take_escaped(parser: &mut Parser<'_>) -> Result<char, QueryError> {
    let Some(c) = parser.next_char() else {
        let text =
            "expected a character behind the backslash; one that is meant itself is written twice";
        return Err(parser.error(parser.at - 1, 1, text));
    };
    parser.at += c.len_utf8();
    Ok(c)
}
