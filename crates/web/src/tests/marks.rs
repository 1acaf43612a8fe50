//! Marks: moments at which something began.

use std::time::Duration;

use axum::body::Body;
use axum::http::Method;
use serde_json::{Value, json};

use super::visitor::get;
use super::{HOSTILE, Visitor};

async fn send(visitor: &Visitor, method: Method, path: &str, body: &Value, status: u16) -> Value {
    let answer = visitor
        .send(method, path, Body::from(body.to_string()))
        .await;
    assert_eq!(answer.status.as_u16(), status, "{path}: {}", answer.text());
    serde_json::from_slice(&answer.body).unwrap_or_default()
}

async fn texts(visitor: &Visitor) -> Vec<String> {
    let marks = get(visitor, "/api/v1/marks").await;
    let marks = marks["items"].as_array().unwrap().iter();
    marks
        .map(|mark| mark["text"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test(start_paused = true)]
async fn mark_is_made_shown_in_the_chart_and_taken_back() {
    let visitor = Visitor::new().with("content-type", "application/json");
    visitor.desk.pass(Duration::from_secs(600));
    let path = "/api/v1/marks";
    let mark = json!({"text": format!("deploy {HOSTILE}"), "at": "2026-03-01T10:04:00Z"});
    let made = send(&visitor, Method::POST, path, &mark, 201).await;
    assert_eq!(
        (&made["at"], &made["kind"]),
        (&mark["at"], &json!("mark.add"))
    );
    let second = json!({"text": "second"});
    send(&visitor, Method::POST, path, &second, 201).await;
    let pause = "/api/v1/queues/q/pause";
    send(&visitor, Method::POST, pause, &json!({}), 204).await;
    tokio::time::advance(Duration::from_secs(6)).await;
    let told = [
        "queue q",
        "second",
        &format!("deploy {HOSTILE}"),
        "Workmill 0.1.0",
    ];
    assert_eq!(texts(&visitor).await, told);
    let first = get(&visitor, "/api/v1/marks?limit=1").await;
    let cursor = first["cursor"].as_str().unwrap();
    let rest = get(&visitor, &format!("/api/v1/marks?cursor={cursor}")).await;
    assert_eq!(rest["items"].as_array().unwrap().len(), 3);

    let page = visitor.get("/").await.text();
    assert_eq!(page.matches("class=\"event\"").count(), 3, "{page}");
    assert!(
        page.contains("<title>2 marks</title>") && page.contains("4 marks"),
        "{page}"
    );
    assert!(!page.contains(HOSTILE), "{page}");
    let of_queue = visitor.get("/queues/q").await.text();
    assert!(!of_queue.contains("class=\"event\""), "{of_queue}");

    let one = format!("{path}/{}", made["id"]);
    send(&visitor, Method::DELETE, &one, &Value::Null, 204).await;
    assert_eq!(
        texts(&visitor).await,
        ["queue q", "second", "Workmill 0.1.0"]
    );
    send(&visitor, Method::DELETE, &one, &Value::Null, 404).await;
    let pause = get(&visitor, path).await["items"][0]["id"].clone();
    let pause = format!("{path}/{pause}");
    send(&visitor, Method::DELETE, &pause, &Value::Null, 404).await;
    let log = get(&visitor, "/api/v1/audit").await;
    let told: Vec<_> = log["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| &entry["action"])
        .collect();
    assert_eq!(told, ["mark.delete", "queue.pause", "mark.add", "mark.add"]);
}

#[tokio::test]
async fn mark_that_makes_no_sense_is_refused() {
    let visitor = Visitor::new().with("content-type", "application/json");
    for (body, field) in [
        (json!({"text": " "}), "text"),
        (json!({"text": "x".repeat(201)}), "text"),
        (json!({"text": "a", "at": "yesterday"}), "at"),
        (json!({"text": "a", "at": "2025-03-01T10:00:00Z"}), "at"),
        (json!({"text": "a", "at": "2026-03-01T12:00:00Z"}), "at"),
    ] {
        let problem = send(&visitor, Method::POST, "/api/v1/marks", &body, 400).await;
        assert_eq!(problem["field"], field, "{problem}");
    }
    let misspelt = json!({"text": "a", "when": "2026-03-01T10:00:00Z"});
    send(&visitor, Method::POST, "/api/v1/marks", &misspelt, 400).await;
    assert_eq!(texts(&visitor).await, ["Workmill 0.1.0"]);
}
