//! `/api/v1/attention`: what needs somebody.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;
use workmill_proto::Timestamp;

use super::asked::Sent;
use super::why::value;
use crate::app::App;
use crate::desk::Actor;
use crate::service::Problem;
use crate::service::attention::{Item, MuteRequest, Muted, Severity, WhichConcern, mute, unmute};

/// What needs somebody, the worst first.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Attention)]
pub(crate) struct Answer {
    /// When that was so.
    at: String,
    attention: Vec<Concern>,
    /// How many there are in all, also those that are not told of.
    of: u64,
    /// Those that nobody wants to hear of for a while: they are counted nowhere.
    muted: Vec<Concern>,
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
    /// Until when it is muted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, format = DateTime, required = false)]
    muted_until: Option<String>,
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
            muted_until: item.muted_until.map(|until| until.to_string()),
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
    let told = |items: &[Item]| {
        let items = items.iter();
        items.map(|item| Concern::new(item, attention.at)).collect()
    };
    Ok(Json(Answer {
        at: attention.at.to_string(),
        attention: told(&attention.items),
        of: attention.counts.values().sum(),
        muted: told(&attention.muted),
    }))
}

/// Mutes something that needs somebody for some hours: it is told apart, and counted nowhere. It ends by itself.
#[utoipa::path(
    post, path = "/api/v1/attention/mute", tag = "server", operation_id = "muteConcern",
    request_body(content = MuteRequest),
    responses((status = 200, body = Muted, description = "Until when"))
)]
pub(crate) async fn mute_concern(
    State(app): State<Arc<App>>,
    actor: Actor,
    Sent(asked): Sent<MuteRequest>,
) -> Result<Json<Muted>, Problem> {
    Ok(Json(mute(&*app.desk, &app.watch, &actor, &asked).await?))
}

/// Has something be told of again that was muted.
#[utoipa::path(
    post, path = "/api/v1/attention/unmute", tag = "server", operation_id = "unmuteConcern",
    request_body(content = WhichConcern),
    responses((status = 204, description = "It is told of, if it is still so"))
)]
pub(crate) async fn unmute_concern(
    State(app): State<Arc<App>>,
    actor: Actor,
    Sent(which): Sent<WhichConcern>,
) -> Result<StatusCode, Problem> {
    unmute(&*app.desk, &app.watch, &actor, &which).await?;
    Ok(StatusCode::NO_CONTENT)
}
