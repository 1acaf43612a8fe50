//! `/api/v1/jobs/{jid}/why` and `/api/v1/queues/{name}/why`: why something does not run, in values and in words.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;
use workmill_proto::Timestamp;

use super::asked::{Asked, Named, QueueOfPath};
use super::jobs::KeyParameter;
use crate::app::App;
use crate::service::Problem;
use crate::service::why::{Parameter, Why, why_job, why_queue};

/// Why something does not run, or what it is doing.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Why)]
pub(crate) struct Answer {
    /// Of a job: its state.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    state: Option<&'static str>,
    /// When that was so.
    at: String,
    /// What holds now, what counts most first.
    reasons: Vec<Reason>,
    /// What will hold it up in its queue when its time has come.
    then: Vec<Reason>,
}

#[derive(Debug, Serialize, ToSchema)]
struct Reason {
    key: &'static str,
    /// It in English.
    text: String,
    /// What it speaks of: moments in RFC 3339, times in seconds.
    #[schema(value_type = Object)]
    parameters: Map<String, Value>,
}

impl Answer {
    fn new(state: Option<&'static str>, why: &Why) -> Self {
        let told = |reasons: &[crate::service::why::Reason]| {
            let reasons = reasons.iter();
            reasons.map(|reason| Reason::new(reason, why.at)).collect()
        };
        Self {
            state,
            at: why.at.to_string(),
            reasons: told(&why.reasons),
            then: told(&why.then),
        }
    }
}

impl Reason {
    fn new(reason: &crate::service::why::Reason, now: Timestamp) -> Self {
        let parameters = reason.parameters().into_iter();
        Self {
            key: reason.key(),
            text: reason.words(now),
            parameters: parameters
                .map(|(name, parameter)| (name.to_owned(), value(parameter)))
                .collect(),
        }
    }
}

pub(super) fn value(parameter: Parameter) -> Value {
    match parameter {
        Parameter::Text(text) => text.into(),
        Parameter::Count(count) => count.into(),
        Parameter::At(at) => at.to_string().into(),
        Parameter::For(time) => time.as_secs().into(),
        Parameter::Texts(texts) => texts.into(),
    }
}

/// Why a job does not run, or what it is doing.
#[utoipa::path(
    get, path = "/api/v1/jobs/{jid}/why", tag = "jobs", operation_id = "showWhyOfJob",
    params(("jid" = String, Path, description = "Its id"), KeyParameter),
    responses((status = 200, body = Answer, description = "The reasons"))
)]
pub(crate) async fn job(
    State(app): State<Arc<App>>,
    Named(jid): Named<String>,
    Asked(asked): Asked<KeyParameter>,
) -> Result<Json<Answer>, Problem> {
    let key = asked.key.as_deref();
    let (view, why) = why_job(&*app.desk, &app.observer, &jid, key).await?;
    Ok(Json(Answer::new(Some(view.state().as_str()), &why)))
}

/// Why a queue does not get on.
#[utoipa::path(
    get, path = "/api/v1/queues/{name}/why", tag = "queues", operation_id = "showWhyOfQueue",
    params(QueueOfPath),
    responses((status = 200, body = Answer, description = "The reasons"))
)]
pub(crate) async fn queue(
    State(app): State<Arc<App>>,
    Named(QueueOfPath { name }): Named<QueueOfPath>,
) -> Result<Json<Answer>, Problem> {
    let why = why_queue(&*app.desk, &app.observer, &name).await?;
    Ok(Json(Answer::new(None, &why)))
}
