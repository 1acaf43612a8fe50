//! Errors, and what was refused of a PUSHB.

use workmill_proto::{ErrorCode, WireError};

/// An error: whether it is that a job is not unique, and its text.
pub(crate) type ErrorForm = (bool, String);

pub(crate) fn error_form(error: &WireError) -> ErrorForm {
    (error.code == ErrorCode::NotUnique, error.text.clone())
}

pub(crate) fn error((not_unique, text): ErrorForm) -> WireError {
    WireError {
        code: match not_unique {
            true => ErrorCode::NotUnique,
            false => ErrorCode::Err,
        },
        ..WireError::err(text)
    }
}

/// What was refused of a PUSHB: the ids of jobs, and why.
pub(crate) fn refusals_form(refused: &[(String, WireError)]) -> Vec<(String, ErrorForm)> {
    let form = |(jid, error): &(String, WireError)| (jid.clone(), error_form(error));
    refused.iter().map(form).collect()
}

/// The same, read.
pub(crate) fn refusals(forms: Vec<(String, ErrorForm)>) -> Vec<(String, WireError)> {
    let read = |(jid, form): (String, ErrorForm)| (jid, error(form));
    forms.into_iter().map(read).collect()
}
