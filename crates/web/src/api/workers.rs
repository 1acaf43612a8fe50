//! `/api/v1/workers` and `/api/v1/connections`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;

use super::asked::{Asked, Named, PageParameters, Sent};
use crate::app::App;
use crate::desk::{Actor, WorkerChoice, WorkerSignal};
use crate::service::workers::{self, Connection, Signalled, Worker};
use crate::service::{Page, Problem, ProblemKind};

/// Workers, by id.
#[utoipa::path(
    get, path = "/api/v1/workers", tag = "workers", operation_id = "listWorkers",
    params(PageParameters), responses((status = 200, body = Page<Worker>, description = "Workers"))
)]
pub(crate) async fn list_workers(
    State(app): State<Arc<App>>,
    Asked(page): Asked<PageParameters>,
) -> Result<Json<Page<Worker>>, Problem> {
    let page = workers::list(&*app.desk, &app.observer, &page.into()).await?;
    Ok(Json(page))
}

/// Open connections that have said HELLO, the oldest first.
#[utoipa::path(
    get, path = "/api/v1/connections", tag = "workers", operation_id = "listConnections",
    params(PageParameters),
    responses((status = 200, body = Page<Connection>, description = "Connections"))
)]
pub(crate) async fn list_connections(
    State(app): State<Arc<App>>,
    Asked(page): Asked<PageParameters>,
) -> Result<Json<Page<Connection>>, Problem> {
    Ok(Json(workers::connections(&*app.desk, &page.into())?))
}

/// Which workers are told: those of one of these.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WhichWorkers {
    /// The one with this id.
    #[serde(default)]
    wid: Option<String>,
    /// Those with this label.
    #[serde(default)]
    label: Option<String>,
    /// Whether all are meant.
    #[serde(default)]
    all: bool,
}

impl WhichWorkers {
    fn choice(self) -> Result<WorkerChoice, Problem> {
        match (self.wid, self.label, self.all) {
            (Some(wid), None, false) => Ok(WorkerChoice::Wid(wid)),
            (None, Some(label), false) => Ok(WorkerChoice::Label(label)),
            (None, None, true) => Ok(WorkerChoice::All),
            _ => {
                let detail = "say which workers: one by wid, those with a label, or all, and one of these only";
                Err(Problem::new(ProblemKind::Invalid, detail))
            }
        }
    }
}

/// Tells workers to fetch no more (`quiet`) or to end (`terminate`). They hear it at their next BEAT.
#[utoipa::path(
    post, path = "/api/v1/workers/{signal}", tag = "workers", operation_id = "signalWorkers",
    params(("signal" = String, Path, description = "What they are told", pattern = "^(quiet|terminate)$")),
    request_body(content = WhichWorkers),
    responses((status = 200, body = Signalled, description = "How many workers it concerned"))
)]
pub(crate) async fn signal_workers(
    State(app): State<Arc<App>>,
    actor: Actor,
    Named(signal): Named<String>,
    Sent(which): Sent<WhichWorkers>,
) -> Result<Json<Signalled>, Problem> {
    let signal = match &*signal {
        "quiet" => WorkerSignal::Quiet,
        "terminate" => WorkerSignal::Terminate,
        _ => {
            let detail = "workers can be told quiet and terminate";
            return Err(Problem::new(ProblemKind::NotFound, detail));
        }
    };
    let choice = which.choice()?;
    Ok(Json(workers::signal(&*app.desk, &actor, &choice, signal)?))
}
