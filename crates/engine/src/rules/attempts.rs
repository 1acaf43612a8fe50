//! What is kept of the attempts at a job that went wrong.
//!
//! The latest error is in the payload, where workers see it, so of the latest attempt only the rest is kept; and often a job goes
//! wrong in the same way each time, so that is kept once. When there is no more room, older attempts lose their backtraces
//! first.

use workmill_proto::{Failure, Job};
use workmill_store::{Attempt, AttemptError, Attempts, JobRecord};

use super::report::Report;
use crate::limits::{ATTEMPT_BACKTRACE_BYTES_MAX, ATTEMPTS_BYTES_MAX};

/// The attempts at a job that has failed again, as many as are to be kept. `job` still says what went wrong before, `report` says
/// what went wrong now.
pub(super) fn attempts_after(
    record: &JobRecord,
    job: &Job,
    report: &Report<'_>,
    latest: Attempt,
    keep: usize,
) -> Attempts {
    if keep == 0 {
        return Attempts::default();
    }
    let mut attempts = vec![latest];
    // Of what cannot be read nobody knows anything any more.
    let mut before = record.attempts.read().unwrap_or_default();
    if let Some(previous) = before.first_mut() {
        let failure = job.failure().unwrap_or_default();
        if !is_same(&failure, report) {
            previous.error = Some(error_of(&failure));
        }
    }
    attempts.extend(before);
    attempts.truncate(keep);
    fit(attempts)
}

fn is_same(failure: &Failure, report: &Report<'_>) -> bool {
    let text = |text: &Option<String>| text.as_deref().unwrap_or_default().to_owned();
    text(&failure.errtype) == report.errtype
        && text(&failure.message) == report.message
        && failure.backtrace == report.backtrace
}

/// What went wrong, with as many lines of its backtrace as may be kept of an attempt that is not the latest.
fn error_of(failure: &Failure) -> AttemptError {
    let (mut backtrace, mut is_cut) = (String::new(), false);
    for line in &failure.backtrace {
        if backtrace.len() + line.len() >= ATTEMPT_BACKTRACE_BYTES_MAX {
            is_cut = true;
            break;
        }
        if !backtrace.is_empty() {
            backtrace.push('\n');
        }
        backtrace.push_str(line);
    }
    AttemptError {
        errtype: failure.errtype.as_deref().unwrap_or_default().into(),
        message: failure.message.as_deref().unwrap_or_default().into(),
        backtrace: backtrace.into(),
        is_cut,
    }
}

/// As many of these as there is room for: backtraces go first, from the oldest on, but for the latest one that is kept here; then
/// attempts do.
fn fit(mut attempts: Vec<Attempt>) -> Attempts {
    loop {
        let kept = Attempts::of(&attempts);
        if kept.bytes() <= ATTEMPTS_BYTES_MAX {
            return kept;
        }
        let errors = attempts.iter_mut().filter_map(|it| it.error.as_mut());
        let earlier = errors.skip(1);
        match earlier.filter(|error| !error.backtrace.is_empty()).last() {
            Some(oldest) => {
                oldest.backtrace = "".into();
                oldest.is_cut = true;
            }
            None => {
                attempts.pop();
            }
        }
    }
}
