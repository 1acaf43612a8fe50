//! Why a text is not the JSON that was expected.

use crate::WireError;

/// Why a text is not the JSON that was expected.
#[derive(Debug, thiserror::Error)]
pub(crate) enum JsonError {
    /// It breaks the grammar.
    #[error(transparent)]
    Grammar(#[from] serde_json::Error),
    /// A value is of another type.
    #[error("{name} must be {wanted}")]
    Type {
        /// The value's name, or what the whole text stands for.
        name: &'static str,
        /// What was expected of it.
        wanted: &'static str,
    },
    /// Arrays and objects lie too deep within each other.
    #[error("arrays and objects may be nested {depth_max} deep")]
    Depth {
        /// How deep they may lie.
        depth_max: usize,
    },
    /// There are too many of something.
    #[error("at most {count_max} {what} are allowed")]
    Count {
        /// Of what.
        what: &'static str,
        /// How many are allowed.
        count_max: usize,
    },
}

impl JsonError {
    /// The error of a job, as Faktory words it.
    pub(crate) fn to_wire_error(&self) -> WireError {
        WireError::err(format!("invalid JSON: {self}"))
    }
}
