//! Texts with stars.

use std::borrow::Cow;

use workmill_proto::Glob;

/// A text that others are held against: a star stands for any characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pattern {
    /// What stands before, between and after the stars.
    pieces: Vec<String>,
    /// Matches the whole text, exactly.
    whole: Glob,
    /// Matches what is within a text whose case is folded.
    within: Glob,
}

impl Pattern {
    /// There is one more of the pieces than stars, so one at least.
    pub(super) fn new(pieces: Vec<String>) -> Self {
        let last = pieces.len().saturating_sub(1);
        let pieces: Vec<String> = pieces
            .into_iter()
            .enumerate()
            // Two stars are like one.
            .filter(|(index, piece)| *index == 0 || *index == last || !piece.is_empty())
            .map(|(_, piece)| piece)
            .collect();
        let whole = Glob::of_literals(pieces.iter().map(String::as_str));
        let folded: Vec<Cow<'_, str>> = pieces.iter().map(|piece| fold(piece)).collect();
        let folded = folded.iter().map(AsRef::as_ref);
        let within = Glob::of_literals([""].into_iter().chain(folded).chain([""]));
        Self {
            pieces,
            whole,
            within,
        }
    }

    pub(super) fn pieces(&self) -> &[String] {
        &self.pieces
    }

    /// The text, if it has no star.
    pub(super) fn literal(&self) -> Option<&str> {
        match &*self.pieces {
            [text] => Some(text),
            _ => None,
        }
    }

    pub(super) fn is_whole(&self, text: &str) -> bool {
        self.whole.matches(text.as_bytes())
    }

    /// The text must be folded.
    pub(super) fn is_within(&self, folded: &str) -> bool {
        self.within.matches(folded.as_bytes())
    }
}

/// The text in lower case, so that texts can be compared in any case.
pub(super) fn fold(text: &str) -> Cow<'_, str> {
    match text.is_ascii() {
        true if !text.bytes().any(|byte| byte.is_ascii_uppercase()) => Cow::Borrowed(text),
        true => Cow::Owned(text.to_ascii_lowercase()),
        // Character by character: `str::to_lowercase` makes a sigma depend on what follows it.
        false => Cow::Owned(text.chars().flat_map(char::to_lowercase).collect()),
    }
}
