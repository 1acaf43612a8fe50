//! Concerns that somebody does not want to hear of for a while. The audit log has them, and who that was.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use workmill_engine::{Note, Op, Outcome};
use workmill_proto::Timestamp;
use workmill_store::{AuditEntry, StoreError};

use super::concern::Concern;
use super::watch::Watch;
use crate::desk::{Action, Actor, Desk, Permit};
use crate::service::moment::told;
use crate::service::news::AuditNews;
use crate::service::outcome::refused;
use crate::service::{Problem, ProblemKind};

/// What the audit log calls it that a concern is muted, and that it is heard of again.
const MUTED: &str = "attention.mute";
const UNMUTED: &str = "attention.unmute";

/// How long a concern can be muted: a week. What is to be silent for longer is no concern.
const HOURS_MAX: u32 = 7 * 24;

/// The longest subject, in bytes: it has to come back whole from the audit log.
const SUBJECT_BYTES_MAX: usize = 1_024;

/// What stands in the audit log before the moment that it ends.
const UNTIL: &str = " until ";

/// Which concern: what it is, and of what.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WhichConcern {
    /// Its key, such as `queue_paused`.
    pub(crate) key: String,
    /// The queue, worker, type or entry that it is about, as its parameter `subject` says; empty if it has none.
    #[serde(default)]
    #[schema(required = false)]
    pub(crate) subject: String,
}

/// Which concern is muted, and for how long.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MuteRequest {
    /// Its key, such as `queue_paused`.
    pub(crate) key: String,
    /// The queue, worker, type or entry that it is about, as its parameter `subject` says; empty if it has none.
    #[serde(default)]
    #[schema(required = false)]
    pub(crate) subject: String,
    /// For how many hours.
    #[schema(minimum = 1, maximum = 168)]
    pub(crate) hours: u32,
}

/// Until when a concern is muted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Muted {
    /// The moment.
    #[serde(serialize_with = "told")]
    #[schema(value_type = String, format = DateTime)]
    pub(crate) until: Timestamp,
}

/// The concerns that are muted.
#[derive(Debug, Default)]
pub(super) struct Mutes {
    news: AuditNews,
    /// By what the audit log says of them.
    until: BTreeMap<Box<str>, Timestamp>,
}

impl Mutes {
    /// Reads what is new.
    pub(super) async fn read_on(&mut self, desk: &dyn Desk) -> Result<(), StoreError> {
        let news = self.news.read(desk).await?.unwrap_or_default();
        for (_, entry) in news.into_iter().rev() {
            self.take(&entry);
        }
        let now = desk.now();
        self.until.retain(|_, until| *until > now);
        Ok(())
    }

    fn take(&mut self, entry: &AuditEntry) {
        match &*entry.action {
            MUTED => {
                let parts = entry.target.rsplit_once(UNTIL);
                let read = parts.and_then(|(name, at)| Some((name, Timestamp::parse_rfc3339(at)?)));
                if let Some((name, until)) = read {
                    self.until.insert(name.into(), until);
                }
            }
            UNMUTED => {
                self.until.remove(&entry.target);
            }
            _ => {}
        }
    }

    /// Until when this one is muted; none if it is not.
    pub(super) fn until(&self, concern: &Concern) -> Option<Timestamp> {
        let name = name(concern.key(), concern.subject());
        self.until.get(&*name).copied()
    }

    /// Whoever asks next sees what has just been done.
    pub(super) fn look_again(&mut self) {
        self.news.look_again();
    }
}

/// Mutes a concern for some hours: it is told apart, and counted nowhere. It ends by itself.
///
/// # Errors
/// The role; there is no such kind of concern; the hours are too many; the server takes nothing in.
pub(crate) async fn mute(
    desk: &dyn Desk,
    watch: &Watch,
    actor: &Actor,
    asked: &MuteRequest,
) -> Result<Muted, Problem> {
    let permit = Permit::check(actor, Action::MuteConcern)?;
    let name = checked_name(&asked.key, &asked.subject)?;
    if !(1..=HOURS_MAX).contains(&asked.hours) {
        let detail = format!("a concern is muted for 1 to {HOURS_MAX} hours");
        return Err(Problem::of_field(ProblemKind::Invalid, "hours", detail));
    }
    let until = desk.now().plus_secs(i64::from(asked.hours) * 3_600);
    note(desk, &permit, MUTED, format!("{name}{UNTIL}{until}")).await?;
    watch.look_again().await;
    Ok(Muted { until })
}

/// Has a concern be told of again that was muted. Nothing happens to one that is not.
///
/// # Errors
/// The role; there is no such kind of concern; the server takes nothing in.
pub(crate) async fn unmute(
    desk: &dyn Desk,
    watch: &Watch,
    actor: &Actor,
    which: &WhichConcern,
) -> Result<(), Problem> {
    let permit = Permit::check(actor, Action::UnmuteConcern)?;
    let name = checked_name(&which.key, &which.subject)?;
    note(desk, &permit, UNMUTED, name).await?;
    watch.look_again().await;
    Ok(())
}

async fn note(
    desk: &dyn Desk,
    permit: &Permit,
    action: &'static str,
    target: String,
) -> Result<(), Problem> {
    let note = Note {
        action,
        target,
        count: 1,
        began_at: None,
        undoes: None,
    };
    match desk.ask(permit, Op::Note(note.into())).await? {
        Outcome::Changed { .. } => Ok(()),
        other => Err(refused(other)),
    }
}

fn checked_name(key: &str, subject: &str) -> Result<String, Problem> {
    let invalid = |field, detail: String| Problem::of_field(ProblemKind::Invalid, field, detail);
    if !Concern::KEYS.contains(&key) {
        let detail = format!("there is no concern of the kind {key}: take the key that it has");
        return Err(invalid("key", detail));
    }
    if subject.len() > SUBJECT_BYTES_MAX {
        let detail = format!("a subject of more than {SUBJECT_BYTES_MAX} bytes cannot be muted");
        return Err(invalid("subject", detail));
    }
    Ok(name(key, subject))
}

/// What the audit log calls it.
fn name(key: &str, subject: &str) -> String {
    match subject {
        "" => key.to_owned(),
        subject => format!("{key} {subject}"),
    }
}
