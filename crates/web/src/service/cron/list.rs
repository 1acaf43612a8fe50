//! Which recurring jobs there are.

use std::collections::{BTreeMap, BTreeSet};

use workmill_store::CronTick;

use super::past::with_runs;
use super::{CronEntry, CronSource};
use crate::desk::Desk;
use crate::observe::{Observer, Recurring};
use crate::service::{Page, PageRequest, Problem, ProblemKind};

type Ticks = BTreeMap<Box<str>, CronTick>;

/// Recurring jobs by name. The cursor is the name of the last one.
///
/// # Errors
/// The limit is out of range; reading failed.
pub async fn list(
    desk: &dyn Desk,
    observer: &Observer,
    asked: &PageRequest,
) -> Result<Page<CronEntry>, Problem> {
    let limit = asked.limit()?;
    let done = ticks_done(desk).await?;
    let recurring = observer.recurring(desk).await?;
    let configured = recurring.configured.iter().map(|(name, _)| &**name);
    let names: BTreeSet<&str> = configured
        .chain(recurring.made.keys().map(|name| &**name))
        .collect();
    let after = asked.cursor.as_deref();
    let behind = names
        .into_iter()
        .filter(|name| after.is_none_or(|after| *name > after));
    let shown = behind.filter_map(|name| view(desk, &recurring, &done, name));
    let page = Page::of_all(shown, limit, |entry| entry.name.clone());
    Ok(Page {
        items: with_runs(desk, page.items).await?,
        cursor: page.cursor,
    })
}

/// One recurring job.
///
/// # Errors
/// There is none; reading failed.
pub async fn show(desk: &dyn Desk, observer: &Observer, name: &str) -> Result<CronEntry, Problem> {
    let recurring = observer.recurring(desk).await?;
    if !recurring.has(name) {
        return Err(no_such_entry());
    }
    let done = ticks_done(desk).await?;
    let shown = view(desk, &recurring, &done, name).into_iter().collect();
    let mut shown = with_runs(desk, shown).await?;
    shown.pop().ok_or_else(no_such_entry)
}

/// One that was made by the API, to be changed, with all that it says.
///
/// # Errors
/// There is none; the configuration has it; parts of it are hidden; reading failed.
pub(crate) async fn to_edit(
    desk: &dyn Desk,
    observer: &Observer,
    name: &str,
) -> Result<CronEntry, Problem> {
    let entry = show(desk, observer, name).await?;
    let conflict = |detail: &str| Problem::new(ProblemKind::Conflict, detail);
    if entry.source == CronSource::File {
        let detail = "the cron entry is in the configuration: change it there";
        return Err(conflict(detail));
    }
    match entry.job {
        Some(_) => Ok(entry),
        None => Err(conflict(
            "parts of jobs of this type are hidden: the entry cannot be edited",
        )),
    }
}

pub(super) fn no_such_entry() -> Problem {
    let detail = "there is no cron entry of this name";
    Problem::new(ProblemKind::NotFound, detail)
}

fn view(desk: &dyn Desk, recurring: &Recurring, done: &Ticks, name: &str) -> Option<CronEntry> {
    let (now, made) = (desk.now(), recurring.made.get(name));
    let shown = match (recurring.configured.get(name), made) {
        (Some(entry), made) => {
            let former = || done.get(entry.former_name.as_deref()?);
            let kept = done.get(name).or_else(former).copied();
            CronEntry {
                shadows: made.is_some(),
                ..CronEntry::of(name, entry, kept, now)
            }
        }
        (None, Some(made)) => {
            let redactions = desk.rules().redactions;
            CronEntry::of_made(name, made, &redactions, done.get(name).copied(), now)
        }
        (None, None) => return None,
    };
    Some(match recurring.configured.is_off() {
        true => CronEntry {
            problem: Some(String::from("cron is turned off in the configuration")),
            next: Vec::new(),
            ..shown
        },
        false => shown,
    })
}

/// Up to when the ticks of entries are done, and which are paused.
async fn ticks_done(desk: &dyn Desk) -> Result<Ticks, Problem> {
    let ticks = desk.read_all(|reading, after: Option<Box<str>>, bounds| {
        reading.cron_ticks(after.as_deref(), bounds)
    });
    Ok(ticks.await?.into_iter().collect())
}
