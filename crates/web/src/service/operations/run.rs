//! Starting an operation, seeing how far it is, and stopping it.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use tokio::sync::oneshot;
use utoipa::ToSchema;
use workmill_engine::{Change, Op, OperationId, OperationsOp, Outcome};

use super::request::{OperationRequest, Which};
use super::view::{Operation, read_id};
use crate::desk::{Action, Actor, Desk, DeskError, Permit};
use crate::service::outcome::refused;
use crate::service::search::{Count, count_jobs, count_matching};
use crate::service::{Problem, ProblemKind};

/// How often it is looked for an operation that was started and is not known yet.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// What an operation would concern.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct DryRun {
    /// How many jobs it would concern, by queue and type.
    #[serde(flatten)]
    pub count: Count,
    /// The line that starts it from a shell.
    pub curl: String,
}

/// Counts what an operation would concern, for about a tenth of a second. Changes nothing. `origin` is where the port is reached:
/// `http://localhost:7420`.
///
/// # Errors
/// The role; the request makes no sense; reading failed.
pub async fn dry_run(
    desk: &dyn Desk,
    actor: &Actor,
    request: &OperationRequest,
    origin: &str,
) -> Result<DryRun, Problem> {
    Permit::check(actor, Action::StartOperation)?;
    request.verb()?;
    let count = match request.which()? {
        Which::Matching(query) => count_matching(desk, query).await?,
        Which::Keys(keys) => count_jobs(desk, keys, request.action).await?.0,
    };
    let user = (!actor.name.is_empty()).then_some(&*actor.name);
    Ok(DryRun {
        count,
        curl: request.curl(origin, user),
    })
}

/// Starts an operation, which goes on by itself. It acts on what matches now.
///
/// # Errors
/// The role; the request makes no sense; four run already; the server takes nothing in.
pub async fn start(
    desk: &Arc<dyn Desk>,
    actor: &Actor,
    request: &OperationRequest,
) -> Result<Operation, Problem> {
    let permit = Permit::check(actor, Action::StartOperation)?;
    let verb = request.verb()?;
    let change = match request.which()? {
        Which::Matching(query) => Change::of_matching(verb, query),
        Which::Keys(keys) => {
            let (_, jobs) = count_jobs(&**desk, keys, request.action).await?;
            Change::of_jobs(verb, jobs)?
        }
    };
    run(desk, permit, change).await
}

/// Starts to put back what an action took away, which goes on by itself.
///
/// # Errors
/// The role; there is nothing of it in the trash; four operations run already; the server takes nothing in.
pub async fn undo(desk: &Arc<dyn Desk>, actor: &Actor, action: u64) -> Result<Operation, Problem> {
    let permit = Permit::check(actor, Action::Undo)?;
    run(desk, permit, Change::undo_of(action)).await
}

/// Starts to empty the trash, which goes on by itself.
///
/// # Errors
/// The role; four operations run already; the server takes nothing in.
pub async fn empty_trash(desk: &Arc<dyn Desk>, actor: &Actor) -> Result<Operation, Problem> {
    let permit = Permit::check(actor, Action::EmptyTrash)?;
    run(desk, permit, Change::empty_trash()).await
}

/// Runs an operation; tells of it as soon as it has begun.
async fn run(desk: &Arc<dyn Desk>, permit: Permit, change: Change) -> Result<Operation, Problem> {
    let id = OperationId(rand::random());
    let (ended, mut end) = oneshot::channel();
    let (runs_it, its_permit) = (Arc::clone(desk), permit.clone());
    tokio::spawn(async move {
        let outcome = runs_it.ask(&its_permit, Op::operate(id, change)).await;
        // Nobody waits any more once it is known.
        ended.send(outcome).ok();
    });
    loop {
        tokio::select! {
            outcome = &mut end => {
                return reported(outcome.unwrap_or(Err(DeskError::Unanswered))?);
            }
            () = tokio::time::sleep(LOOK_EVERY) => {
                let shown = desk.ask(&permit, Op::Operations(OperationsOp::Show(id))).await?;
                if let Outcome::Operations(_) = shown {
                    return reported(shown);
                }
            }
        }
    }
}

/// All operations that are remembered, a hundred at most, the latest started first.
///
/// # Errors
/// The server takes nothing in.
pub async fn list(desk: &dyn Desk, actor: &Actor) -> Result<Vec<Operation>, Problem> {
    let permit = Permit::check(actor, Action::SeeOperations)?;
    let outcome = desk
        .ask(&permit, Op::Operations(OperationsOp::List))
        .await?;
    match outcome {
        Outcome::Operations(reports) => {
            Ok(reports.into_iter().rev().map(Operation::from).collect())
        }
        other => Err(refused(other)),
    }
}

/// How far an operation is.
///
/// # Errors
/// There is none, or it is forgotten; the server takes nothing in.
pub async fn show(desk: &dyn Desk, actor: &Actor, id: &str) -> Result<Operation, Problem> {
    ask(desk, actor, Action::SeeOperations, OperationsOp::Show, id).await
}

/// Stops an operation. What it has done is done; one that has ended stays as it is.
///
/// # Errors
/// The role; there is none, or it is forgotten; the server takes nothing in.
pub async fn cancel(desk: &dyn Desk, actor: &Actor, id: &str) -> Result<Operation, Problem> {
    ask(
        desk,
        actor,
        Action::CancelOperation,
        OperationsOp::Cancel,
        id,
    )
    .await
}

async fn ask(
    desk: &dyn Desk,
    actor: &Actor,
    action: Action,
    op: fn(OperationId) -> OperationsOp,
    id: &str,
) -> Result<Operation, Problem> {
    let permit = Permit::check(actor, action)?;
    let unknown = || {
        let detail = "there is no operation with this id: it is forgotten, or ended with a restart";
        Problem::new(ProblemKind::NotFound, detail)
    };
    let id = read_id(id).ok_or_else(unknown)?;
    match desk.ask(&permit, Op::Operations(op(id))).await? {
        Outcome::Refused(_) => Err(unknown()),
        outcome => reported(outcome),
    }
}

fn reported(outcome: Outcome) -> Result<Operation, Problem> {
    match outcome {
        Outcome::Operations(mut reports) if !reports.is_empty() => {
            Ok(reports.swap_remove(0).into())
        }
        // There is no room for one more.
        Outcome::Refused(error) => Err(Problem::new(ProblemKind::Conflict, error.text)),
        other => Err(refused(other)),
    }
}
