//! What no handler answers is said in the way that fits who asks.

use axum::body::Body;
use axum::http::Method;
use serde_json::Value;

use super::Visitor;
use super::visitor::Answer;

/// That it is a problem document of the API.
fn check_problem(answer: &Answer, status: u16) {
    assert_eq!(answer.status.as_u16(), status, "{}", answer.text());
    assert_eq!(answer.header("content-type"), "application/problem+json");
    let problem: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(problem["status"], status);
    assert!(problem["detail"].as_str().unwrap().len() > 20, "{problem}");
}

/// That it is a page, in the language of who asks.
fn check_page(answer: &Answer, status: u16, says: &str) {
    assert_eq!(answer.status.as_u16(), status, "{}", answer.text());
    assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
    let text = answer.text();
    assert!(text.contains("<html lang=\"de\""), "{text}");
    assert!(text.contains(says), "{text}");
    assert!(text.contains("href=\"/jobs/\""), "{text}");
}

#[tokio::test]
async fn method_that_a_path_does_not_take_is_told_with_those_that_it_does() {
    let visitor = Visitor::new()
        .with("accept-language", "de")
        .with("accept-encoding", "gzip;q=0")
        .with("x-script-name", "/jobs");
    let answer = visitor
        .send(Method::DELETE, "/api/v1/queues", Body::empty())
        .await;
    check_problem(&answer, 405);
    assert_eq!(answer.header("allow"), "GET,HEAD");
    let answer = visitor.send(Method::PUT, "/queues", Body::empty()).await;
    check_page(&answer, 405, "An diese Adresse");
    assert_eq!(answer.header("allow"), "GET,HEAD");
}

#[tokio::test]
async fn body_is_bounded_by_what_its_path_can_use() {
    let visitor = Visitor::new()
        .with("accept-language", "de")
        .with("x-script-name", "/jobs");
    let json = Visitor::of(visitor.desk.clone()).with("content-type", "application/json");
    let form = Visitor::of(visitor.desk.clone())
        .with("content-type", "application/x-www-form-urlencoded")
        .with("accept-language", "de")
        .with("x-script-name", "/jobs");
    let many = |bytes: usize| format!("[{}]", " ".repeat(bytes));
    for (path, bytes, is_taken) in [
        ("/api/v1/jobs/bulk", 900_000, true),
        ("/api/v1/jobs/bulk", 1_100_000, false),
        ("/api/v1/marks", 70_000, false),
        ("/api/v1/cron", 60_000, true),
    ] {
        let answer = json.send(Method::POST, path, many(bytes).into()).await;
        match is_taken {
            true => assert_ne!(answer.status.as_u16(), 413, "{path}: {}", answer.text()),
            false => check_problem(&answer, 413),
        }
    }
    for (path, is_taken) in [("/queues/q", true), ("/cron/new", false), ("/audit", false)] {
        let body = format!("bkey={}", "x".repeat(70_000));
        let answer = form.send(Method::POST, path, body.into()).await;
        match is_taken {
            true => assert_ne!(answer.status.as_u16(), 413, "{path}: {}", answer.text()),
            false => check_page(&answer, 413, "zu groß"),
        }
    }
}

#[tokio::test]
async fn form_that_cannot_be_read_is_told_of_on_a_page() {
    let visitor = Visitor::new()
        .with("content-type", "text/csv")
        .with("accept-language", "de")
        .with("x-script-name", "/jobs");
    let answer = visitor.send(Method::POST, "/cron", Body::from("a,b")).await;
    check_page(&answer, 415, "application/x-www-form-urlencoded");
}

#[tokio::test(start_paused = true)]
async fn answer_that_takes_too_long_is_told_of_without_asking_the_server_for_anything() {
    let visitor = Visitor::new()
        .with("accept-language", "de")
        .with("x-script-name", "/jobs");
    visitor.desk.hold_reads();
    check_problem(&visitor.get("/api/v1/queues").await, 503);
    check_page(&visitor.get("/queues").await, 503, "30 Sekunden");
}
