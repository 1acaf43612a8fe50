//! `/audit`: what operators did.

use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::{Query, State};
use axum::response::Response;
use serde::Deserialize;

use super::Frame;
use super::forms::{Fields, invalid};
use super::listing::Listing;
use super::operations::operation_path;
use crate::app::App;
use crate::desk::Action;
use crate::locale::Texts;
use crate::service::audit::{AuditFilter, AuditRecord, list};
use crate::service::operations::{empty_trash, undo};
use crate::service::{PageRequest, Problem};

/// Which entries are asked for.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct AuditParameters {
    #[serde(default)]
    name: String,
    #[serde(default)]
    action: String,
    #[serde(default)]
    target: String,
    cursor: Option<String>,
}

#[derive(Template)]
#[template(path = "audit.html")]
struct AuditPage<'a> {
    frame: &'a Frame,
    asked: AuditParameters,
    list: Listing<AuditRecord>,
}

impl AuditPage<'_> {
    fn may_undo(&self) -> bool {
        self.frame.may(Action::Undo)
    }

    fn is_filtered(&self) -> bool {
        let AuditParameters {
            name,
            action,
            target,
            ..
        } = &self.asked;
        ![name, action, target].into_iter().all(String::is_empty)
    }

    /// Whether nobody has done anything yet.
    fn is_new(&self) -> bool {
        self.list.is_empty() && self.list.pager.next.is_none() && !self.is_filtered()
    }
}

impl AuditRecord {
    /// The role of who did it.
    fn role_of<'a>(&'a self, t: &'a Texts) -> &'a str {
        match &*self.role {
            "viewer" => t.role_viewer,
            "operator" => t.role_operator,
            "admin" => t.role_admin,
            other => other,
        }
    }

    /// The color and the word of its state; none for what is done.
    fn state_of(&self, t: &Texts) -> Option<(&'static str, &'static str)> {
        match self.state {
            "running" => Some(("working", t.audit_running)),
            "cancelled" => Some(("", t.audit_cancelled)),
            "failed" => Some(("dead", t.audit_failed)),
            "interrupted" => Some(("retries", t.audit_interrupted)),
            _ => None,
        }
    }
}

/// The path of the audit log from one entry on.
pub(super) fn audit_path(number: u64) -> String {
    format!("/audit?cursor={}", number.saturating_add(1))
}

/// `POST /audit`: undoes an action, or empties the trash.
pub(crate) async fn on_audit(
    State(app): State<Arc<App>>,
    frame: Frame,
    Form(fields): Form<Fields>,
) -> Response {
    let started = match fields.first("undo").map(str::parse) {
        Some(Ok(action)) => undo(&app.desk, &frame.actor, action).await,
        Some(Err(_)) => Err(invalid("undo", fields.first("undo").unwrap_or_default())),
        None => match fields.first("action") {
            Some("empty-trash") => empty_trash(&app.desk, &frame.actor).await,
            other => Err(invalid("action", other.unwrap_or_default())),
        },
    };
    match started {
        Ok(operation) => {
            app.observer.look_again().await;
            frame.leads_to(&operation_path(&operation.id))
        }
        Err(problem) => frame.show_problem(&problem),
    }
}

pub(crate) async fn audit(
    State(app): State<Arc<App>>,
    frame: Frame,
    asked: Query<AuditParameters>,
) -> Response {
    frame.show(make(&app, &frame, asked.0).await)
}

async fn make<'a>(
    app: &App,
    frame: &'a Frame,
    asked: AuditParameters,
) -> Result<AuditPage<'a>, Problem> {
    let filter = AuditFilter {
        name: Some(asked.name.clone()),
        action: Some(asked.action.clone()),
        target: Some(asked.target.clone()),
        ..AuditFilter::default()
    };
    let page = PageRequest {
        cursor: asked.cursor.clone(),
        limit: None,
    };
    let found = list(&*app.desk, filter, &page).await?;
    Ok(AuditPage {
        frame,
        asked,
        list: Listing::of(&page, found),
    })
}
