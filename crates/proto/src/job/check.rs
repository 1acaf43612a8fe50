//! The rules a job must keep to be accepted.

use super::Job;
use crate::command::check_queue_name;
use crate::error::{echo, too_long};
use crate::limits::{JID_BYTES_MAX, JID_BYTES_MIN, JOBTYPE_BYTES_MAX, RESERVE_FOR_SECS_MAX};
use crate::{Timestamp, WireError};

impl Job {
    /// The job, if it keeps the rules; `at` is filled in. They are held against it in Faktory's order and
    /// have Faktory's words, but for the upper limits of ids and types, which are our own.
    pub(super) fn check(self) -> Result<Self, WireError> {
        if self.jid.len() < JID_BYTES_MIN {
            return Err(WireError::err("jobs must have a reasonable jid parameter"));
        }
        if self.jid.len() > JID_BYTES_MAX {
            return Err(too_long("jid", JID_BYTES_MAX));
        }
        self.check_but_jid()
    }

    /// The same without the rules for its id.
    pub(super) fn check_but_jid(mut self) -> Result<Self, WireError> {
        if self.jobtype.is_empty() {
            return Err(WireError::err("jobs must have a jobtype parameter"));
        }
        if self.jobtype.len() > JOBTYPE_BYTES_MAX {
            return Err(too_long("jobtype", JOBTYPE_BYTES_MAX));
        }
        self.check_args()?;
        if self.reserve_for_secs > Some(RESERVE_FOR_SECS_MAX) {
            return Err(WireError::err(
                "jobs cannot be reserved for more than one day",
            ));
        }
        if let Some(text) = &self.at_text {
            self.at = Timestamp::parse_rfc3339(text);
            if self.at.is_none() {
                return Err(WireError::err(format!(
                    "invalid timestamp for 'at': {:?}: send RFC 3339, like 2026-01-31T08:00:00Z",
                    echo(text.as_bytes())
                )));
            }
        }
        check_queue_name(&self.queue)?;
        Ok(self)
    }

    /// Refuses a job without args.
    pub(super) fn check_args(&self) -> Result<(), WireError> {
        if self.args.is_empty() {
            return Err(WireError::err("jobs must have an args parameter"));
        }
        Ok(())
    }
}
