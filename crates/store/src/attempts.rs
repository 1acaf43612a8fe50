//! The attempts at a job that went wrong, as they are kept with it: until one looks at them, as bytes. A completed job has one more,
//! its latest: that was its success.

use std::time::Duration;

use workmill_proto::Timestamp;

use crate::record::{
    put_micros, put_text, put_varint, take_bytes, take_micros, take_text, take_varint,
};

/// The attempts at a job that went wrong, the latest first. A job that never failed has none, and takes no memory for them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attempts(Box<[u8]>);

/// An attempt at a job that went wrong; or, of a completed job, the latest one, which did not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// When it ended.
    pub ended_at: Timestamp,
    /// How long it took.
    pub took: Duration,
    /// The worker; empty for a connection that named none.
    pub wid: Box<str>,
    /// After how many seconds the job was to be tried again; none if it died of it, or was done.
    pub retry_after_secs: Option<u32>,
    /// What went wrong; none if it was the same as at the next attempt, or, at the latest that went wrong, is what the payload says.
    pub error: Option<AttemptError>,
}

/// What went wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AttemptError {
    /// The kind of error.
    pub errtype: Box<str>,
    /// The error's text.
    pub message: Box<str>,
    /// Where it happened, one line after the other.
    pub backtrace: Box<str>,
    /// Whether there was more of that.
    pub is_cut: bool,
}

impl Attempt {
    /// When it began.
    pub fn began_at(&self) -> Timestamp {
        self.ended_at.minus(self.took)
    }
}

impl Attempts {
    /// What a record says of them. Whether that can be read shows when they are looked at.
    pub(crate) fn of_bytes(bytes: &[u8]) -> Self {
        Self(bytes.into())
    }

    /// As they are kept.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether none is kept.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many bytes they take.
    pub fn bytes(&self) -> usize {
        self.0.len()
    }

    /// These, the latest first.
    pub fn of(attempts: &[Attempt]) -> Self {
        let mut out = Vec::new();
        for attempt in attempts {
            put_attempt(&mut out, attempt);
        }
        Self(out.into_boxed_slice())
    }

    /// These, after one more attempt.
    #[must_use]
    pub fn after(&self, latest: &Attempt) -> Self {
        let mut out = Vec::new();
        put_attempt(&mut out, latest);
        out.extend_from_slice(&self.0);
        Self(out.into_boxed_slice())
    }

    /// All of them, the latest first; none if what is kept cannot be read.
    pub fn read(&self) -> Option<Vec<Attempt>> {
        let (mut input, mut attempts) = (&*self.0, Vec::new());
        while !input.is_empty() {
            attempts.push(take_attempt(&mut input)?);
        }
        Some(attempts)
    }
}

const SAME_ERROR: u8 = 0;
const OWN_ERROR: u8 = 1;
const OWN_ERROR_CUT: u8 = 2;

fn put_attempt(out: &mut Vec<u8>, attempt: &Attempt) {
    put_micros(out, attempt.ended_at.as_micros());
    let micros = u64::try_from(attempt.took.as_micros()).unwrap_or(u64::MAX);
    put_varint(out, micros);
    put_text(out, &attempt.wid);
    let retry = attempt
        .retry_after_secs
        .map_or(0, |secs| u64::from(secs) + 1);
    put_varint(out, retry);
    let Some(error) = &attempt.error else {
        out.push(SAME_ERROR);
        return;
    };
    out.push(if error.is_cut {
        OWN_ERROR_CUT
    } else {
        OWN_ERROR
    });
    for text in [&error.errtype, &error.message, &error.backtrace] {
        put_text(out, text);
    }
}

fn take_attempt(input: &mut &[u8]) -> Option<Attempt> {
    let ended_at = Timestamp::from_micros(take_micros(input)?);
    let took = Duration::from_micros(take_varint(input)?);
    let wid = take_text(input)?;
    let retry_after_secs = match take_varint(input)? {
        0 => None,
        more => Some(u32::try_from(more - 1).ok()?),
    };
    let &[kind] = take_bytes(input, 1)? else {
        return None;
    };
    let error = match kind {
        SAME_ERROR => None,
        OWN_ERROR | OWN_ERROR_CUT => Some(AttemptError {
            errtype: take_text(input)?,
            message: take_text(input)?,
            backtrace: take_text(input)?,
            is_cut: kind == OWN_ERROR_CUT,
        }),
        _ => return None,
    };
    Some(Attempt {
        ended_at,
        took,
        wid,
        retry_after_secs,
        error,
    })
}
