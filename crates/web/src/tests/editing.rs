//! Jobs that get another payload, by the API and on pages.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use workmill_engine::Rules;
use workmill_engine::query::Redaction;

use super::visitor::get;
use super::{HOSTILE, Visitor};
use crate::desk::fake::FakeDesk;

fn dead_job(visitor: &Visitor, jid: &str) {
    visitor.desk.push(&json!({
        "jid": jid, "jobtype": "Broken", "queue": "mails", "args": [1, {"card": "4111"}], "retry": -1, "extra": true
    }));
    visitor.desk.fetch("mails");
    visitor.desk.fail(jid, "boom");
}

async fn put(visitor: &Visitor, jid: &str, body: &Value) -> (StatusCode, Value) {
    let sender = Visitor::of(Arc::clone(&visitor.desk)).with("content-type", "application/json");
    let path = format!("/api/v1/jobs/{jid}");
    let answer = sender
        .send(Method::PUT, &path, Body::from(body.to_string()))
        .await;
    (answer.status, serde_json::from_slice(&answer.body).unwrap())
}

async fn job(visitor: &Visitor, jid: &str) -> Value {
    get(visitor, &format!("/api/v1/jobs/{jid}")).await
}

#[tokio::test]
async fn job_is_edited_and_enqueued_by_who_has_seen_it_last() {
    let visitor = Visitor::new();
    dead_job(&visitor, "jid-00001");
    let seen = job(&visitor, "jid-00001").await;
    let edit = |seen: &Value, args: Value| json!({"key": seen["key"], "digest": seen["digest"], "args": args, "retry": 3});
    let (status, done) = put(&visitor, "jid-00001", &edit(&seen, json!([2]))).await;
    assert_eq!(
        (status, done),
        (StatusCode::OK, json!({"jobs": 1, "audit": 1}))
    );
    let now = job(&visitor, "jid-00001").await;
    assert_eq!(
        (&now["state"], &now["args"], &now["retry"]),
        (&json!("dead"), &json!([2]), &json!(3))
    );
    assert_eq!(now["jobtype"], "Broken");
    assert_ne!(now["digest"], seen["digest"]);
    // Somebody else has seen the one before.
    let mut late = edit(&seen, json!([3]));
    late["key"] = now["key"].clone();
    let (status, problem) = put(&visitor, "jid-00001", &late).await;
    assert_eq!(status, StatusCode::CONFLICT, "{problem}");
    let mut again = edit(&now, json!([4]));
    again["enqueue"] = json!(true);
    again["queue"] = json!("other");
    assert_eq!(put(&visitor, "jid-00001", &again).await.0, StatusCode::OK);
    let now = job(&visitor, "jid-00001").await;
    assert_eq!(
        (&now["state"], &now["queue"], &now["args"]),
        (&json!("enqueued"), &json!("other"), &json!([4]))
    );
}

#[tokio::test]
async fn custom_is_edited_and_what_the_job_was_pushed_with_stays() {
    let visitor = Visitor::new();
    visitor.desk.push(&json!({
        "jid": "jid-00001", "jobtype": "T", "args": [], "at": "2026-03-02T00:00:00Z",
        "custom": {"track": 1, "expires_at": "2027-01-01T00:00:00Z", "team": "a"}
    }));
    let seen = job(&visitor, "jid-00001").await;
    let edit =
        |custom: Value| json!({"key": seen["key"], "digest": seen["digest"], "custom": custom});
    for lost in [
        json!({}),
        json!({"track": 1, "expires_at": "2028-01-01T00:00:00Z"}),
    ] {
        let (status, problem) = put(&visitor, "jid-00001", &edit(lost)).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{problem}");
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains("it cannot be changed"), "{detail}");
    }
    let mut custom = seen["custom"].clone();
    custom["team"] = json!({"name": 12_345_678_901_234_567_890_u64});
    let (status, problem) = put(&visitor, "jid-00001", &edit(custom.clone())).await;
    assert_eq!(status, StatusCode::OK, "{problem}");
    assert_eq!(job(&visitor, "jid-00001").await["custom"], custom);
}

