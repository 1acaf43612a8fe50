//! Whether a job matches.

use workmill_proto::JsonShape;
use workmill_proto::SetName;
use workmill_store::{Clocks, Place};

use super::expr::{Expr, Query};
use super::job::{QueryJob, Unknown};
use super::number::Number;
use super::path::{Root, any_at};
use super::pattern::{Pattern, fold};
use super::range::{Comparison, Range};
use super::term::{JobState, Term, TextField, ValueTest};

/// Whether a job matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It does.
    Yes,
    /// It does not.
    No,
    /// It cannot be told: the query asks for something that is not known of it, as it cannot be read, or its payload has
    /// more than a mebibyte.
    Unknown,
}

impl Query {
    /// Whether a job matches now. Takes time in proportion to its payload and the number of terms.
    pub fn matches(&self, job: &QueryJob<'_>, now: Clocks) -> Verdict {
        match &self.expr {
            None => Verdict::Yes,
            Some(expr) => expr.matches(job, now),
        }
    }
}

impl Expr {
    fn matches(&self, job: &QueryJob<'_>, now: Clocks) -> Verdict {
        match self {
            Self::Term(term) => match term.matches(job, now) {
                Ok(true) => Verdict::Yes,
                Ok(false) => Verdict::No,
                Err(Unknown) => Verdict::Unknown,
            },
            Self::Not(part) => match part.matches(job, now) {
                Verdict::Yes => Verdict::No,
                Verdict::No => Verdict::Yes,
                Verdict::Unknown => Verdict::Unknown,
            },
            Self::And(parts) => decide(parts, Verdict::No, Verdict::Yes, job, now),
            Self::Or(parts) => decide(parts, Verdict::Yes, Verdict::No, job, now),
        }
    }
}

/// The verdict that one part decides alone, or the other one if all agree on it.
fn decide(
    parts: &[Expr],
    alone: Verdict,
    together: Verdict,
    job: &QueryJob<'_>,
    now: Clocks,
) -> Verdict {
    let mut verdict = together;
    for part in parts {
        match part.matches(job, now) {
            one if one == alone => return alone,
            Verdict::Unknown => verdict = Verdict::Unknown,
            _ => {}
        }
    }
    verdict
}

impl Term {
    fn matches(&self, job: &QueryJob<'_>, now: Clocks) -> Result<bool, Unknown> {
        Ok(match self {
            Self::Word(word) => return is_anywhere(word, job),
            Self::Text(field, patterns) => {
                let texts = job.texts(*field)?;
                match field.is_prose() {
                    true => any(&texts, patterns, |text, pattern| {
                        pattern.is_within(&fold(text))
                    }),
                    false => any(&texts, patterns, |text, pattern| pattern.is_whole(text)),
                }
            }
            Self::State(states) => states.contains(&job.state()),
            Self::Value(path, tests) => match (job.json(path.root)?, path.root) {
                (None, _) => false,
                (Some(json), Root::Tags) => any_at(json, &["tags".to_owned()], tests)?,
                (Some(json), _) => any_at(json, &path.steps, tests)?,
            },
            Self::Retries(ranges) => {
                let retries = Number::from(job.retries()?);
                ranges.iter().any(|range| range.contains(&retries))
            }
            Self::Time(field, ranges) => match job.moment(*field, now)? {
                None => false,
                Some(moment) => ranges.iter().any(|range| range.contains(moment, now.wall)),
            },
        })
    }
}

fn any<T: AsRef<str>>(
    texts: &[T],
    patterns: &[Pattern],
    matches: impl Fn(&str, &Pattern) -> bool,
) -> bool {
    texts.iter().any(|text| {
        let mut patterns = patterns.iter();
        patterns.any(|pattern| matches(text.as_ref(), pattern))
    })
}

/// Looks at what costs least first.
fn is_anywhere(word: &Pattern, job: &QueryJob<'_>) -> Result<bool, Unknown> {
    for field in [TextField::Jid, TextField::Type, TextField::Error] {
        let texts = job.texts(field)?;
        if texts.iter().any(|text| word.is_within(&fold(text))) {
            return Ok(true);
        }
    }
    Ok(word.is_within(job.folded_args()?))
}

impl ValueTest {
    /// Whether any value passes, whatever it is.
    pub(super) fn is_any(&self) -> bool {
        let any = |pattern: &Pattern| pattern.pieces().iter().all(String::is_empty);
        matches!(self, Self::Text(pattern) if pattern.literal().is_none() && any(pattern))
    }

    pub(super) fn passes(&self, value: &JsonShape<'_>) -> bool {
        match (self, value) {
            (Self::Text(pattern), JsonShape::Text(text)) => pattern.is_whole(text),
            (Self::Text(pattern), JsonShape::Plain(text)) => {
                pattern.literal().is_none() && pattern.is_whole(text)
            }
            (Self::Text(_), _) => self.is_any(),
            (Self::Number(range), JsonShape::Text(text)) => {
                Number::parse(text).is_some_and(|number| range.contains(&number))
            }
            (Self::Number(range), JsonShape::Plain(text)) => {
                Number::parse(text).is_some_and(|number| range.contains(&number))
            }
            (Self::Plain(wanted), JsonShape::Plain(text)) => wanted == text,
            (Self::Plain(wanted), JsonShape::Text(text)) => *wanted == &**text,
            (Self::Number(_) | Self::Plain(_), JsonShape::Array(_) | JsonShape::Object(_)) => false,
        }
    }
}

impl Range<Number> {
    fn contains(&self, number: &Number) -> bool {
        match self {
            Self::Compared(comparison, wanted) => match comparison {
                Comparison::Equal => number == wanted,
                Comparison::Less => number < wanted,
                Comparison::LessOrEqual => number <= wanted,
                Comparison::Greater => number > wanted,
                Comparison::GreaterOrEqual => number >= wanted,
            },
            Self::Between(from, to) => {
                from.as_ref().is_none_or(|from| number >= from)
                    && to.as_ref().is_none_or(|to| number <= to)
            }
        }
    }
}

impl JobState {
    /// The state of the jobs of a place.
    pub fn of(place: &Place) -> Self {
        match place {
            Place::Queue(_) => Self::Enqueued,
            Place::Working => Self::Working,
            Place::Set(SetName::Scheduled) => Self::Scheduled,
            Place::Set(SetName::Retries) => Self::Retries,
            Place::Set(SetName::Dead) => Self::Dead,
            Place::Set(SetName::Completed) => Self::Completed,
        }
    }
}
