//! `/api/v1/marks`: moments at which something began.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;

use super::asked::{Asked, Named, PageParameters, Sent};
use crate::app::App;
use crate::desk::Actor;
use crate::service::marks::{self, Mark, MarkRequest};
use crate::service::{Page, Problem};

/// What began, the latest first: marks that were made, and of what the audit log tells that which shows in charts. The last
/// 1,000, as far as the last 20,000 entries of the audit log have them.
#[utoipa::path(
    get, path = "/api/v1/marks", tag = "marks", operation_id = "listMarks",
    params(PageParameters), responses((status = 200, body = Page<Mark>, description = "Marks"))
)]
pub(crate) async fn list_marks(
    State(app): State<Arc<App>>,
    Asked(page): Asked<PageParameters>,
) -> Result<Json<Page<Mark>>, Problem> {
    let page = marks::list(&*app.desk, &app.begun, &page.into()).await?;
    Ok(Json(page))
}

/// Makes a mark: a line in the charts, with its text below them. For whoever deploys.
#[utoipa::path(
    post, path = "/api/v1/marks", tag = "marks", operation_id = "addMark",
    request_body(content = MarkRequest),
    responses((status = 201, body = Mark, description = "It is kept"))
)]
pub(crate) async fn add_mark(
    State(app): State<Arc<App>>,
    actor: Actor,
    Sent(asked): Sent<MarkRequest>,
) -> Result<(StatusCode, Json<Mark>), Problem> {
    let mark = marks::add(&*app.desk, &app.begun, &actor, &asked).await?;
    Ok((StatusCode::CREATED, Json(mark)))
}

/// Takes a mark back that somebody has made.
#[utoipa::path(
    delete, path = "/api/v1/marks/{id}", tag = "marks", operation_id = "deleteMark",
    params(("id" = u64, Path, description = "Its number")),
    responses((status = 204, description = "It is gone"))
)]
pub(crate) async fn delete_mark(
    State(app): State<Arc<App>>,
    actor: Actor,
    Named(id): Named<u64>,
) -> Result<StatusCode, Problem> {
    marks::remove(&*app.desk, &app.begun, &actor, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
