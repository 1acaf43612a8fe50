//! The audit log by the API.

use std::time::Duration;

use axum::body::Body;
use axum::http::Method;
use axum::http::StatusCode;
use serde_json::{Value, json};

use super::Visitor;
use super::visitor::get;
use crate::desk::fake::FakeDesk;
use crate::desk::{Action, Actor, Desk as _, Permit, Role, WorkerChoice, WorkerSignal};
use crate::observe::Observer;
use crate::service::queues::{QueueAction, act};

fn anna() -> Actor {
    Actor {
        name: "anna".into(),
        role: Role::Operator,
        address: "10.0.0.7".parse().unwrap(),
    }
}

async fn pause(desk: &FakeDesk, queue: &str) {
    let observer = Observer::default();
    act(desk, &observer, &anna(), QueueAction::Pause, queue)
        .await
        .unwrap();
}

fn ids(page: &Value) -> Vec<u64> {
    let entries = page["items"].as_array().unwrap().iter();
    entries.map(|entry| entry["id"].as_u64().unwrap()).collect()
}

#[tokio::test]
async fn an_action_is_told_of_with_who_did_it() {
    let visitor = Visitor::new();
    pause(&visitor.desk, "mail").await;
    let expected = json!({
        "items": [{
            "id": 1, "name": "anna", "role": "operator", "address": "10.0.0.7",
            "action": "queue.pause", "target": "queue mail",
            "began_at": "2026-03-01T10:00:00Z", "ended_at": "2026-03-01T10:00:00Z",
            "state": "done", "reason": null, "changed": 1, "skipped": 0, "operation": null,
            "undoes": null, "undo": null
        }],
        "cursor": null
    });
    assert_eq!(get(&visitor, "/api/v1/audit").await, expected);
}

#[tokio::test]
async fn what_workers_are_told_is_in_the_audit_log() {
    let visitor = Visitor::new();
    let permit = Permit::check(&anna(), Action::QuietWorkers).unwrap();
    let choice = WorkerChoice::Label(String::from("eu"));
    visitor
        .desk
        .signal_workers(&permit, &choice, WorkerSignal::Quiet);
    let told = &get(&visitor, "/api/v1/audit").await["items"][0];
    assert_eq!(told["action"], "workers.quiet");
    assert_eq!(told["target"], "workers with the label eu");
    assert_eq!(
        (&told["changed"], &told["name"]),
        (&json!(0), &json!("anna"))
    );
}

#[tokio::test]
async fn the_audit_log_is_read_page_by_page_the_latest_first() {
    let visitor = Visitor::new();
    for queue in ["a", "b", "c"] {
        pause(&visitor.desk, queue).await;
    }
    let first = get(&visitor, "/api/v1/audit?limit=2").await;
    assert_eq!((ids(&first), &first["cursor"]), (vec![3, 2], &json!("2")));
    let rest = get(&visitor, "/api/v1/audit?limit=2&cursor=2").await;
    assert_eq!((ids(&rest), &rest["cursor"]), (vec![1], &json!(null)));
    for wrong in [
        "limit=0",
        "limit=501",
        "cursor=x",
        "page=1",
        "since=now",
        "until=1",
        "until=",
    ] {
        let answer = visitor.get(&format!("/api/v1/audit?{wrong}")).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{wrong}");
    }
}

#[tokio::test]
async fn the_audit_log_is_searched_by_who_what_to_what_and_when() {
    let visitor = Visitor::new();
    pause(&visitor.desk, "mail").await;
    visitor.desk.pass(Duration::from_secs(60));
    let note = WorkerChoice::Wid("Mail-7".into());
    let bert = Actor {
        name: "bert".into(),
        ..anna()
    };
    let permit = Permit::check(&bert, Action::QuietWorkers).unwrap();
    visitor
        .desk
        .signal_workers(&permit, &note, WorkerSignal::Quiet);
    visitor.desk.pass(Duration::from_secs(60));
    pause(&visitor.desk, "pdf").await;
    for (query, expected) in [
        ("name=bert", vec![2]),
        ("name=Bert", vec![]),
        ("name=", vec![3, 2, 1]),
        ("action=queue.pause", vec![3, 1]),
        ("action=queue", vec![]),
        ("target=MAIL", vec![2, 1]),
        ("target=mail&name=anna", vec![1]),
        ("since=2026-03-01T10:01:00Z", vec![3, 2]),
        ("until=2026-03-01T10:01:00Z", vec![1]),
        (
            "since=2026-03-01T10:00:30Z&until=2026-03-01T10:01:30%2B00:00",
            vec![2],
        ),
    ] {
        let page = get(&visitor, &format!("/api/v1/audit?{query}")).await;
        assert_eq!(
            (ids(&page), &page["cursor"]),
            (expected, &json!(null)),
            "{query}"
        );
    }
    let first = get(&visitor, "/api/v1/audit?action=queue.pause&limit=1").await;
    assert_eq!((ids(&first), &first["cursor"]), (vec![3], &json!("3")));
    let rest = get(
        &visitor,
        "/api/v1/audit?action=queue.pause&limit=1&cursor=3",
    )
    .await;
    assert_eq!(ids(&rest), [1]);
}

#[tokio::test]
async fn operation_is_told_of_by_its_id_with_how_many_it_changed() {
    let visitor = Visitor::new().with("content-type", "application/json");
    for n in 0..3 {
        visitor
            .desk
            .push(&json!({"jid": format!("jid-00000{n}"), "jobtype": "T", "args": []}));
    }
    let body = json!({"action": "kill", "query": "type:T"}).to_string();
    let started = visitor
        .send(Method::POST, "/api/v1/operations", Body::from(body))
        .await;
    let started: Value = serde_json::from_slice(&started.body).unwrap();
    let told = &get(&visitor, "/api/v1/audit").await["items"][0];
    assert_eq!(
        (&told["operation"], &told["changed"]),
        (&started["id"], &json!(3))
    );
    assert_eq!(told["target"], "all jobs that match type:T -state:dead");
}

#[tokio::test]
async fn the_page_shows_who_did_what_and_what_is_asked_for() {
    let visitor = Visitor::new();
    pause(&visitor.desk, "mail").await;
    pause(&visitor.desk, "pdf").await;
    let all = visitor.get("/audit").await.text();
    for shown in [
        "queue.pause",
        "queue mail",
        "queue pdf",
        "anna",
        "10.0.0.7",
        "operator",
    ] {
        assert!(all.contains(shown), "{shown}: {all}");
    }
    let some = visitor.get("/audit?target=PDF&name=&action=").await.text();
    assert!(
        some.contains("queue pdf") && !some.contains("queue mail"),
        "{some}"
    );
    let none = visitor.get("/audit?name=bert").await.text();
    assert!(none.contains("No entry matches."), "{none}");
    assert!(none.contains("value=\"bert\""), "{none}");
    let wrong = visitor.get("/audit?cursor=x").await;
    assert_eq!(wrong.status, StatusCode::BAD_REQUEST);
}
