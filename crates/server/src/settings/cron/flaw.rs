//! What is wrong with an entry.

use super::super::origin::Origin;
use super::super::reader::Refused;

/// What is wrong with an entry, and where.
pub(super) struct Flaw {
    pub(super) at: Origin,
    pub(super) what: String,
}

impl Flaw {
    /// A key whose value has a wrong type.
    pub(super) fn of_type(key: &str, refused: Refused) -> Self {
        let Refused { at, allowed, found } = refused;
        let what = format!("{key} must be {allowed}, not {found}");
        Self { at, what }
    }
}

/// Something wrong at this place.
pub(super) fn flaw(at: &Origin, what: impl Into<String>) -> Flaw {
    Flaw {
        at: at.clone(),
        what: what.into(),
    }
}
