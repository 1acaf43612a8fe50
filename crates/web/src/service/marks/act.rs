//! Making a mark, and taking it back.

use serde::Deserialize;
use utoipa::ToSchema;
use workmill_engine::{Note, Op, Outcome};
use workmill_proto::Timestamp;

use super::Begun;
use super::mark::{MADE, Mark, TAKEN_BACK};
use crate::desk::{Action, Actor, Desk, Permit};
use crate::service::outcome::refused;
use crate::service::{Problem, ProblemKind};

/// The longest text of a mark, in bytes: it stands in a list beside a chart.
const TEXT_BYTES_MAX: usize = 200;

/// How far back a mark may be, in seconds: as far as charts go.
const BACK_SECS_MAX: i64 = 180 * 86_400;

/// How far ahead, in seconds: the clock of whoever makes it may be ahead.
const AHEAD_SECS_MAX: i64 = 3_600;

/// What a mark is to be like.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MarkRequest {
    /// What it says, such as `deploy 4711`.
    #[schema(min_length = 1, max_length = 200)]
    pub text: String,
    /// When it began, in RFC 3339: at most 180 days ago and an hour ahead; now if it is left out.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub at: Option<String>,
}

/// Makes a mark.
///
/// # Errors
/// The role; the text or the moment is none; the server takes nothing in.
pub(crate) async fn add(
    desk: &dyn Desk,
    begun: &Begun,
    actor: &Actor,
    asked: &MarkRequest,
) -> Result<Mark, Problem> {
    let permit = Permit::check(actor, Action::AddMark)?;
    let text = asked.text.trim();
    if text.is_empty() || text.len() > TEXT_BYTES_MAX {
        let detail = format!("the text of a mark has 1 to {TEXT_BYTES_MAX} bytes");
        return Err(wrong("text", detail));
    }
    let at = match &asked.at {
        Some(text) => moment(desk.now(), text)?,
        None => desk.now(),
    };
    let id = note(desk, &permit, noted(MADE, text, Some(at), None)).await?;
    begun.look_again().await;
    Ok(Mark {
        id,
        at,
        kind: MADE.into(),
        text: text.into(),
        name: actor.operator().name.clone(),
    })
}

/// Takes a mark back.
///
/// # Errors
/// The role; nobody has made such a mark; the server takes nothing in.
pub(crate) async fn remove(
    desk: &dyn Desk,
    begun: &Begun,
    actor: &Actor,
    id: u64,
) -> Result<(), Problem> {
    let permit = Permit::check(actor, Action::RemoveMark)?;
    begun.look_again().await;
    let marks = begun.now(desk).await?;
    let made = marks.iter().find(|mark| mark.id == id && mark.is_made());
    let Some(mark) = made else {
        let detail = "there is no mark of this number";
        return Err(Problem::new(ProblemKind::NotFound, detail));
    };
    note(desk, &permit, noted(TAKEN_BACK, &mark.text, None, Some(id))).await?;
    begun.look_again().await;
    Ok(())
}

fn noted(action: &'static str, text: &str, at: Option<Timestamp>, undoes: Option<u64>) -> Note {
    Note {
        action,
        target: text.to_owned(),
        count: 1,
        began_at: at,
        undoes,
    }
}

/// Writes it into the audit log, and gives its number there.
async fn note(desk: &dyn Desk, permit: &Permit, note: Note) -> Result<u64, Problem> {
    match desk.ask(permit, Op::Note(note.into())).await? {
        Outcome::Changed {
            action: Some(id), ..
        } => Ok(id),
        other => Err(refused(other)),
    }
}

fn moment(now: Timestamp, text: &str) -> Result<Timestamp, Problem> {
    let at = Timestamp::parse_rfc3339(text);
    let earliest = now.plus_secs(-BACK_SECS_MAX);
    let latest = now.plus_secs(AHEAD_SECS_MAX);
    let near = at.filter(|at| (earliest..=latest).contains(at));
    near.ok_or_else(|| {
        let detail = "at is to be a moment like 2026-01-31T07:00:00Z, at most 180 days ago and an hour ahead";
        wrong("at", detail.to_owned())
    })
}

fn wrong(field: &str, detail: String) -> Problem {
    Problem::of_field(ProblemKind::Invalid, field, detail)
}
