//! Somebody who calls the web port in tests.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::Value;
use tower::ServiceExt as _;

use crate::desk::Desk;
use crate::desk::fake::FakeDesk;
use crate::guard::cut_script_name;

/// Calls the router of a fake server.
pub(crate) struct Visitor {
    pub(crate) desk: Arc<FakeDesk>,
    app: Router,
    headers: Vec<(&'static str, String)>,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Visitor {
    pub(crate) fn new() -> Self {
        Self::of(FakeDesk::new())
    }

    pub(crate) fn of(desk: Arc<FakeDesk>) -> Self {
        Self {
            app: crate::app::build(Arc::clone(&desk) as Arc<dyn Desk>),
            desk,
            headers: Vec::new(),
        }
    }

    /// Sends a header with every request from now on.
    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, Body::empty()).await
    }

    pub(crate) async fn send(&self, method: Method, path: &str, body: Body) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        let request = cut_script_name(request.body(body).unwrap());
        let response = self.app.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: body.collect().await.unwrap().to_bytes().to_vec(),
        }
    }
}

/// The JSON of a path of the API.
pub(crate) async fn get(visitor: &Visitor, path: &str) -> Value {
    let answer = visitor.get(path).await;
    assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text());
    assert_eq!(answer.header("content-type"), "application/json");
    serde_json::from_slice(&answer.body).unwrap()
}

/// The problem document of a path of the API.
pub(crate) async fn problem(visitor: &Visitor, path: &str, status: u16) -> Value {
    let answer = visitor.get(path).await;
    assert_eq!(answer.status.as_u16(), status, "{path}: {}", answer.text());
    let media_type = answer.header("content-type");
    assert_eq!(media_type, "application/problem+json", "{path}");
    let problem: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(problem["status"], status);
    problem
}

impl Answer {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    /// A header's value; empty if it is not there.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }
}
