//! Why a text is no query.

/// Why a text is no query, and where: what is wrong can be shown at its place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text} (at byte {at})")]
pub struct QueryError {
    /// Where it is, in bytes from the start of the text. It is the start of a character, or the end of the text.
    pub at: usize,
    /// How long it is, in bytes; 0 where something is missing.
    pub len: usize,
    /// What was expected there. ASCII, without anything of the text itself.
    pub text: String,
}
