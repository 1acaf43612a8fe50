//! What came of an op.

use workmill_engine::Outcome;

use super::{Problem, ProblemKind};

/// That it was done.
pub(super) fn done(outcome: Outcome) -> Result<(), Problem> {
    match outcome {
        Outcome::Ok => Ok(()),
        other => Err(refused(other)),
    }
}

/// Why it was not done.
pub(super) fn refused(outcome: Outcome) -> Problem {
    match outcome {
        Outcome::Refused(error) => error.into(),
        other => {
            tracing::error!(
                ?other,
                "an op of the web port has an answer of another kind"
            );
            let detail = "the server gave an answer that was not expected; its log has it";
            Problem::new(ProblemKind::Unavailable, detail)
        }
    }
}
