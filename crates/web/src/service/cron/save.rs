//! Making, replacing and deleting recurring jobs.

use std::sync::Arc;

use workmill_engine::{CronOp, CronPut, Op};

use super::list::no_such_entry;
use super::{CronEntry, CronRequest, show};
use crate::desk::{Action, Actor, Desk, Permit};
use crate::observe::{MadeEntry, Observer};
use crate::service::outcome::done;
use crate::service::{Problem, ProblemKind};

/// How one is saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Saving<'a> {
    /// There must be none of its name yet.
    New,
    /// Under this name, whether there is one or not.
    Under(&'a str),
}

/// What one would be like, if it were saved.
///
/// # Errors
/// The role; the request makes no sense: the problem says which part of it; the name belongs to another one.
pub async fn preview(
    desk: &dyn Desk,
    observer: &Observer,
    actor: &Actor,
    saving: Saving<'_>,
    asked: &CronRequest,
) -> Result<CronEntry, Problem> {
    Permit::check(actor, Action::SaveCron)?;
    let put = check(desk, observer, actor, saving, asked).await?;
    let made = MadeEntry {
        definition: Some(put.definition),
        entry: Ok(put.entry),
    };
    let redactions = desk.rules().redactions;
    Ok(CronEntry::of_made(
        &put.name,
        &made,
        &redactions,
        None,
        desk.now(),
    ))
}

/// Makes one, or replaces the one of its name that was made before. What was due before runs as it was.
///
/// # Errors
/// Those of [`preview`]; there are too many; the server takes nothing in.
pub async fn save(
    desk: &dyn Desk,
    observer: &Observer,
    actor: &Actor,
    saving: Saving<'_>,
    asked: &CronRequest,
) -> Result<CronEntry, Problem> {
    let permit = Permit::check(actor, Action::SaveCron)?;
    let put = check(desk, observer, actor, saving, asked).await?;
    let name = Arc::clone(&put.name);
    let outcome = desk.ask(&permit, Op::Cron(CronOp::Put(put).into())).await?;
    done(outcome)?;
    observer.look_again().await;
    show(desk, observer, &name).await
}

/// Deletes one that was made by the API. Jobs of it that were pushed stay.
///
/// # Errors
/// The role; there is none; the configuration has it, and no request changes that; the server takes nothing in.
pub async fn delete(
    desk: &dyn Desk,
    observer: &Observer,
    actor: &Actor,
    name: &str,
) -> Result<(), Problem> {
    let permit = Permit::check(actor, Action::DeleteCron)?;
    let recurring = observer.recurring(desk).await?;
    if !recurring.made.contains_key(name) {
        return Err(match recurring.configured.get(name) {
            Some(_) => of_the_configuration("delete it"),
            None => no_such_entry(),
        });
    }
    let op = Op::Cron(CronOp::Delete(name.into()).into());
    done(desk.ask(&permit, op).await?)?;
    observer.look_again().await;
    Ok(())
}

/// What is to be kept, if it may be.
async fn check(
    desk: &dyn Desk,
    observer: &Observer,
    actor: &Actor,
    saving: Saving<'_>,
    asked: &CronRequest,
) -> Result<CronPut, Problem> {
    let in_path = match saving {
        Saving::New => None,
        Saving::Under(name) => Some(name),
    };
    let name = asked.name(in_path)?;
    let definition = asked.definition(desk, actor)?;
    let entry = desk.read_cron(&definition)?;
    let recurring = observer.recurring(desk).await?;
    if recurring.configured.get(name).is_some() {
        return Err(of_the_configuration("change it"));
    }
    if saving == Saving::New && recurring.made.contains_key(name) {
        let detail =
            "there is a cron entry of this name already: choose another name, or replace it";
        return Err(taken(detail.to_owned()));
    }
    Ok(CronPut {
        name: name.into(),
        definition,
        entry: Arc::new(entry),
        only_new: saving == Saving::New,
    })
}

fn of_the_configuration(action: &str) -> Problem {
    taken(format!(
        "the configuration has the cron entry of this name: {action} there, or choose another name"
    ))
}

fn taken(detail: String) -> Problem {
    Problem::of_field(ProblemKind::Conflict, "name", detail)
}
