//! `/api/v1/trash` and undoing: what operators deleted and killed.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;

use super::asked::Named;
use crate::app::App;
use crate::desk::Actor;
use crate::service::Problem;
use crate::service::operations::{self, Operation};
use crate::service::trash::Trash;

/// How much there is in the trash: jobs that were deleted or killed, and can be put back.
#[utoipa::path(
    get, path = "/api/v1/trash", tag = "audit", operation_id = "showTrash",
    responses((status = 200, body = Trash, description = "How much"))
)]
pub(crate) async fn show_trash(State(app): State<Arc<App>>) -> Result<Json<Trash>, Problem> {
    Ok(Json(*app.observer.trash(&*app.desk).await?))
}

/// Empties the trash, as an operation that goes on by itself: nothing of it can be put back any more, and its space on the disk
/// is free.
#[utoipa::path(
    delete, path = "/api/v1/trash", tag = "audit", operation_id = "emptyTrash",
    responses((status = 202, body = Operation, description = "It was started"))
)]
pub(crate) async fn empty_trash(
    State(app): State<Arc<App>>,
    actor: Actor,
) -> Result<(StatusCode, Json<Operation>), Problem> {
    let started = operations::empty_trash(&app.desk, &actor).await?;
    app.observer.look_again().await;
    Ok((StatusCode::ACCEPTED, Json(started)))
}

/// Puts back the jobs that an action deleted or killed, as far as they are in the trash, as an operation that goes on by itself.
#[utoipa::path(
    post, path = "/api/v1/audit/{id}/undo", tag = "audit", operation_id = "undoAction",
    params(("id" = u64, Path, description = "The number of the action in the audit log")),
    responses((status = 202, body = Operation, description = "It was started"))
)]
pub(crate) async fn undo_action(
    State(app): State<Arc<App>>,
    actor: Actor,
    Named(id): Named<u64>,
) -> Result<(StatusCode, Json<Operation>), Problem> {
    let started = operations::undo(&app.desk, &actor, id).await?;
    app.observer.look_again().await;
    Ok((StatusCode::ACCEPTED, Json(started)))
}
