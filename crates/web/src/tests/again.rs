//! Jobs that are through, pushed again as new ones, by the API and on pages.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use workmill_engine::Rules;
use workmill_engine::query::Redaction;

use super::Visitor;
use super::visitor::get;
use crate::desk::fake::FakeDesk;

const JID: &str = "jid-00001";

/// A server that keeps completed jobs, and hides the card in those of the type `Paid`.
fn keeping() -> Visitor {
    let hidden = Redaction::new("Paid", &["arg.card".to_owned()]).unwrap();
    Visitor::of(FakeDesk::with_rules(Rules {
        completed_secs: 3600,
        completed_jobs_max: 10,
        redactions: [hidden].into_iter().collect(),
        ..Rules::default()
    }))
}

fn complete(visitor: &Visitor, payload: &Value) {
    visitor.desk.push(payload);
    let job = visitor.desk.fetch("mails");
    visitor.desk.ack(&job);
}

async fn again(visitor: &Visitor, body: Value) -> (StatusCode, Value) {
    let sender = Visitor::of(Arc::clone(&visitor.desk)).with("content-type", "application/json");
    let path = format!("/api/v1/jobs/{JID}/again");
    let body = Body::from(body.to_string());
    let answer = sender.send(Method::POST, &path, body).await;
    (answer.status, serde_json::from_slice(&answer.body).unwrap())
}

async fn job(visitor: &Visitor, jid: &Value) -> Value {
    get(visitor, &format!("/api/v1/jobs/{}", jid.as_str().unwrap())).await
}

#[tokio::test]
async fn completed_job_is_pushed_again_as_a_new_one_without_what_only_it_had() {
    let visitor = keeping();
    complete(
        &visitor,
        &json!({
            "jid": JID, "jobtype": "T", "queue": "mails", "args": [12_345_678_901_234_567_890_u64], "retry": 3, "extra": true,
            "created_at": "2020-01-01T00:00:00Z",
            "custom": {"expires_at": "2027-01-01T00:00:00Z", "track": 1, "team": "a", "_bid": "b-1"}
        }),
    );
    visitor.desk.pass(std::time::Duration::from_secs(60));
    let (status, pushed) = again(&visitor, json!({})).await;
    assert_eq!(status, StatusCode::CREATED, "{pushed}");
    assert_ne!(pushed["jid"], JID);
    let new = job(&visitor, &pushed["jid"]).await;
    assert_eq!(
        (&new["state"], &new["queue"], &new["retry"]),
        (&json!("enqueued"), &json!("mails"), &json!(3))
    );
    assert_eq!(new["args"], json!([12_345_678_901_234_567_890_u64]));
    assert_eq!(new["custom"], json!({"track": 1, "team": "a"}));
    assert_eq!(new["created_at"], new["enqueued_at"]);
    assert!(String::from_utf8_lossy(&visitor.desk.fetch("mails").body).contains("\"extra\":true"));
    assert_eq!(job(&visitor, &json!(JID)).await["state"], "completed");
    let audit = get(&visitor, "/api/v1/audit").await;
    assert_eq!(audit["items"][0]["action"], "job.push", "{audit}");
}

#[tokio::test]
async fn dead_job_is_pushed_again_with_what_is_to_be_different_and_others_are_not() {
    let visitor = keeping();
    visitor
        .desk
        .push(&json!({"jid": JID, "jobtype": "Paid", "queue": "mails", "args": [{"card": "4111"}], "retry": -1}));
    let (status, problem) = again(&visitor, json!({})).await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert!(
        problem["detail"].as_str().unwrap().contains("enqueued"),
        "{problem}"
    );
    visitor.desk.fetch("mails");
    visitor.desk.fail(JID, "boom");
    for (change, status) in [
        // What is hidden of it would be shown.
        (json!({"jobtype": "Open"}), StatusCode::CONFLICT),
        (json!({"queue": "no name"}), StatusCode::BAD_REQUEST),
        (json!({"jid": "other"}), StatusCode::BAD_REQUEST),
    ] {
        assert_eq!(again(&visitor, json!({"change": change})).await.0, status);
    }
    let change = json!({"change": {"queue": "other", "retry": 1}});
    let (status, pushed) = again(&visitor, change).await;
    assert_eq!(status, StatusCode::CREATED, "{pushed}");
    assert!(String::from_utf8_lossy(&visitor.desk.fetch("other").body).contains("4111"));
    let new = job(&visitor, &pushed["jid"]).await;
    assert_eq!((&new["retry"], &new["failure"]), (&json!(1), &Value::Null));
    assert_eq!(job(&visitor, &json!(JID)).await["state"], "dead");
}

