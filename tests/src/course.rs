//! What clients know of the way of one job: its states, and how what they send and what they are answered leads from one to
//! the next. Both ledgers of the crash tests keep it, and audit it in ways of their own: [`Ledger`](crate::Ledger) adds up what
//! INFO must count, empties each set by itself, and meets full disks, lost power and deaths of jobs;
//! [`FeatureLedger`](crate::FeatureLedger) knows what jobs ask for, and finds out by REQUEUE what a crash left, so that locks,
//! batches and slots go on with it.

use serde_json::Value;

/// Where a job is, as far as its clients know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    /// Its push has no answer (yet): it may exist.
    PushSent,
    /// It never came to be.
    Absent,
    /// In a queue, scheduled, in retries or dead; or dropped, if its time is over. A callback may not have been pushed yet.
    Waiting,
    /// Reserved for a client that knows it.
    Held,
    /// Reserved, or done: the ACK has no answer (yet).
    AckSent,
    /// Reserved, or failed: the FAIL has no answer (yet).
    FailSent,
    /// Reserved, or back in its queue: the REQUEUE has no answer (yet).
    RequeueSent,
    Done,
    /// It failed without a retry.
    Failed,
    /// Its time was over before it ran.
    Expired,
}

impl Status {
    /// Whether nothing can happen to the job any more.
    pub(crate) fn is_over(self) -> bool {
        matches!(
            self,
            Self::Absent | Self::Done | Self::Failed | Self::Expired
        )
    }
}

/// A job in a client's hands: which one, and which of its executions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// Its id.
    pub jid: String,
    /// How often it had been fetched, this time included.
    pub execution: u32,
}

/// How far a job is known to have come.
#[derive(Clone, Debug)]
pub(crate) struct Course {
    jid: String,
    is_retried: bool,
    pub(crate) status: Status,
    execution: u32,
    /// Failures that are certain.
    pub(crate) fails: u64,
    /// One more failure, or none: a FAIL without an answer, after which the job was found in the hands of a
    /// client that never got it.
    pub(crate) fail_unknown: bool,
}

impl Course {
    pub(crate) fn new(jid: &str, retry: i64, status: Status) -> Self {
        Self {
            jid: jid.to_owned(),
            is_retried: retry != 0,
            status,
            execution: 0,
            fails: 0,
            fail_unknown: false,
        }
    }

    pub(crate) fn held(&self) -> Held {
        Held {
            jid: self.jid.clone(),
            execution: self.execution,
        }
    }

    pub(crate) fn push_accepted(&mut self) {
        // Somebody may have fetched it before its answer came.
        if self.status == Status::PushSent {
            self.status = Status::Waiting;
        }
    }

    /// Its push was refused: it must not exist. Else what is wrong.
    pub(crate) fn push_refused(&mut self) -> Result<(), String> {
        match std::mem::replace(&mut self.status, Status::Absent) {
            Status::PushSent => Ok(()),
            _ => Err(format!(
                "{} was fetched, though its push was refused",
                self.jid
            )),
        }
    }

    /// It was handed out: whether that tells of a failure which nobody was certain of. Else why it must not have been.
    pub(crate) fn fetched(&mut self) -> Result<bool, String> {
        let fault = match self.status {
            Status::PushSent | Status::Waiting | Status::RequeueSent => None,
            Status::FailSent if self.is_retried => None,
            Status::FailSent => Some("though it failed and must not be retried, or is reserved"),
            Status::Absent => Some("though its push was refused, or it was found missing before"),
            Status::Held => Some("though another client has it"),
            Status::AckSent => Some("though it is done or reserved: an ACK was sent"),
            Status::Done | Status::Failed | Status::Expired => Some("though its end is known"),
        };
        if let Some(fault) = fault {
            return Err(self.refusal(fault));
        }
        let has_failed = self.status == Status::FailSent;
        self.fails += u64::from(has_failed);
        self.status = Status::Held;
        self.execution += 1;
        Ok(has_failed)
    }

