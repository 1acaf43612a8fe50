//! What happened over time, by the API.

use std::time::Duration;

use serde_json::{Value, json};
use workmill_engine::{Duty, Op};

use super::visitor::{Visitor, get, problem};

/// A job of a type that waited 4 seconds and took 8, and is counted.
fn run_job(visitor: &Visitor, jid: &str, queue: &str, jobtype: &str) {
    visitor.desk.push(&json!({
        "jid": jid, "jobtype": jobtype, "queue": queue, "args": []
    }));
    visitor.desk.pass(Duration::from_secs(4));
    let job = visitor.desk.fetch(queue);
    visitor.desk.pass(Duration::from_secs(8));
    visitor.desk.ack(&job);
    visitor.desk.run(Op::Tick(Duty::KeepClocks));
}

async fn points(visitor: &Visitor, parameters: &str) -> Vec<Value> {
    let history = get(visitor, &format!("/api/v1/history?{parameters}")).await;
    assert_eq!(history["complete"], true);
    history["points"].as_array().unwrap().clone()
}

#[tokio::test]
async fn history_has_a_point_for_each_step_up_to_now() {
    let visitor = Visitor::new();
    run_job(&visitor, "jid-000001", "mail", "Send");
    visitor.desk.pass(Duration::from_secs(120));
    run_job(&visitor, "jid-000002", "other", "Send");
    let history = get(&visitor, "/api/v1/history").await;
    assert_eq!(history["step"], 60);
    let all = points(&visitor, "range=1h").await;
    assert_eq!(all.len(), 60);
    assert_eq!(all[0]["at"], "2026-03-01T09:03:00Z");
    let first = json!({
        "at": "2026-03-01T10:00:00Z", "enqueued": 1, "started": 1, "succeeded": 1, "failed": 0, "dead": 0,
        "expired": 0
    });
    assert_eq!(all[57], first);
    assert_eq!([&all[58]["enqueued"], &all[59]["enqueued"]], [0, 1]);
    for (range, points_expected) in [
        ("6h", 360),
        ("1d", 144),
        ("7d", 168),
        ("30d", 720),
        ("180d", 180),
    ] {
        let points = points(&visitor, &format!("range={range}")).await;
        assert_eq!(points.len(), points_expected, "{range}");
        let sum: u64 = points
            .iter()
            .map(|point| point["succeeded"].as_u64().unwrap())
            .sum();
        assert_eq!(sum, 2, "{range}");
    }
}

#[tokio::test]
async fn history_is_told_of_one_queue_or_of_one_type() {
    let visitor = Visitor::new();
    run_job(&visitor, "jid-000001", "mail", "Send");
    run_job(&visitor, "jid-000002", "mail", "Receive");
    for (of, expected) in [
        ("queue=mail", 2),
        ("jobtype=Send", 1),
        ("queue=Send", 0),
        ("queue=", 0),
    ] {
        let points = points(&visitor, &format!("range=180d&{of}")).await;
        assert_eq!(points[179]["enqueued"], expected, "{of}");
    }
    for wrong in ["range=2h", "queue=mail&jobtype=Send", "since=1"] {
        problem(&visitor, &format!("/api/v1/history?{wrong}"), 400).await;
    }
}

#[tokio::test]
async fn what_may_be_among_the_others_is_said() {
    let visitor = Visitor::new();
    run_job(&visitor, "jid-000001", "mail", &"x".repeat(1_000));
    for (jobtype, complete) in [("jobtype=Send", false), ("queue=mail", true)] {
        let history = get(&visitor, &format!("/api/v1/history?{jobtype}")).await;
        assert_eq!(history["complete"], complete, "{jobtype}");
    }
    let types = get(&visitor, "/api/v1/jobtypes").await;
    assert_eq!(types["jobtypes"][0]["jobtype"], Value::Null);
    assert_eq!(types["jobtypes"][0]["succeeded"], 1);
}

#[tokio::test]
async fn types_are_told_with_how_long_they_took() {
    let visitor = Visitor::new();
    for (jid, jobtype) in [
        ("jid-000001", "B"),
        ("jid-000002", "A"),
        ("jid-000003", "B"),
    ] {
        run_job(&visitor, jid, "mail", jobtype);
    }
    for range in ["", "?range=1h", "?range=1d", "?range=30d"] {
        let types = get(&visitor, &format!("/api/v1/jobtypes{range}")).await;
        let types = types["jobtypes"].as_array().unwrap();
        assert_eq!([&types[0]["jobtype"], &types[1]["jobtype"]], ["A", "B"]);
        let [wait, run] = ["wait", "run"].map(|what| &types[1][what]);
        assert_eq!([&wait["count"], &run["count"]], [2, 2]);
        assert_eq!(
            (wait["sum"].as_f64(), run["sum"].as_f64()),
            (Some(8.0), Some(16.0))
        );
        let p95 = run["p95"].as_f64().unwrap();
        assert!((7.0..=9.0).contains(&p95), "{p95}");
    }
    let first = get(&visitor, "/api/v1/jobtypes?limit=1").await;
    assert_eq!(first["cursor"], "A");
    let rest = get(&visitor, "/api/v1/jobtypes?limit=1&cursor=A").await;
    assert_eq!(rest["jobtypes"][0]["jobtype"], "B");
    assert_eq!(rest["cursor"], Value::Null);
    for wrong in ["range=7d", "limit=0", "limit=501"] {
        problem(&visitor, &format!("/api/v1/jobtypes?{wrong}"), 400).await;
    }
    // What is longer ago than the range is not told.
    visitor.desk.pass(Duration::from_secs(3 * 86_400));
    for (range, expected) in [("1d", 0), ("30d", 2)] {
        let types = get(&visitor, &format!("/api/v1/jobtypes?range={range}")).await;
        assert_eq!(types["jobtypes"].as_array().unwrap().len(), expected);
    }
}

#[tokio::test]
async fn metrics_have_counters_of_types() {
    let visitor = Visitor::new();
    run_job(&visitor, "jid-000001", "mail", "Send");
    run_job(&visitor, "jid-000002", "mail", "_other");
    run_job(&visitor, "jid-000003", "mail", &"x".repeat(1_000));
    let text = visitor.get("/metrics").await.text();
    for line in [
        "workmill_jobtype_succeeded_total{jobtype=\"Send\"} 1",
        "workmill_jobtype_succeeded_total{jobtype=\"_other\"} 2",
        "workmill_jobtype_failed_total{jobtype=\"Send\"} 0",
        "workmill_jobtype_wait_seconds_total{jobtype=\"Send\"} 4",
        "workmill_jobtype_run_seconds_total{jobtype=\"_other\"} 16",
    ] {
        assert!(text.lines().any(|found| found == line), "{line}: {text}");
    }
}