#[tokio::test]
async fn equal_job_that_has_the_lock_keeps_a_job_from_being_pushed_again() {
    let visitor = keeping();
    let unique = json!({"unique_for": 600, "unique_until": "start"});
    let payload =
        json!({"jid": JID, "jobtype": "T", "queue": "mails", "args": [], "custom": unique});
    complete(&visitor, &payload);
    assert_eq!(again(&visitor, json!({})).await.0, StatusCode::CREATED);
    let (status, problem) = again(&visitor, json!({})).await;
    assert_eq!(status, StatusCode::CONFLICT, "{problem}");
}

#[tokio::test]
async fn page_of_a_completed_job_pushes_it_again_as_it_is_or_edited() {
    let visitor = keeping();
    complete(
        &visitor,
        &json!({"jid": JID, "jobtype": "T", "queue": "mails", "args": [1]}),
    );
    let sender = Visitor::of(Arc::clone(&visitor.desk))
        .with("content-type", "application/x-www-form-urlencoded");
    let page = visitor.get(&format!("/jobs/{JID}")).await.text();
    assert!(
        page.contains("value=\"again\">Enqueue again</button>"),
        "{page}"
    );
    let path = format!("/jobs/{JID}");
    let done = sender
        .send(Method::POST, &path, Body::from("action=again"))
        .await;
    assert_eq!(done.status, StatusCode::FOUND, "{}", done.text());
    let kept = done
        .header("set-cookie")
        .split(';')
        .next()
        .unwrap()
        .to_owned();
    let next = Visitor::of(Arc::clone(&visitor.desk)).with("cookie", &kept);
    let next = next.get(done.header("location")).await.text();
    assert!(next.contains("This is a new job"), "{next}");
    let path = format!("/jobs/{JID}/edit");
    let page = visitor.get(&path).await.text();
    assert!(page.contains("name=\"then\" value=\"again\""), "{page}");
    let form = "key=KEY&digest=&jobtype=T&queue=mails&retry=&then=again&args=";
    let key = get(&visitor, &format!("/api/v1/jobs/{JID}")).await["key"].clone();
    let form = form.replace("KEY", key.as_str().unwrap());
    let wrong = sender
        .send(Method::POST, &path, Body::from(format!("{form}[")))
        .await;
    assert_eq!(wrong.status, StatusCode::BAD_REQUEST);
    assert!(wrong.text().contains("value=\"again\""), "{}", wrong.text());
    let done = sender
        .send(Method::POST, &path, Body::from(format!("{form}[2]")))
        .await;
    assert_eq!(done.status, StatusCode::FOUND, "{}", done.text());
    let location = done.header("location").to_owned();
    let new = get(&visitor, &format!("/api/v1{location}")).await;
    assert_eq!(new["args"], json!([2]));
    // What is done is not edited itself.
    let digest = get(&visitor, &format!("/api/v1/jobs/{JID}")).await["digest"].clone();
    let edit = Body::from(json!({"key": key, "digest": digest}).to_string());
    let sender = Visitor::of(Arc::clone(&visitor.desk)).with("content-type", "application/json");
    let path = format!("/api/v1/jobs/{JID}");
    let refused = sender.send(Method::PUT, &path, edit).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    assert!(
        refused.text().contains("push it again"),
        "{}",
        refused.text()
    );
}