    /// What is said of a job that was handed out though it must not.
    pub(crate) fn refusal(&self, fault: &str) -> String {
        let (jid, status, fails) = (&self.jid, self.status, self.fails);
        format!("{jid} was fetched {fault} ({status:?}, {fails} failures)")
    }

    /// The failures that a fetched job carries must be those that were acknowledged: how many, and how many of them are
    /// certain only now. Else what is wrong.
    pub(crate) fn carries(&mut self, job: &Value) -> Result<(u64, u64), String> {
        let count = &job["failure"]["retry_count"];
        let carried = count.as_u64().map_or(0, |count| count + 1);
        let min = std::mem::replace(&mut self.fails, carried);
        let max = min + u64::from(std::mem::take(&mut self.fail_unknown));
        match (min..=max).contains(&carried) && (count.is_null() || carried > 0) {
            true => Ok((carried, carried - min)),
            false => Err(format!(
                "{} carries {carried} failures, but {min} to {max} were reported",
                self.jid
            )),
        }
    }

    pub(crate) fn failed(&mut self) {
        self.fails += 1;
        self.status = match self.is_retried {
            true => Status::Waiting,
            false => Status::Failed,
        };
    }

    /// Whether the answer to what this client has sent is news: the job may have been fetched again before it came, and then
    /// it is known already.
    pub(crate) fn awaits(&self, held: &Held, sent: Status) -> bool {
        self.execution == held.execution && self.status == sent
    }

    /// Whether it was found reserved decides what had become of it. `is_taken_again` if a FETCH without an answer may have
    /// taken it since. One that is reserved is held now, by whoever found out.
    pub(crate) fn resolve(&mut self, is_reserved: bool, is_taken_again: bool) {
        match (self.status, is_reserved) {
            (before, true) => {
                // Its FAIL did not happen; or it did, and somebody has taken the job again.
                self.fail_unknown = before == Status::FailSent && is_taken_again && self.is_retried;
                self.status = Status::Held;
            }
            (Status::AckSent, false) => self.status = Status::Done,
            (Status::FailSent, false) => self.failed(),
            (Status::RequeueSent, false) => self.status = Status::Waiting,
            // Its reservation is lost, if it was held.
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// A job with a FAIL that had no answer.
    fn failing(retry: i64) -> Course {
        let mut course = Course::new("j", retry, Status::PushSent);
        course.push_accepted();
        assert_eq!(course.fetched(), Ok(false));
        course.status = Status::FailSent;
        course
    }

    fn carrying(failures: u64) -> Value {
        match failures.checked_sub(1) {
            Some(retries) => json!({"failure": {"retry_count": retries}}),
            None => json!({}),
        }
    }

    #[test]
    fn a_job_that_comes_back_after_a_fail_without_an_answer_has_failed() {
        let mut course = failing(3);
        assert_eq!(course.fetched(), Ok(true));
        assert_eq!((course.fails, course.status), (1, Status::Held));
        assert_eq!(course.clone().carries(&carrying(1)), Ok((1, 0)));
        for wrong in [0, 2] {
            course.clone().carries(&carrying(wrong)).unwrap_err();
        }
        failing(0).fetched().unwrap_err();
    }

    #[test]
    fn a_fail_without_an_answer_has_happened_if_the_job_is_not_reserved() {
        let mut course = failing(3);
        course.resolve(false, true);
        assert_eq!((course.fails, course.status), (1, Status::Waiting));
        let mut course = failing(0);
        course.resolve(false, true);
        assert_eq!((course.fails, course.status), (1, Status::Failed));
    }

    #[test]
    fn a_fail_without_an_answer_may_have_happened_if_the_job_is_reserved_again() {
        for (is_taken_again, failures_max) in [(true, 1), (false, 0)] {
            let mut course = failing(3);
            course.resolve(true, is_taken_again);
            assert_eq!((course.fails, course.status), (0, Status::Held));
            for failures in 0..=2 {
                let carried = course.clone().carries(&carrying(failures));
                assert_eq!(carried.is_ok(), failures <= failures_max, "{carried:?}");
            }
        }
    }
}
