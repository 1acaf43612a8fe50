//! What can be done with a recurring job, wherever it is written.

use workmill_engine::{CronOp, CronRun, CronSwitch, Op};

use super::list::no_such_entry;
use crate::desk::{Action, Actor, Desk, Permit};
use crate::observe::Observer;
use crate::service::Problem;
use crate::service::jobs::{Pushed, new_jid};
use crate::service::outcome::done;

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
    let recurring = observer.recurring(desk).await?;
    let made = || recurring.made.get(name)?.entry.as_deref().ok();
    let entry = recurring.configured.get(name).or_else(made);
    let entry = entry.ok_or_else(no_such_entry)?;
    let jid = new_jid();
    let job = entry.job(jid.clone(), desk.now(), desk.rules().custom_reading)?;
    let name = name.into();
    let op = CronOp::Run(CronRun { name, job });
    done(desk.ask(&permit, Op::Cron(op.into())).await?)?;
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
    observer: &Observer,
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
    if !observer.recurring(desk).await?.has(name) {
        return Err(no_such_entry());
    }
    let name = name.into();
    let op = CronOp::Switch(CronSwitch { name, paused });
    done(desk.ask(&permit, Op::Cron(op.into())).await?)
}
