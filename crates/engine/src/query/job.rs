//! What is known of a job that a query is held against.

use std::borrow::Cow;
use std::cell::OnceCell;

use workmill_proto::{Failure, JsonShape, SetName, Timestamp};
use workmill_store::reading::FoundJob;
use workmill_store::{Clocks, JobRecord, JobRef, Place, Reservation, StoredJob};

use super::path::{Path, Root};
use super::pattern::fold;
use super::redaction::{Redactions, hidden};
use super::term::{JobState, TextField, TimeField};
use crate::limits::QUERY_BODY_BYTES_MAX;

/// That something is not known of a job: it cannot be read, is too large to be looked into, or is not looked at yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unknown;

/// A job as queries see it. Its payload is read when a term asks for it, and then once.
#[derive(Debug)]
pub struct QueryJob<'a> {
    place: &'a Place,
    key: Option<JobRef>,
    record: Option<&'a JobRecord>,
    reservation: Option<&'a Reservation>,
    redactions: Option<&'a Redactions>,
    payload: OnceCell<Option<Payload<'a>>>,
    failure: OnceCell<Option<Failure>>,
    folded_args: OnceCell<String>,
}

/// The members of the payload that queries ask for, still text.
#[derive(Debug, Default)]
struct Payload<'a> {
    args: Option<Cow<'a, str>>,
    custom: Option<Cow<'a, str>>,
    created_at: Option<&'a str>,
    failure: Option<&'a str>,
}

impl<'a> QueryJob<'a> {
    /// A job of a place, who has it, if it works, and what is hidden of it. Of one that cannot be read nothing is known but its
    /// place.
    pub fn new(
        place: &'a Place,
        key: JobRef,
        job: &'a StoredJob,
        reservation: Option<&'a Reservation>,
        redactions: &'a Redactions,
    ) -> Self {
        Self {
            key: Some(key),
            record: job.as_ref().ok(),
            reservation,
            redactions: Some(redactions),
            ..Self::anywhere_in(place)
        }
    }

    /// A job that was read, and what is hidden of it.
    pub fn found(place: &'a Place, found: &'a FoundJob, redactions: &'a Redactions) -> Self {
        let reservation = found.reservation.as_ref();
        Self::new(place, found.key, &found.job, reservation, redactions)
    }

    /// Any job of a place.
    pub(super) fn anywhere_in(place: &'a Place) -> Self {
        Self {
            place,
            key: None,
            record: None,
            reservation: None,
            redactions: None,
            payload: OnceCell::new(),
            failure: OnceCell::new(),
            folded_args: OnceCell::new(),
        }
    }

    pub(super) fn state(&self) -> JobState {
        JobState::of(self.place)
    }

