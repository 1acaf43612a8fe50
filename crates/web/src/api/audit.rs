//! `/api/v1/audit`: what operators did.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;

use super::asked::Asked;
use crate::app::App;
use crate::service::audit::{AuditFilter, AuditRecord, list};
use crate::service::{Page, PageRequest, Problem};

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AuditParameters {
    /// Those of this name alone.
    name: Option<String>,
    /// Those of this action alone: `job.delete`.
    action: Option<String>,
    /// Those alone whose target has this text in it, in large or small letters.
    target: Option<String>,
    /// Those alone that began at this moment or later.
    #[param(value_type = Option<String>, format = DateTime)]
    since: Option<String>,
    /// Those alone that began before this moment.
    #[param(value_type = Option<String>, format = DateTime)]
    until: Option<String>,
    /// Where to go on: the `cursor` of the last answer; from the start if it is left out.
    cursor: Option<String>,
    /// How many at most; 100 if it is left out.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<usize>,
}

/// The audit log: what operators did, the latest first. An answer may have fewer entries than there are, or none, and a
/// cursor all the same: what was passed over took its time.
#[utoipa::path(
    get, path = "/api/v1/audit", tag = "audit", operation_id = "listAudit",
    params(AuditParameters), responses((status = 200, body = Page<AuditRecord>, description = "Entries"))
)]
pub(crate) async fn list_audit(
    State(app): State<Arc<App>>,
    Asked(asked): Asked<AuditParameters>,
) -> Result<Json<Page<AuditRecord>>, Problem> {
    let filter = AuditFilter {
        name: asked.name,
        action: asked.action,
        target: asked.target,
        since: asked.since,
        until: asked.until,
    };
    let page = PageRequest {
        cursor: asked.cursor,
        limit: asked.limit,
    };
    Ok(Json(list(&*app.desk, filter, &page).await?))
}
