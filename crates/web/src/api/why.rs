//! `/api/v1/jobs/{jid}/why` and `/api/v1/queues/{name}/why`: why something does not run, in values and in words.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use serde::Serialize;
use serde_json::{Map, Value};
use workmill_proto::Timestamp;

use crate::app::App;
use crate::service::why::{Parameter, Why, why_job, why_queue};
use crate::service::{Problem, ProblemKind};

/// Why something does not run, or what it is doing.
#[derive(Debug, Serialize)]
pub(crate) struct Answer {
    /// Of a job: its state.
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<&'static str>,
    /// When that was so.
    at: String,
    /// What holds now, what counts most first.
    reasons: Vec<Reason>,
    /// What will hold it up in its queue when its time has come.
    then: Vec<Reason>,
}

#[derive(Debug, Serialize)]
struct Reason {
    key: &'static str,
    /// It in English.
    text: String,
    /// What it speaks of: moments in RFC 3339, times in seconds.
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

fn invalid(error: &PathRejection) -> Problem {
    Problem::new(ProblemKind::Invalid, error.body_text())
}

pub(crate) async fn job(
    State(app): State<Arc<App>>,
    jid: Result<Path<String>, PathRejection>,
) -> Result<Json<Answer>, Problem> {
    let Path(jid) = jid.map_err(|error| invalid(&error))?;
    let (view, why) = why_job(&*app.desk, &app.observer, &jid).await?;
    Ok(Json(Answer::new(Some(view.state().as_str()), &why)))
}

pub(crate) async fn queue(
    State(app): State<Arc<App>>,
    name: Result<Path<String>, PathRejection>,
) -> Result<Json<Answer>, Problem> {
    let Path(name) = name.map_err(|error| invalid(&error))?;
    let why = why_queue(&*app.desk, &app.observer, &name).await?;
    Ok(Json(Answer::new(None, &why)))
}
