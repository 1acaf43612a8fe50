//! What happened to a job, by the API and on its page.

use std::time::Duration;

use serde_json::{Value, json};
use workmill_engine::{Duty, Op, Rules};

use super::visitor::get;
use super::{HOSTILE, Visitor};
use crate::desk::fake::FakeDesk;

const JID: &str = "jid-000001";

/// A job that is tried again after ten seconds each time.
fn push(visitor: &Visitor, retry: i64) {
    visitor.desk.push(&json!({
        "jid": JID, "jobtype": "T", "queue": "q", "args": [], "retry": retry,
        "custom": {"retry_delays": [10]}
    }));
}

/// Tries it, for four seconds, and lets the time of a retry pass.
fn attempt(visitor: &Visitor, message: &str) {
    visitor.desk.fetch("q");
    visitor.desk.pass(Duration::from_secs(4));
    visitor.desk.fail_as(JID, "Boom", message);
    visitor.desk.pass(Duration::from_secs(11));
    visitor.desk.run(Op::Tick(Duty::Promote));
}

async fn job(visitor: &Visitor) -> Value {
    get(visitor, &format!("/api/v1/jobs/{JID}")).await
}

/// The events of the timeline, with when they were.
async fn events(visitor: &Visitor) -> Vec<(String, String)> {
    let job = job(visitor).await;
    let steps = job["timeline"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    steps
        .map(|step| (text(&step["event"]), text(&step["at"])))
        .collect()
}

fn told(events: &[(&str, &str)]) -> Vec<(String, String)> {
    let events = events.iter();
    events
        .map(|(event, at)| ((*event).to_owned(), format!("2026-03-01T{at}Z")))
        .collect()
}

#[tokio::test]
async fn attempts_are_told_with_their_errors_the_latest_first() {
    let visitor = Visitor::new();
    push(&visitor, 25);
    attempt(&visitor, "one");
    attempt(&visitor, "two");
    let expected = told(&[
        ("enqueued", "10:00:30"),
        ("failed", "10:00:19"),
        ("failed", "10:00:04"),
        ("created", "10:00:00"),
    ]);
    assert_eq!(events(&visitor).await, expected);
    let job = job(&visitor).await;
    assert_eq!(job["earlier_failures"], 0);
    let failed = json!({
        "at": "2026-03-01T10:00:04Z", "event": "failed", "worker": "w",
        "attempt": {
            "began_at": "2026-03-01T10:00:00Z", "seconds": 4.0, "errtype": "Boom", "message": "one",
            "backtrace": ["one"], "is_cut": false
        }
    });
    assert_eq!(job["timeline"][2], failed);
    assert_eq!(job["timeline"][1]["attempt"]["message"], "two");
    // What a list tells of a job stays short.
    let list = get(&visitor, "/api/v1/jobs").await;
    assert_eq!(list["jobs"][0]["timeline"], Value::Null);
}

#[tokio::test]
async fn timeline_begins_with_what_comes_next() {
    let visitor = Visitor::new();
    push(&visitor, 1);
    let first = |events: Vec<(String, String)>| events.into_iter().take(2).collect::<Vec<_>>();
    visitor.desk.fetch("q");
    let expected = told(&[("reservation_ends", "10:30:00"), ("started", "10:00:00")]);
    assert_eq!(first(events(&visitor).await), expected);
    visitor.desk.fail(JID, "boom");
    let expected = told(&[("retry", "10:00:10"), ("failed", "10:00:00")]);
    assert_eq!(first(events(&visitor).await), expected);
    visitor.desk.pass(Duration::from_secs(11));
    visitor.desk.run(Op::Tick(Duty::Promote));
    visitor.desk.fetch("q");
    visitor.desk.fail(JID, "boom");
    let events = first(events(&visitor).await);
    assert_eq!(events[0].0, "forgotten");
    assert_eq!(events[1..], told(&[("died", "10:00:11")]));
    visitor.desk.push(&json!({
        "jid": "jid-000002", "jobtype": "T", "args": [], "at": "2026-03-02T00:00:00Z"
    }));
    let later = get(&visitor, "/api/v1/jobs/jid-000002").await;
    assert_eq!(
        later["timeline"][0],
        json!({"at": "2026-03-02T00:00:00Z", "event": "due"})
    );
}

#[tokio::test]
async fn failures_that_are_not_kept_are_counted() {
    let visitor = Visitor::of(FakeDesk::with_rules(Rules {
        attempts_max: 2,
        ..Rules::default()
    }));
    push(&visitor, 25);
    for n in 0..5 {
        attempt(&visitor, &n.to_string());
    }
    assert_eq!(job(&visitor).await["earlier_failures"], 3);
    let page = visitor.get("/jobs/jid-000001").await.text();
    assert!(page.contains("3 earlier failures are not kept."), "{page}");
}

#[tokio::test]
async fn page_shows_attempts_that_failed_alike_as_one_line() {
    let visitor = Visitor::new();
    push(&visitor, 25);
    for message in [HOSTILE, HOSTILE, HOSTILE, "other"] {
        attempt(&visitor, message);
    }
    let page = visitor.get("/jobs/jid-000001").await.text();
    assert!(!page.contains(HOSTILE), "{page}");
    let timeline = page.split("class=\"timeline\"").nth(1).unwrap();
    let timeline = timeline.split("</ol>").next().unwrap();
    assert_eq!(timeline.matches("class=\"line\"").count(), 4, "{timeline}");
    assert_eq!(timeline.matches("<summary>").count(), 2, "{timeline}");
    assert!(timeline.contains("<summary>failed 3 times: <strong><bdi>Boom"));
    assert_eq!(
        timeline.matches("<pre").count(),
        1,
        "the last one stands below"
    );
    let page = visitor.get("/jobs/jid-000001?lang=de").await.text();
    assert!(page.contains("3-mal fehlgeschlagen: "), "{page}");
}