    fn record(&self) -> Result<&'a JobRecord, Unknown> {
        self.record.ok_or(Unknown)
    }

    fn payload(&self) -> Result<&Payload<'a>, Unknown> {
        let record = self.record()?;
        let payload = self.payload.get_or_init(|| {
            let redacted = self.redactions.map(|all| all.of(&record.jobtype));
            Payload::read(&record.body, &redacted.unwrap_or_default())
        });
        payload.as_ref().ok_or(Unknown)
    }

    fn failure(&self) -> Result<Option<&Failure>, Unknown> {
        let payload = self.payload()?;
        let read = || Failure::of_json(payload.failure?);
        Ok(self.failure.get_or_init(read).as_ref())
    }

    /// The texts of a field: none if the job has none.
    pub(super) fn texts(&self, field: TextField) -> Result<Vec<Cow<'_, str>>, Unknown> {
        Ok(match field {
            TextField::Queue => match (self.place, self.record) {
                (Place::Queue(name), None) => vec![(&**name).into()],
                _ => vec![(&*self.record()?.queue).into()],
            },
            TextField::Type => vec![(&*self.record()?.jobtype).into()],
            TextField::Jid => vec![(&*self.record()?.jid).into()],
            TextField::Error => {
                let failure = self.failure()?;
                let texts = failure.map(|failure| [&failure.errtype, &failure.message]);
                let texts = texts.into_iter().flatten().flatten();
                texts.map(|text| (&**text).into()).collect()
            }
            TextField::Errtype => {
                let errtype = self.failure()?.and_then(|it| it.errtype.as_deref());
                errtype.into_iter().map(Cow::from).collect()
            }
            TextField::Message => {
                let message = self.failure()?.and_then(|it| it.message.as_deref());
                message.into_iter().map(Cow::from).collect()
            }
            TextField::Batch => {
                let features = self.record()?.features.as_deref();
                let member = features.and_then(|it| it.batch).map(|batch| batch.bid);
                let callback = features.and_then(|it| it.callback).map(|it| it.bid);
                let bids = member.into_iter().chain(callback);
                bids.map(|bid| bid.to_string().into()).collect()
            }
            TextField::Worker => match (self.place, self.reservation) {
                (Place::Working, None) => return Err(Unknown),
                (Place::Working, Some(reservation)) => vec![(&*reservation.wid).into()],
                _ => Vec::new(),
            },
            TextField::Group => match self.place {
                Place::Set(SetName::Retries | SetName::Dead) => {
                    let group = self.record()?.failure;
                    group.iter().map(|id| id.to_string().into()).collect()
                }
                Place::Set(SetName::Scheduled | SetName::Completed)
                | Place::Queue(_)
                | Place::Working => Vec::new(),
            },
        })
    }

    /// A moment; none if the job has none of this kind.
    pub(super) fn moment(
        &self,
        field: TimeField,
        now: Clocks,
    ) -> Result<Option<Timestamp>, Unknown> {
        Ok(match field {
            TimeField::At => match (self.place, self.key) {
                (Place::Set(set), Some(JobRef::Entry(key))) => Some(key.at.on_wall(*set, now)),
                (Place::Set(_), _) => return Err(Unknown),
                (Place::Queue(_) | Place::Working, _) => None,
            },
            TimeField::Enqueued => self.record()?.enqueued_at,
            TimeField::Created => {
                let text = self.payload()?.created_at.and_then(JsonShape::read);
                match text {
                    Some(JsonShape::Text(text)) => Timestamp::parse_rfc3339(&text),
                    _ => None,
                }
            }
            TimeField::Failed => {
                let failure = self.failure()?;
                failure.and_then(|failure| Timestamp::parse_rfc3339(&failure.failed_at))
            }
            TimeField::Started => match (self.place, self.reservation) {
                (Place::Working, None) => return Err(Unknown),
                (Place::Working, Some(held)) => {
                    let before = now.steady.since(held.reserved_at);
                    let before = i64::try_from(before.as_micros()).unwrap_or(i64::MAX);
                    Some(Timestamp::from_micros(
                        now.wall.as_micros().saturating_sub(before),
                    ))
                }
                _ => None,
            },
        })
    }

    /// How often it has been tried again: 0 if it has never failed.
    pub(super) fn retries(&self) -> Result<i64, Unknown> {
        Ok(self.failure()?.map_or(0, |failure| failure.retry_count))
    }

    /// The JSON that a path begins in.
    pub(super) fn json(&self, root: Root) -> Result<Option<&str>, Unknown> {
        let payload = self.payload()?;
        Ok(match root {
            Root::Args => payload.args.as_deref(),
            Root::Custom | Root::Tags => payload.custom.as_deref(),
        })
    }

    /// All that the args say, its case folded: their JSON, and where that escapes anything, each of their texts and names.
    pub(super) fn folded_args(&self) -> Result<&str, Unknown> {
        let args = self.payload()?.args.as_deref().unwrap_or_default();
        Ok(self.folded_args.get_or_init(|| {
            let mut all = fold(args).into_owned();
            if args.contains('\\') {
                for text in escaped_texts(args) {
                    all.push('\n');
                    all.push_str(&fold(&text));
                }
            }
            all
        }))
    }
}

/// What the strings say that have escapes in them, wherever they stand. Between them there is no quotation mark.
fn escaped_texts(json: &str) -> Vec<String> {
    let mut texts = Vec::new();
    let mut rest = json;
    while let Some((_, string)) = rest.split_once('"') {
        let mut is_escaped = false;
        let end = string.find(|c| {
            let ends = c == '"' && !is_escaped;
            is_escaped = c == '\\' && !is_escaped;
            ends
        });
        let Some((inside, after)) = end.and_then(|end| string.split_at_checked(end)) else {
            break;
        };
        if inside.contains('\\')
            && let Some(JsonShape::Text(text)) = JsonShape::read(&format!("\"{inside}\""))
        {
            texts.push(text.into_owned());
        }
        rest = after.get(1..).unwrap_or_default();
    }
    texts
}

impl<'a> Payload<'a> {
    fn read(body: &'a [u8], redacted: &[&Path]) -> Option<Self> {
        if body.len() > QUERY_BODY_BYTES_MAX {
            return None;
        }
        let JsonShape::Object(members) = JsonShape::read(std::str::from_utf8(body).ok()?)? else {
            return None;
        };
        let mut payload = Self::default();
        for (name, value) in members {
            match &*name {
                "args" => payload.args = Some(hidden(Root::Args, value, redacted)),
                "custom" => payload.custom = Some(hidden(Root::Custom, value, redacted)),
                "created_at" => payload.created_at = Some(value),
                "failure" => payload.failure = Some(value),
                _ => {}
            }
        }
        Some(payload)
    }
}
