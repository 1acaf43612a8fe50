//! Recurring jobs.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;
use workmill_engine::{CronEntry as Entry, CronSwitch, Op};
use workmill_proto::Timestamp;
use workmill_store::CronTick;
use workmill_store::reading::{Bounds, READ_ROWS_MAX};

use super::jobs::{Pushed, new_jid};
use super::moment::{all_told, told_if_any};
use super::outcome::done;
use super::{Page, PageRequest, Problem, ProblemKind};
use crate::desk::{Action, Actor, Desk, Permit};
use crate::observe::Observer;

/// How many of its next ticks are told of an entry.
const NEXT_MAX: usize = 5;

/// A recurring job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct CronEntry {
    /// What the server remembers it by: its name, or a text made of what it says.
    pub name: String,
    /// When it is due, as it is written in the configuration, without its zone.
    pub schedule: String,
    /// The zone its times are meant in; null for an interval, and for a zone without a name.
    pub zone: Option<String>,
    /// The type of its jobs.
    pub jobtype: String,
    /// The queue of its jobs.
    pub queue: String,
    /// Whether a run that was missed while no server ran is made up for, once.
    pub catch_up: bool,
    /// Up to when its ticks are done; null before the first one.
    #[serde(serialize_with = "told_if_any")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub done_until: Option<Timestamp>,
    /// Since when it is paused, so that its ticks pass without a job; null if it is not.
    #[serde(serialize_with = "told_if_any")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub paused_since: Option<Timestamp>,
    /// Its next ticks, five at most; those of an interval are counted from its last one.
    #[serde(serialize_with = "all_told")]
    #[schema(value_type = Vec<String>, format = DateTime)]
    pub next: Vec<Timestamp>,
}

/// Recurring jobs by name. The cursor is the name of the last one.
///
/// # Errors
/// The limit is out of range; reading failed.
pub async fn list(desk: &dyn Desk, asked: &PageRequest) -> Result<Page<CronEntry>, Problem> {
    let limit = asked.limit()?;
    let done = ticks_done(desk).await?;
    let (table, now) = (desk.cron(), desk.now());
    let after = asked.cursor.as_deref();
    let behind = table
        .iter()
        .filter(|(name, _)| after.is_none_or(|after| &***name > after));
    let shown = behind.map(|(name, entry)| CronEntry::new(name, entry, &done, now));
    Ok(Page::of_all(shown, limit, |entry| entry.name.clone()))
}

/// One recurring job.
///
/// # Errors
/// There is none; reading failed.
pub async fn show(desk: &dyn Desk, name: &str) -> Result<CronEntry, Problem> {
    let table = desk.cron();
    let entry = table.get(name).ok_or_else(no_such_entry)?;
    let done = ticks_done(desk).await?;
    Ok(CronEntry::new(name, entry, &done, desk.now()))
}

/// Pushes a job of a recurring one now. Its ticks stay as they are.
///
/// # Errors
/// The role; there is no such entry; the rules refuse the job; the server takes nothing in.
pub async fn run_now(
    desk: &dyn Desk,
    observer: &Observer,
    actor: &Actor,
    name: &str,
) -> Result<Pushed, Problem> {
    let permit = Permit::check(actor, Action::RunCron)?;
    let table = desk.cron();
    let entry = table.get(name).ok_or_else(no_such_entry)?;
    let jid = new_jid();
    let job = entry.job(jid.clone(), desk.now(), desk.rules().custom_reading)?;
    done(desk.ask(&permit, Op::Push(job.into())).await?)?;
    observer.look_again().await;
    Ok(Pushed { jid })
}

/// Pauses a recurring job, or lets it go on: also over restarts of the server, and whatever the configuration says. Ticks that
/// pass meanwhile are skipped. Nothing happens to one that is paused, or goes on, already.
///
/// # Errors
/// The role; there is no such entry; the server takes nothing in.
pub async fn switch(
    desk: &dyn Desk,
    actor: &Actor,
    name: &str,
    paused: bool,
) -> Result<(), Problem> {
    let permit = Permit::check(
        actor,
        match paused {
            true => Action::PauseCron,
            false => Action::ResumeCron,
        },
    )?;
    if desk.cron().get(name).is_none() {
        return Err(no_such_entry());
    }
    let name = name.into();
    done(
        desk.ask(&permit, Op::Cron(CronSwitch { name, paused }.into()))
            .await?,
    )
}

fn no_such_entry() -> Problem {
    let detail = "the configuration has no cron entry of this name";
    Problem::new(ProblemKind::NotFound, detail)
}

/// Up to when the ticks of entries are done, and which are paused.
async fn ticks_done(desk: &dyn Desk) -> Result<BTreeMap<Box<str>, CronTick>, Problem> {
    let (mut done, mut after) = (BTreeMap::new(), None::<Box<str>>);
    loop {
        let from = after.take();
        let slice = desk
            .read(move |reading| {
                reading.cron_ticks(from.as_deref(), Bounds::of_rows(READ_ROWS_MAX))
            })
            .await?;
        done.extend(slice.items);
        after = slice.next;
        if after.is_none() {
            return Ok(done);
        }
    }
}

impl CronEntry {
    fn new(name: &str, entry: &Entry, done: &BTreeMap<Box<str>, CronTick>, now: Timestamp) -> Self {
        let former = || done.get(entry.former_name.as_deref()?);
        let kept = done.get(name).or_else(former).copied();
        let done_until = kept.map(|kept| kept.at);
        let template = entry.template();
        Self {
            name: name.to_owned(),
            schedule: entry.schedule.text().to_owned(),
            zone: entry.schedule.zone().map(Into::into),
            jobtype: template.jobtype.clone(),
            queue: template.queue.clone(),
            catch_up: entry.catch_up,
            done_until,
            paused_since: kept.and_then(|kept| kept.paused_since),
            next: next_ticks(entry, done_until, now),
        }
    }
}

/// The next ticks. One that is over and was not fired yet is told too: it is late.
fn next_ticks(entry: &Entry, done_until: Option<Timestamp>, now: Timestamp) -> Vec<Timestamp> {
    let first = entry.schedule.next_after(done_until.unwrap_or(now));
    let ticks = std::iter::successors(first, |tick| entry.schedule.next_after(*tick));
    ticks.take(NEXT_MAX).collect()
}
