//! The payload, decoded as far as the server needs to understand it.

use serde_json::value::RawValue;

use crate::Timestamp;
use crate::time::Rfc3339;

/// A job as clients see it.
///
/// What the server does not need to understand stays the text it was: numbers of any size, the order of
/// keys, and white space come out as they went in.
#[derive(Clone, Debug)]
pub struct Job {
    /// Its id.
    pub jid: String,
    /// The queue it belongs to; `default` if the client named none.
    pub queue: String,
    /// What kind of job it is.
    pub jobtype: String,
    /// How often it may be tried again: 25 if the client did not say, 0 to forget it after a failure, -1 to
    /// move it to the dead set then.
    pub retry: i64,
    /// The moment it is for, if the client named one.
    pub at: Option<Timestamp>,
    /// How long a worker may keep it, in seconds, as the client said it; none if it did not, or said 0.
    pub reserve_for_secs: Option<i64>,
    /// When it was made, in the client's words; none until it is filled in.
    pub created_at: Option<String>,
    /// The text of `at` as the client sent it.
    pub(super) at_text: Option<String>,
    /// How many lines of backtrace the client wants kept; none if it did not say, or said 0.
    pub(super) backtrace: Option<i64>,
    /// A JSON array.
    pub(super) args: Box<str>,
    /// A JSON object that is not empty.
    pub(super) custom: Option<Box<RawValue>>,
    /// A JSON object.
    pub(super) failure: Option<Box<str>>,
    /// Fields that are none of the protocol's: `,"key":value` for each.
    pub(super) unknown: String,
}

impl Job {
    /// What else the client wants kept with the job: a JSON object that is not empty.
    pub fn custom(&self) -> Option<&RawValue> {
        self.custom.as_deref()
    }

    /// Fills in when the job was made, if the client did not say.
    pub fn set_created_at_default(&mut self, now: Timestamp) {
        if self.created_at.is_none() {
            self.created_at = Some(Rfc3339::of(now).as_str().to_owned());
        }
    }
}
