//! What may be done by whom: the one place where that is checked.

use super::actor::{Actor, Role};

/// What can be done by the web port, by pages and API alike. To see needs no action: whoever is let in may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// To hand out no more jobs of a queue.
    PauseQueue,
    /// To hand them out again.
    ResumeQueue,
    /// To forget a queue, with its pause and the jobs that wait in it.
    RemoveQueue,
    /// To push new jobs.
    PushJob,
    /// To put a job into its queue now: one that is dead, waits to be tried again, is scheduled, or works.
    RequeueJob,
    /// To move a job to the dead set.
    KillJob,
    /// To forget a job.
    DeleteJob,
    /// To make a job belong to another queue.
    MoveJob,
    /// To give a job another payload.
    EditJob,
    /// To do one of these to all jobs that match a query.
    StartOperation,
    /// To ask how far that is.
    SeeOperations,
    /// To stop it.
    CancelOperation,
    /// To put back what an action took away.
    Undo,
    /// To forget all that could be put back.
    EmptyTrash,
    /// To tell workers to fetch no more.
    QuietWorkers,
    /// To tell workers to end.
    TerminateWorkers,
    /// To push the job of a cron entry now.
    RunCron,
    /// To have a cron entry run no more for now.
    PauseCron,
    /// To let it run again.
    ResumeCron,
    /// To make a cron entry, or to replace one that was made.
    SaveCron,
    /// To delete one that was made.
    DeleteCron,
    /// To mark a moment in charts.
    AddMark,
    /// To take a mark back.
    RemoveMark,
    /// Not to hear of something that needs somebody for a while.
    MuteConcern,
    /// To hear of it again.
    UnmuteConcern,
    /// To forget everything there is.
    Flush,
}

impl Action {
    /// All of them.
    pub const ALL: [Self; 26] = [
        Self::PauseQueue,
        Self::ResumeQueue,
        Self::RemoveQueue,
        Self::PushJob,
        Self::RequeueJob,
        Self::KillJob,
        Self::DeleteJob,
        Self::MoveJob,
        Self::EditJob,
        Self::StartOperation,
        Self::SeeOperations,
        Self::CancelOperation,
        Self::Undo,
        Self::EmptyTrash,
        Self::QuietWorkers,
        Self::TerminateWorkers,
        Self::RunCron,
        Self::PauseCron,
        Self::ResumeCron,
        Self::SaveCron,
        Self::DeleteCron,
        Self::AddMark,
        Self::RemoveMark,
        Self::MuteConcern,
        Self::UnmuteConcern,
        Self::Flush,
    ];

    /// Its name, for records and logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PauseQueue => "queue.pause",
            Self::ResumeQueue => "queue.resume",
            Self::RemoveQueue => "queue.remove",
            Self::PushJob => "job.push",
            Self::RequeueJob => "job.requeue",
            Self::KillJob => "job.kill",
            Self::DeleteJob => "job.delete",
            Self::MoveJob => "job.move",
            Self::EditJob => "job.edit",
            Self::StartOperation => "operation.start",
            Self::SeeOperations => "operation.see",
            Self::CancelOperation => "operation.cancel",
            Self::Undo => "action.undo",
            Self::EmptyTrash => "trash.empty",
            Self::QuietWorkers => "workers.quiet",
            Self::TerminateWorkers => "workers.terminate",
            Self::RunCron => "cron.run",
            Self::PauseCron => "cron.pause",
            Self::ResumeCron => "cron.resume",
            Self::SaveCron => "cron.save",
            Self::DeleteCron => "cron.delete",
            Self::AddMark => "mark.add",
            Self::RemoveMark => "mark.delete",
            Self::MuteConcern => "attention.mute",
            Self::UnmuteConcern => "attention.unmute",
            Self::Flush => "flush",
        }
    }

    /// The least role that may do it.
    pub const fn least_role(self) -> Role {
        match self {
            Self::SeeOperations => Role::Viewer,
            Self::PauseQueue
            | Self::ResumeQueue
            | Self::RemoveQueue
            | Self::PushJob
            | Self::RequeueJob
            | Self::KillJob
            | Self::DeleteJob
            | Self::MoveJob
            | Self::EditJob
            | Self::StartOperation
            | Self::CancelOperation
            | Self::Undo
            | Self::QuietWorkers
            | Self::TerminateWorkers
            | Self::RunCron
            | Self::PauseCron
            | Self::ResumeCron
            | Self::SaveCron
            | Self::DeleteCron
            | Self::AddMark
            | Self::RemoveMark
            | Self::MuteConcern
            | Self::UnmuteConcern => Role::Operator,
            // Nothing brings back what these take away.
            Self::EmptyTrash | Self::Flush => Role::Admin,
        }
    }

    /// Whether this one may do it.
    pub fn is_allowed_to(self, actor: &Actor) -> bool {
        actor.role >= self.least_role()
    }
}

/// That somebody may do something. Nothing else makes one than the check of their role, and the server does nothing without
/// one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permit {
    actor: Actor,
    action: Action,
}

impl Permit {
    /// Checks whether this one may do it.
    ///
    /// # Errors
    /// They may not.
    pub fn check(actor: &Actor, action: Action) -> Result<Self, Forbidden> {
        match action.is_allowed_to(actor) {
            true => Ok(Self {
                actor: actor.clone(),
                action,
            }),
            false => Err(Forbidden {
                needed: action.least_role(),
                role: actor.role,
            }),
        }
    }

    /// Who may.
    pub fn actor(&self) -> &Actor {
        &self.actor
    }

    /// What they may do.
    pub fn action(&self) -> Action {
        self.action
    }
}

/// Somebody may not do something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "this needs the role {}, and you have the role {}: ask somebody who has it",
    needed.as_str(),
    role.as_str()
)]
pub struct Forbidden {
    /// The role that is needed.
    pub needed: Role,
    /// The one that they have.
    pub role: Role,
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::net::{IpAddr, Ipv4Addr};

    use super::*;

    #[test]
    fn each_role_may_do_what_the_one_before_it_may_and_more() {
        let allowed = |role| {
            let actor = Actor {
                name: "somebody".into(),
                role,
                address: IpAddr::V4(Ipv4Addr::LOCALHOST),
            };
            let may = |action: &Action| Permit::check(&actor, *action).is_ok();
            let actions = Action::ALL.into_iter().filter(may);
            actions.map(Action::as_str).collect::<BTreeSet<_>>()
        };
        let [viewer, operator, admin] = Role::ALL.map(allowed);
        assert_eq!(viewer, BTreeSet::from(["operation.see"]));
        assert_eq!(admin.len(), Action::ALL.len());
        let more: Vec<_> = admin.difference(&operator).copied().collect();
        assert_eq!(more, ["flush", "trash.empty"]);
    }
}