#[tokio::test]
async fn edits_that_make_no_sense_change_nothing() {
    let visitor = Visitor::new();
    dead_job(&visitor, "jid-00001");
    let seen = job(&visitor, "jid-00001").await;
    let with = |name: &str, value: Value| {
        let mut edit = json!({"key": seen["key"], "digest": seen["digest"]});
        edit[name] = value;
        edit
    };
    for (edit, status) in [
        (with("jobtype", json!("")), StatusCode::BAD_REQUEST),
        (with("queue", json!("no name")), StatusCode::BAD_REQUEST),
        (with("args", json!({})), StatusCode::BAD_REQUEST),
        (with("custom", json!([])), StatusCode::BAD_REQUEST),
        (
            with("custom", json!({"bid": "b-1"})),
            StatusCode::BAD_REQUEST,
        ),
        (
            with("custom", json!({"retry_delays": "x"})),
            StatusCode::BAD_REQUEST,
        ),
        (
            with("custom", json!({"x": "x".repeat(2 << 20)})),
            StatusCode::PAYLOAD_TOO_LARGE,
        ),
        (
            with("args", json!(["x".repeat(2 << 20)])),
            StatusCode::PAYLOAD_TOO_LARGE,
        ),
        (with("jid", json!("other")), StatusCode::BAD_REQUEST),
        (with("key", json!("nonsense")), StatusCode::BAD_REQUEST),
        (with("key", json!("j77")), StatusCode::NOT_FOUND),
        (with("digest", json!("")), StatusCode::CONFLICT),
    ] {
        let (found, problem) = put(&visitor, "jid-00001", &edit).await;
        assert_eq!(found, status, "{problem}");
    }
    visitor
        .desk
        .push(&json!({"jid": "jid-00002", "jobtype": "T", "queue": "q", "args": []}));
    visitor.desk.fetch("q");
    let working = job(&visitor, "jid-00002").await;
    let edit = json!({"key": working["key"], "digest": working["digest"], "args": [1]});
    assert_eq!(
        put(&visitor, "jid-00002", &edit).await.0,
        StatusCode::CONFLICT
    );
    assert!(visitor.desk.asked.lock().is_empty());
}

#[tokio::test]
async fn what_is_hidden_of_a_job_is_not_shown_by_editing_it() {
    let hidden = Redaction::new("Broken", &["arg.card".to_owned()]).unwrap();
    let rules = Rules {
        redactions: [hidden].into_iter().collect(),
        ..Rules::default()
    };
    let visitor = Visitor::of(FakeDesk::with_rules(rules));
    dead_job(&visitor, "jid-00001");
    let page = visitor.get("/jobs/jid-00001/edit").await.text();
    assert!(
        !page.contains("4111") && !page.contains("<textarea"),
        "{page}"
    );
    let seen = job(&visitor, "jid-00001").await;
    let retype = json!({"key": seen["key"], "digest": seen["digest"], "jobtype": "Open"});
    assert_eq!(
        put(&visitor, "jid-00001", &retype).await.0,
        StatusCode::CONFLICT
    );
    let requeue =
        json!({"key": seen["key"], "digest": seen["digest"], "queue": "other", "enqueue": true});
    assert_eq!(put(&visitor, "jid-00001", &requeue).await.0, StatusCode::OK);
    let sent = visitor.desk.fetch("other");
    assert!(
        String::from_utf8_lossy(&sent.body).contains("4111"),
        "it is still there"
    );
}

/// The value of a field of the form.
fn field(page: &str, name: &str) -> String {
    let value = page
        .split(&format!("name=\"{name}\" value=\""))
        .nth(1)
        .unwrap();
    value.split('"').next().unwrap().to_owned()
}

#[tokio::test]
async fn job_is_edited_on_its_page_and_what_was_typed_is_not_lost() {
    let visitor = Visitor::new().with("content-type", "application/x-www-form-urlencoded");
    dead_job(&visitor, "jid-00001");
    let job_page = visitor.get("/jobs/jid-00001").await.text();
    assert!(
        job_page.contains("href=\"/jobs/jid-00001/edit?key="),
        "{job_page}"
    );
    let page = visitor.get("/jobs/jid-00001/edit").await.text();
    assert!(
        page.contains("[1,{&#34;card&#34;:&#34;4111&#34;}]</textarea>"),
        "{page}"
    );
    let form = format!(
        "key={}&digest={}&jobtype=Mended&queue=mails&retry=2",
        field(&page, "key"),
        field(&page, "digest")
    );
    let typed = format!("{form}&args=[{HOSTILE}&then=enqueue").replace('<', "%3C");
    let wrong = visitor
        .send(Method::POST, "/jobs/jid-00001/edit", Body::from(typed))
        .await;
    assert_eq!(wrong.status, StatusCode::BAD_REQUEST);
    assert!(wrong.text().contains("[&#60;b&#62;"), "{}", wrong.text());
    let right = format!("{form}&args=[42]&custom={{\"team\":7}}&then=enqueue");
    let send = |form: &str| {
        let form = Body::from(form.to_owned());
        visitor.send(Method::POST, "/jobs/jid-00001/edit", form)
    };
    let done = send(&right).await;
    assert_eq!(done.header("location"), "/jobs/jid-00001");
    let now = job(&visitor, "jid-00001").await;
    assert_eq!(
        (&now["state"], &now["jobtype"], &now["args"]),
        (&json!("enqueued"), &json!("Mended"), &json!([42]))
    );
    assert_eq!(now["custom"], json!({"team": 7}));
    // It is no more where it was.
    let late = send(&right.replace("[42]", "[43]")).await;
    assert_eq!(late.status, StatusCode::NOT_FOUND);
    assert!(late.text().contains("[43]</textarea>"), "{}", late.text());
}
