//! What a job's `custom` asks of the server.

mod back_off;
mod edit;
#[cfg(test)]
mod tests;

use std::time::Duration;

use serde_json::value::RawValue;

pub use back_off::{BackOff, BackOffFormula, BackOffKind};

use crate::command::bounded_bid;
use crate::error::echo;
use crate::json::{self, JsonError};
use crate::limits::CUSTOM_SECS_MAX;
use crate::{GoDuration, Job, Timestamp, WireError};

/// Which features are on. What belongs to one that is off is neither read nor checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CustomReading {
    /// Unique jobs: `unique_for` and `unique_until`.
    pub unique: bool,
    /// Batches: `bid`.
    pub batch: bool,
}

impl CustomReading {
    /// Every feature is on.
    pub const ALL: Self = Self {
        unique: true,
        batch: true,
    };
    /// Those that can be turned off are off.
    pub const NONE: Self = Self {
        unique: false,
        batch: false,
    };
}

/// What a job's `custom` asks of the server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CustomRules {
    /// That no job like it is taken while this holds; none if the job is not unique.
    pub unique: Option<UniqueRule>,
    /// The batch it belongs to, in the client's words, never empty.
    pub bid: Option<String>,
    /// That its state is kept for TRACK.
    pub track: bool,
    /// That it is dropped if it is fetched too late; none if it never is.
    pub expiry: Option<Expiry>,
}

/// How long no job like this one is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UniqueRule {
    /// How long at most: from a microsecond to [`CUSTOM_SECS_MAX`].
    pub unique_for: Duration,
    /// Only until the job is fetched, not until it has succeeded.
    pub until_start: bool,
}

/// The shortest time that moments can be apart.
const MOMENT: Duration = Duration::from_micros(1);

/// When a job expires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expiry {
    /// At this moment.
    At(Timestamp),
    /// This long after it was queued, at most [`CUSTOM_SECS_MAX`].
    In(Duration),
}

impl Job {
    /// What `custom` asks of the server, of the features that are on.
    ///
    /// # Errors
    ///
    /// If it asks for something in words that are not understood: what it asks for would not be done.
    pub fn custom_rules(&self, reading: CustomReading) -> Result<CustomRules, WireError> {
        match self.custom() {
            Some(custom) if may_ask(custom.get(), reading) => {
                let members = Members::read(custom.get()).map_err(|e| e.to_wire_error())?;
                Ok(CustomRules {
                    unique: match reading.unique {
                        true => members.unique()?,
                        false => None,
                    },
                    bid: match reading.batch {
                        true => members.bid()?,
                        false => None,
                    },
                    track: matches!(members.track.map(RawValue::get), Some("1" | "true")),
                    expiry: members.expiry()?,
                })
            }
            _ => Ok(CustomRules::default()),
        }
    }
}

/// Whether any key that means something may be there: most jobs have none, and the text shows it. Without a backslash
/// there is one way to spell a key.
fn may_ask(custom: &str, reading: CustomReading) -> bool {
    let custom = custom.as_bytes();
    let has = |key: &str| memchr::memmem::find(custom, key.as_bytes()).is_some();
    has("\"track\"")
        || has("\"expires_")
        || (reading.unique && has("\"unique_for\""))
        || (reading.batch && has("\"bid\""))
        || memchr::memchr(b'\\', custom).is_some()
}

/// The members that mean something; none where they are null or absent. Their keys match in exactly this case, the
/// last of equal ones wins.
#[derive(Default)]
struct Members<'a> {
    unique_for: Option<&'a RawValue>,
    unique_until: Option<&'a RawValue>,
    bid: Option<&'a RawValue>,
    track: Option<&'a RawValue>,
    expires_at: Option<&'a RawValue>,
    expires_in: Option<&'a RawValue>,
    retry_delays: Option<&'a RawValue>,
    retry_backoff: Option<&'a RawValue>,
}

