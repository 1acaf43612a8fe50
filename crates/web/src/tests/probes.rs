//! What machines ask.

use std::collections::BTreeSet;
use std::time::Duration;

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::Visitor;
use crate::desk::{ServerState, Standing};
use crate::guard::{Access, Secret};

fn push(visitor: &Visitor, jid: &str, queue: &str) {
    visitor.desk.push(&json!({
        "jid": jid, "jobtype": "T", "queue": queue, "args": []
    }));
}

#[tokio::test]
async fn ready_is_only_who_takes_jobs_and_alive_is_who_answers() {
    let visitor = Visitor::new();
    for (state, status, text) in [
        (ServerState::Ready, 200, "ok\n"),
        (
            ServerState::Starting,
            503,
            "not ready: the server is starting\n",
        ),
        (
            ServerState::Stopping,
            503,
            "not ready: the server is stopping\n",
        ),
        (
            ServerState::Stalled(Duration::from_millis(7_900)),
            503,
            "not ready: the disk has not answered for 7 s\n",
        ),
    ] {
        *visitor.desk.state.lock() = state;
        let answer = visitor.get("/readyz").await;
        assert_eq!((answer.status.as_u16(), &*answer.text()), (status, text));
        assert_eq!(visitor.get("/livez").await.status, StatusCode::OK);
    }
}

#[tokio::test]
async fn health_is_as_faktorys_and_open_to_everybody() {
    let visitor = Visitor::new();
    *visitor.desk.access.lock() = Access {
        password: Some(Secret::new("hunter2")),
        ..Access::default()
    };
    let answer = visitor.get("/health").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("cache-control"), "no-cache");
    let expected = concat!(
        r#"{"now":"2026-03-01T10:00:00Z","server":{"command_count":3,"connections":2,"#,
        r#""description":"Faktory Enterprise","faktory_version":"1.10.0"}}"#,
    );
    assert_eq!(answer.text(), expected);
    for path in ["/livez", "/readyz"] {
        assert_eq!(visitor.get(path).await.status, StatusCode::OK, "{path}");
    }
    for path in ["/stats", "/metrics", "/api/v1/queues/q/scaling"] {
        let answer = visitor.get(path).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{path}");
    }
}

#[tokio::test]
async fn stats_are_those_of_info() {
    let visitor = Visitor::new();
    push(&visitor, "jid-000001", "q");
    let answer = visitor.get("/stats").await;
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("cache-control"), "no-cache");
    let stats: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(stats["faktory"]["queues"]["q"], 1);
}

#[tokio::test(start_paused = true)]
async fn autoscalers_learn_how_much_work_a_queue_has() {
    let visitor = Visitor::new();
    let scaling = async |queue: &str| {
        let path = format!("/api/v1/queues/{queue}/scaling");
        let answer = visitor.get(&path).await;
        assert_eq!(answer.status, StatusCode::OK);
        serde_json::from_slice::<Value>(&answer.body).unwrap()
    };
    let zeros = json!({
        "queue": "q.1", "size": 0, "working": 0, "backlog": 0, "latency": 0.0, "eta": 0.0
    });
    assert_eq!(scaling("q.1").await, zeros);
    for n in 0..4 {
        push(&visitor, &format!("jid-00000{n}"), "q.1");
    }
    push(&visitor, "jid-000009", "r");
    let fetched = visitor.desk.fetch("q.1");
    visitor.desk.pass(Duration::from_secs(30));
    tokio::time::advance(Duration::from_secs(30)).await;
    let busy = json!({
        "queue": "q.1", "size": 3, "working": 1, "backlog": 4, "latency": 30.0, "eta": null
    });
    assert_eq!(scaling("q.1").await, busy);
    visitor.desk.fetch("q.1");
    visitor.desk.ack(&fetched);
    // What was read a moment ago still counts.
    assert_eq!(scaling("q.1").await, busy);
    tokio::time::advance(Duration::from_secs(30)).await;
    let later = scaling("q.1").await;
    assert_eq!(
        [&later["size"], &later["working"], &later["eta"]],
        [&json!(2), &json!(1), &json!(60.0)]
    );
    assert_eq!(scaling("r").await["backlog"], 1);
}

#[tokio::test]
async fn metrics_have_the_numbers_of_jobs_and_queues() {
    let visitor = Visitor::new();
    push(&visitor, "jid-000001", "mails");
    push(&visitor, "jid-000002", "mails");
    visitor.desk.fetch("mails");
    let answer = visitor.get("/metrics").await;
    assert_eq!(
        answer.header("content-type"),
        "text/plain; version=0.0.4; charset=utf-8"
    );
    let text = answer.text();
    for line in [
        "workmill_build_info{version=\"0.1.0\",faktory_version=\"1.10.0\"} 1",
        "workmill_ready 1",
        "workmill_disk_stalled_seconds 0",
        "workmill_store_readable 1",
        "workmill_jobs{state=\"enqueued\"} 1",
        "workmill_jobs{state=\"working\"} 1",
        "workmill_jobs{state=\"dead\"} 0",
        "workmill_jobs_processed_total 0",
        "workmill_queue_jobs{queue=\"mails\"} 1",
        "workmill_queue_working_jobs{queue=\"mails\"} 1",
        "workmill_queue_paused{queue=\"mails\"} 0",
        "workmill_duty_seconds_total{duty=\"promotion\"} 1.5",
        "workmill_storage_free_bytes 3221225472",
        "process_start_time_seconds 1772359200",
    ] {
        assert!(text.lines().any(|one| one == line), "{line}: {text}");
    }
    *visitor.desk.state.lock() = ServerState::Stalled(Duration::from_millis(1_500));
    let text = visitor.get("/metrics").await.text();
    assert!(text.contains("\nworkmill_ready 0\n"), "{text}");
    assert!(text.contains("\nworkmill_disk_stalled_seconds 1.5\n"));
}

#[tokio::test(start_paused = true)]
async fn metrics_tell_of_the_server_also_while_the_store_does_not_answer() {
    let visitor = Visitor::new();
    visitor.desk.hold_reads();
    let text = visitor.get("/metrics").await.text();
    assert!(text.contains("\nworkmill_store_readable 0\n"), "{text}");
    assert!(text.contains("\nworkmill_connections 2\n"), "{text}");
    assert!(!text.contains("workmill_jobs{"), "{text}");
    assert_eq!(visitor.get("/readyz").await.status, StatusCode::OK);
    assert_eq!(visitor.get("/health").await.status, StatusCode::OK);
    let page = visitor.get("/").await;
    assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE);
}

/// The names of metrics in a text.
fn names<'a>(text: &'a str, words: impl Fn(&'a str) -> Vec<&'a str>) -> BTreeSet<&'a str> {
    let words = text.lines().flat_map(words);
    words
        .filter(|word| word.starts_with("workmill_") || word.starts_with("process_"))
        .collect()
}

#[tokio::test]
async fn documents_name_every_metric_and_no_other() {
    let visitor = Visitor::new();
    *visitor.desk.standing.lock() = Some(Standing::default());
    let text = visitor.get("/metrics").await.text();
    let told = names(&text, |line| {
        let named = line.strip_prefix("# TYPE ").unwrap_or_default();
        named.split(' ').take(1).collect()
    });
    let document = include_str!("../../../../docs/metrics.md");
    let documented = names(document, |line| line.split('`').collect());
    assert!(told.len() > 20, "{told:?}");
    assert_eq!(told, documented);
}
