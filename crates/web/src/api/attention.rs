//! `/api/v1/attention`: what needs somebody.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;
use workmill_proto::Timestamp;

use super::why::value;
use crate::app::App;
use crate::service::Problem;
use crate::service::attention::{Item, Severity};

/// What needs somebody, the worst first.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Attention)]
pub(crate) struct Answer {
    /// When that was so.
    at: String,
    attention: Vec<Concern>,
    /// How many there are in all, also those that are not told of.
    of: u64,
}

#[derive(Debug, Serialize, ToSchema)]
struct Concern {
    key: &'static str,
    severity: &'static str,
    /// Since when, as far as somebody has looked.
    since: String,
    /// It in English.
    text: String,
    /// What it speaks of: moments in RFC 3339, times in seconds.
    #[schema(value_type = Object)]
    parameters: Map<String, Value>,
    /// The query for exactly the jobs that it concerns.
    #[serde(skip_serializing_if = "Option::is_none")]
    query: Option<String>,
    /// The one thing to do about it.
    action: &'static str,
}

impl Concern {
    fn new(item: &Item, now: Timestamp) -> Self {
        let parameters = item.concern.parameters().into_iter();
        Self {
            key: item.concern.key(),
            severity: match item.concern.severity() {
                Severity::Critical => "critical",
                Severity::Warning => "warning",
                Severity::Notice => "notice",
            },
            since: item.since.to_string(),
            text: item.concern.words(now),
            parameters: parameters
                .map(|(name, parameter)| (name.to_owned(), value(parameter)))
                .collect(),
            query: item.concern.query(),
            action: item.concern.action(),
        }
    }
}

/// What needs somebody, the worst first.
#[utoipa::path(
    get, path = "/api/v1/attention", tag = "server", operation_id = "listAttention",
    responses((status = 200, body = Answer, description = "What needs somebody"))
)]
pub(crate) async fn list(State(app): State<Arc<App>>) -> Result<Json<Answer>, Problem> {
    let attention = app.watch.attention(&*app.desk, &app.observer).await?;
    let items = attention.items.iter();
    Ok(Json(Answer {
        at: attention.at.to_string(),
        attention: items.map(|item| Concern::new(item, attention.at)).collect(),
        of: attention.counts.values().sum(),
    }))
}
