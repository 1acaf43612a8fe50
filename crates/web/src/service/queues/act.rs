//! What can be done to queues.

use workmill_engine::{ClientId, Op};
use workmill_proto::{QueueCommand, QueueSelection, check_queue_name};

use crate::desk::{Action, Actor, Desk, Permit};
use crate::observe::Observer;
use crate::service::Problem;
use crate::service::outcome::done;

/// What can be done to a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueueAction {
    /// Hand out no more jobs of it, also if it does not exist yet.
    Pause,
    /// Hand them out again.
    Resume,
    /// Forget it, with its pause and the jobs that wait in it.
    Remove,
}

impl QueueAction {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Pause, Self::Resume, Self::Remove];

    /// What it takes.
    pub const fn action(self) -> Action {
        match self {
            Self::Pause => Action::PauseQueue,
            Self::Resume => Action::ResumeQueue,
            Self::Remove => Action::RemoveQueue,
        }
    }

    fn command(self, selection: QueueSelection) -> QueueCommand {
        match self {
            Self::Pause => QueueCommand::Pause(selection),
            Self::Resume => QueueCommand::Resume(selection),
            Self::Remove => QueueCommand::Remove(selection),
        }
    }
}

/// What stands for all queues there are, as in the protocol. They cannot be removed all at once.
pub const ALL_QUEUES: &str = "*";

/// Does something to a queue, or to [`ALL_QUEUES`]. To do it again changes nothing.
///
/// # Errors
/// The role; the name; the server refuses it, or takes nothing in.
pub async fn act(
    desk: &dyn Desk,
    observer: &Observer,
    actor: &Actor,
    action: QueueAction,
    name: &str,
) -> Result<(), Problem> {
    let permit = Permit::check(actor, action.action())?;
    let selection = match name {
        ALL_QUEUES if action != QueueAction::Remove => QueueSelection::All,
        name => {
            check_queue_name(name)?;
            QueueSelection::Named(vec![name.to_owned()])
        }
    };
    // The port says who the client is.
    let command = Op::Queue(action.command(selection).into(), ClientId::default());
    done(desk.ask(&permit, command).await?)?;
    observer.look_again().await;
    Ok(())
}
