//! The OpenAPI document: it is the committed one, and all routes are in it.

use std::collections::BTreeSet;
use std::path::Path;

use axum::body::Body;
use axum::http::{Method, StatusCode};
use serde_json::Value;

use super::Visitor;
use super::actions::requests;
use crate::api::openapi_text;
use crate::desk::{Action, ServerState};

/// Each operation of the document that changes something, or every one: `POST /api/v1/jobs`.
fn operations(is_wanted: impl Fn(&str) -> bool) -> BTreeSet<String> {
    let document: Value = serde_json::from_str(&openapi_text()).unwrap();
    let paths = document["paths"].as_object().unwrap();
    let operations = paths.iter().flat_map(|(path, operations)| {
        let methods = operations.as_object().unwrap().keys();
        methods.map(move |method| (method.to_uppercase(), path))
    });
    let wanted = operations.filter(|(method, _)| is_wanted(method));
    wanted
        .map(|(method, path)| format!("{method} {path}"))
        .collect()
}

/// After a change of the API: `WORKMILL_WRITE_OPENAPI=1 cargo test -p workmill-web openapi`.
#[tokio::test]
async fn committed_document_is_the_one_that_is_served() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.json");
    let text = openapi_text();
    if std::env::var_os("WORKMILL_WRITE_OPENAPI").is_some() {
        std::fs::write(&file, &text).unwrap();
    }
    let committed = std::fs::read_to_string(file).unwrap_or_default();
    assert!(
        committed == text,
        "docs/openapi.json is out of date: write it with WORKMILL_WRITE_OPENAPI=1"
    );
    let served = Visitor::new().get("/api/v1/openapi.json").await;
    assert_eq!(served.header("content-type"), "application/json");
    assert_eq!(served.text(), text);
    let document: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(document["openapi"], "3.1.0");
}

#[tokio::test]
async fn each_entry_of_the_document_has_a_route() {
    let visitor = Visitor::new();
    // Streams end then.
    *visitor.desk.state.lock() = ServerState::Stopping;
    for operation in operations(|_| true) {
        let (method, path) = operation.split_once(' ').unwrap();
        let path = path.replace(['{', '}'], "");
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let answer = visitor.send(method, &path, Body::empty()).await;
        let is_none = answer.status == StatusCode::METHOD_NOT_ALLOWED
            || answer.text().contains("no such path in the API");
        assert!(!is_none, "{operation}: {}", answer.status);
    }
}

#[test]
fn each_action_has_a_route_and_each_route_that_changes_something_an_action() {
    let told: BTreeSet<String> = requests()
        .into_iter()
        .map(|request| format!("{} {}", request.method, request.template))
        .collect();
    let described = operations(|method| method != "GET");
    assert_eq!(
        described.difference(&told).collect::<Vec<_>>(),
        Vec::<&String>::new()
    );
    let all = operations(|_| true);
    assert_eq!(
        told.difference(&all).collect::<Vec<_>>(),
        Vec::<&String>::new()
    );
    let actions: BTreeSet<Action> = requests()
        .into_iter()
        .map(|request| request.action)
        .collect();
    assert_eq!(actions, Action::ALL.into_iter().collect());
}
