//! What a request says: its path, its query and its body. What makes no sense is a problem.

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use utoipa::IntoParams;

use super::problem::document;
use crate::service::{PageRequest, Problem, ProblemKind};

/// The parameters of the query.
pub(crate) struct Asked<T>(pub(crate) T);

/// The parameters of the path.
pub(crate) struct Named<T>(pub(crate) T);

/// The body, as JSON.
pub(crate) struct Sent<T>(pub(crate) T);

/// Which page of a list is asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PageParameters {
    /// Where to go on: the `cursor` of the last answer; from the start if it is left out.
    cursor: Option<String>,
    /// How many at most; 100 if it is left out.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<usize>,
}

/// The queue that the path is of.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct QueueOfPath {
    /// Its name.
    #[param(pattern = "^[a-zA-Z0-9._-]+$", max_length = 256)]
    pub(crate) name: String,
}

impl From<PageParameters> for PageRequest {
    fn from(asked: PageParameters) -> Self {
        Self {
            cursor: asked.cursor,
            limit: asked.limit,
        }
    }
}

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Asked<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let read = Query::<T>::from_request_parts(parts, state).await;
        let Query(asked) = read.map_err(|error| invalid(error.body_text()))?;
        Ok(Self(asked))
    }
}

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Named<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let read = Path::<T>::from_request_parts(parts, state).await;
        let Path(named) = read.map_err(|error| invalid(error.body_text()))?;
        Ok(Self(named))
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Sent<T> {
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        let read = Json::<T>::from_request(request, state).await;
        let Json(sent) = read.map_err(|error| refused(&error))?;
        Ok(Self(sent))
    }
}

fn invalid(detail: String) -> Problem {
    Problem::new(ProblemKind::Invalid, detail)
}

fn refused(error: &JsonRejection) -> Response {
    let status = match error.status() {
        // What is no JSON, and what is JSON of another form, is wrong in one way.
        StatusCode::UNPROCESSABLE_ENTITY => StatusCode::BAD_REQUEST,
        status => status,
    };
    document(status, &invalid(error.body_text()).detail)
}
