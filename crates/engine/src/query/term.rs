//! One condition of a query.

use super::moment::Moment;
use super::number::Number;
use super::path::Path;
use super::pattern::Pattern;
use super::range::Range;

/// One condition. Of several values one is enough.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Term {
    /// The text stands somewhere in the job: in its id, its type, its error, or its args.
    Word(Pattern),
    /// The text of a field.
    Text(TextField, Vec<Pattern>),
    /// Where the job is.
    State(Vec<JobState>),
    /// What stands at a path.
    Value(Path, Vec<ValueTest>),
    /// How often it has been tried again.
    Retries(Vec<Range<Number>>),
    /// A moment of the job.
    Time(TimeField, Vec<Range<Moment>>),
}

/// The fields that are texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TextField {
    Queue,
    Type,
    Jid,
    /// The kind of error or its message.
    Error,
    Errtype,
    Message,
    /// The batch it is a member or a callback of.
    Batch,
    /// Who has it.
    Worker,
    /// The group of failures that counts it.
    Group,
}

impl TextField {
    pub(super) const ALL: [Self; 9] = [
        Self::Queue,
        Self::Type,
        Self::Jid,
        Self::Error,
        Self::Errtype,
        Self::Message,
        Self::Batch,
        Self::Worker,
        Self::Group,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Queue => "queue",
            Self::Type => "type",
            Self::Jid => "jid",
            Self::Error => "error",
            Self::Errtype => "errtype",
            Self::Message => "message",
            Self::Batch => "batch",
            Self::Worker => "worker",
            Self::Group => "group",
        }
    }

    /// Whether a value is sought within the text, in any case. Else it is the whole text, exactly.
    pub(super) fn is_prose(self) -> bool {
        matches!(self, Self::Error | Self::Message)
    }
}

/// The fields that are moments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TimeField {
    /// When it is due, tried again or forgotten, or was done.
    At,
    Created,
    Enqueued,
    /// When it failed first.
    Failed,
    /// Since when a worker has it.
    Started,
}

impl TimeField {
    pub(super) const ALL: [Self; 5] = [
        Self::At,
        Self::Created,
        Self::Enqueued,
        Self::Failed,
        Self::Started,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::At => "at",
            Self::Created => "created",
            Self::Enqueued => "enqueued",
            Self::Failed => "failed",
            Self::Started => "started",
        }
    }
}

/// Where a job can be, as people say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum JobState {
    /// It waits in a queue.
    Enqueued,
    /// A worker has it.
    Working,
    /// It waits for its time.
    Scheduled,
    /// It has failed and will be tried again.
    Retries,
    /// It will not be tried again unless someone asks for it.
    Dead,
    /// It is done, and kept to be looked at.
    Completed,
}

impl JobState {
    /// All states.
    pub const ALL: [Self; 6] = [
        Self::Enqueued,
        Self::Working,
        Self::Scheduled,
        Self::Retries,
        Self::Dead,
        Self::Completed,
    ];

    /// Its name in queries.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Enqueued => "enqueued",
            Self::Working => "working",
            Self::Scheduled => "scheduled",
            Self::Retries => "retries",
            Self::Dead => "dead",
            Self::Completed => "completed",
        }
    }

    /// The state of this name, in any case, or of another one that is in use for it.
    pub fn parse(name: &str) -> Option<Self> {
        Some(match name.to_ascii_lowercase().as_str() {
            "enqueued" | "queued" | "waiting" => Self::Enqueued,
            "working" | "running" | "busy" => Self::Working,
            "scheduled" => Self::Scheduled,
            "retries" | "retry" | "retrying" => Self::Retries,
            "dead" | "morgue" => Self::Dead,
            "completed" | "done" => Self::Completed,
            _ => return None,
        })
    }
}

/// What a value in JSON is held against.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ValueTest {
    /// A string that says this, or, with stars, also a number that is written so.
    Text(Pattern),
    /// A number, also one that is written as a string.
    Number(Range<Number>),
    /// `true`, `false` or `null`.
    Plain(&'static str),
}

/// The values that are written like texts and are none.
pub(super) const PLAIN_VALUES: [&str; 3] = ["true", "false", "null"];