impl<'a> Members<'a> {
    fn read(custom: &'a str) -> Result<Self, JsonError> {
        let mut members = Self::default();
        json::read_members(custom, &[], |key, value| {
            let slot = match json::text(key).unwrap_or_default().as_ref() {
                "unique_for" => &mut members.unique_for,
                "unique_until" => &mut members.unique_until,
                "bid" => &mut members.bid,
                "track" => &mut members.track,
                "expires_at" => &mut members.expires_at,
                "expires_in" => &mut members.expires_in,
                "retry_delays" => &mut members.retry_delays,
                "retry_backoff" => &mut members.retry_backoff,
                _ => return,
            };
            *slot = Some(value).filter(|value| value.get() != "null");
        })?;
        Ok(members)
    }

    fn unique(&self) -> Result<Option<UniqueRule>, WireError> {
        let Some(value) = self.unique_for.filter(|value| value.get() != "false") else {
            return Ok(None);
        };
        let secs = value.get().parse().ok().filter(|secs: &f64| *secs > 0.0);
        let Some(secs) = secs else {
            return Err(refused("unique_for", "a number of seconds above 0", value));
        };
        let until = self
            .unique_until
            .map(|value| (value, json::text(value.get())));
        let until_start = match until {
            None => false,
            Some((value, text)) => match text.as_deref() {
                Some("success") => false,
                Some("start") => true,
                _ => return Err(refused("unique_until", "\"success\" or \"start\"", value)),
            },
        };
        Ok(Some(UniqueRule {
            unique_for: bounded("unique_for", Duration::try_from_secs_f64(secs).ok())?.max(MOMENT),
            until_start,
        }))
    }

    fn bid(&self) -> Result<Option<String>, WireError> {
        let Some(value) = self.bid else {
            return Ok(None);
        };
        match json::text(value.get()) {
            Some(bid) if !bid.is_empty() => bounded_bid(&bid).map(Some),
            _ => Err(refused("bid", "the id of a batch", value)),
        }
    }

    fn expiry(&self) -> Result<Option<Expiry>, WireError> {
        match (self.expires_at, self.expires_in) {
            (None, None) => Ok(None),
            (Some(value), None) => {
                let moment =
                    json::text(value.get()).and_then(|text| Timestamp::parse_iso8601(&text));
                let wanted = "a time in ISO 8601, like \"2026-01-31T08:00:00Z\"";
                let moment = moment.ok_or_else(|| refused("expires_at", wanted, value))?;
                Ok(Some(Expiry::At(moment)))
            }
            (None, Some(value)) => expires_in(value).map(|time| Some(Expiry::In(time))),
            (Some(_), Some(_)) => Err(WireError::err(
                "a job has custom.expires_at or custom.expires_in: send one of them, not both",
            )),
        }
    }
}

/// A number of seconds, or a text with a duration as Go writes it.
fn expires_in(value: &RawValue) -> Result<Duration, WireError> {
    let name = "expires_in";
    let wanted = "seconds or a duration like \"1h30m\", and not negative";
    let time = match json::text(value.get()) {
        Some(text) => {
            let time: GoDuration = text
                .parse()
                .map_err(|error| WireError::err(format!("custom.{name}: {error}")))?;
            Some(time.to_std().ok_or_else(|| refused(name, wanted, value))?)
        }
        None => {
            let secs = value.get().parse().ok().filter(|secs: &f64| *secs >= 0.0);
            let secs = secs.ok_or_else(|| refused(name, wanted, value))?;
            Duration::try_from_secs_f64(secs).ok()
        }
    };
    bounded(name, time)
}

fn bounded(name: &str, time: Option<Duration>) -> Result<Duration, WireError> {
    let time = time.filter(|time| *time <= Duration::from_secs(CUSTOM_SECS_MAX));
    time.ok_or_else(|| {
        WireError::err(format!(
            "custom.{name} may be at most {CUSTOM_SECS_MAX} seconds, which is a hundred years"
        ))
    })
}

fn refused(name: &str, wanted: &str, value: &RawValue) -> WireError {
    WireError::err(format!(
        "custom.{name} must be {wanted}, not {}",
        echo(value.get().as_bytes())
    ))
}
