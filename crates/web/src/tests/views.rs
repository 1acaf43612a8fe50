//! What is seen by the API besides jobs.

use std::sync::Arc;

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::Visitor;
use crate::desk::Standing;

async fn get(visitor: &Visitor, path: &str) -> Value {
    let answer = visitor.get(path).await;
    assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text());
    serde_json::from_slice(&answer.body).unwrap()
}

#[tokio::test]
async fn what_somebody_has_already_is_not_sent_again() {
    let visitor = Visitor::new();
    let path = "/api/v1/counters";
    let first = visitor.get(path).await;
    let tag = first.header("etag").to_owned();
    assert!(tag.starts_with("W/\""), "{tag}");
    for known in [tag.clone(), format!("\"x\", {tag}"), "*".to_owned()] {
        let again = Visitor::of(Arc::clone(&visitor.desk)).with("if-none-match", &known);
        let again = again.get(path).await;
        assert_eq!(again.status, StatusCode::NOT_MODIFIED, "{known}");
        assert_eq!((again.body.len(), again.header("etag")), (0, &*tag));
    }
    visitor
        .desk
        .push(&json!({"jid": "jid-00001", "jobtype": "T", "queue": "q", "args": []}));
    let stale = Visitor::of(Arc::clone(&visitor.desk)).with("if-none-match", &tag);
    let stale = stale.get(path).await;
    assert_eq!(stale.status, StatusCode::OK);
    assert_ne!(stale.header("etag"), tag);
    // One that is large is sent as it is.
    let large = "x".repeat(17 << 20);
    visitor
        .desk
        .push(&json!({"jid": "jid-00002", "jobtype": "T", "queue": "q", "args": [large]}));
    let large = visitor.get("/api/v1/jobs/jid-00002").await;
    assert_eq!((large.status, large.header("etag")), (StatusCode::OK, ""));
    assert!(large.body.len() > 17 << 20);
}

#[tokio::test]
async fn queues_are_listed_by_name_and_gone_on_with() {
    let visitor = Visitor::new();
    for (n, queue) in ["b", "a", "c"].into_iter().enumerate() {
        visitor.desk.push(&json!({
            "jid": format!("jid-00000{n}"), "jobtype": "T", "queue": queue, "args": []
        }));
    }
    visitor.desk.fetch("c");
    let first = get(&visitor, "/api/v1/queues?limit=2").await;
    let name = |page: &Value, n: usize| page["items"][n]["name"].clone();
    assert_eq!([name(&first, 0), name(&first, 1)], ["a", "b"]);
    let cursor = first["cursor"].as_str().unwrap();
    let second = get(&visitor, &format!("/api/v1/queues?limit=2&cursor={cursor}")).await;
    let queue = &second["items"][0];
    assert_eq!(
        (&queue["name"], &queue["size"], &queue["working"]),
        (&json!("c"), &json!(0), &json!(1))
    );
    assert_eq!(second["cursor"], Value::Null);
    let working = get(&visitor, "/api/v1/sets/working").await;
    assert_eq!(working["items"][0]["worker"]["wid"], "w");
}

#[tokio::test]
async fn a_queue_is_there_as_soon_as_something_is_pushed_to_it() {
    let visitor = Visitor::new();
    get(&visitor, "/api/v1/queues").await;
    visitor
        .desk
        .push(&json!({"jid": "jid-000001", "jobtype": "T", "queue": "new", "args": []}));
    for path in ["/api/v1/queues/new", "/api/v1/queues/new/why"] {
        get(&visitor, path).await;
    }
}

#[tokio::test]
async fn lists_that_have_nothing_are_empty_and_not_missing() {
    let visitor = Visitor::new();
    for name in [
        "queues",
        "throttles",
        "workers",
        "connections",
        "batches",
        "locks",
        "cron",
        "sets/scheduled",
        "sets/retries",
        "sets/dead",
        "sets/working",
        "queues/q/jobs",
    ] {
        let path = format!("/api/v1/{name}");
        assert_eq!(
            get(&visitor, &path).await,
            json!({"items": [], "cursor": null}),
            "{path}"
        );
        for wrong in ["limit=0", "limit=501", "limit=x", "more=1"] {
            let answer = visitor.get(&format!("{path}?{wrong}")).await;
            assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{path}?{wrong}");
        }
    }
    for path in [
        "sets/x",
        "queues/x",
        "cron/x",
        "batches/x",
        "batches/b-AAAAAAAAAAAAAQ",
    ] {
        let answer = visitor.get(&format!("/api/v1/{path}")).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn lock_of_a_unique_job_says_whose_it_is() {
    let visitor = Visitor::new();
    visitor.desk.push(&json!({
        "jid": "jid-000001", "jobtype": "T", "args": [], "custom": {"unique_for": 60}
    }));
    let lock = get(&visitor, "/api/v1/locks").await["items"][0].clone();
    assert_eq!(
        (&lock["jid"], &lock["ended"]),
        (&json!("jid-000001"), &json!(false))
    );
    assert_eq!(lock["ends_at"], "2026-03-01T10:01:00Z");
    assert_eq!(
        (&lock["jobtype"], &lock["state"]),
        (&json!("T"), &json!("enqueued"))
    );
    let page = visitor.get("/locks").await.text();
    assert!(
        page.contains("<span class=\"tag enqueued\">enqueued</span>"),
        "{page}"
    );
    let cursor = lock["key"].as_str().unwrap();
    let behind = get(&visitor, &format!("/api/v1/locks?cursor={cursor}")).await;
    assert_eq!(behind["items"], json!([]));
}

#[tokio::test]
async fn server_tells_what_it_is_and_what_it_has_counted() {
    let visitor = Visitor::new();
    visitor
        .desk
        .push(&json!({"jid": "jid-000001", "jobtype": "T", "queue": "q", "args": []}));
    let job = visitor.desk.fetch("q");
    visitor.desk.ack(&job);
    let server = get(&visitor, "/api/v1/server").await;
    assert_eq!(
        (&server["state"], &server["durability_ms"]),
        (&json!("ready"), &json!(0))
    );
    assert_eq!(server["started_at"], "2026-03-01T10:00:00Z");
    assert_eq!(server["cluster"], Value::Null);
    let metrics = visitor.get("/metrics").await.text();
    assert!(metrics.contains("\nworkmill_leads 1\n"), "{metrics}");
    assert_eq!(
        get(&visitor, "/api/v1/settings").await,
        json!({"environment": "development"})
    );
    assert_eq!(get(&visitor, "/api/v1/counters").await["processed"], 1);
    let days = get(&visitor, "/api/v1/days?days=2").await;
    let today = json!({"date": "2026-03-01", "processed": 1, "failures": 0, "expired": 0});
    assert_eq!((&days[0]["processed"], &days[1]), (&json!(0), &today));
    for wrong in ["0", "367", "x"] {
        let answer = visitor.get(&format!("/api/v1/days?days={wrong}")).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    }
}

#[tokio::test]
async fn it_is_told_which_of_several_servers_leads() {
    let visitor = Visitor::new();
    let stands = |leads: bool, leader: Option<&str>| {
        *visitor.desk.standing.lock() = Some(Standing {
            leads,
            epoch: 7,
            leader: leader.map(str::to_owned),
        });
    };
    for (leads, leader, role, shown) in [
        (true, Some("db1:7421"), "leader", "this server, epoch 7"),
        (false, Some("db1:7421"), "follower", "db1:7421, epoch 7"),
        (false, None, "none", "no server now"),
    ] {
        stands(leads, leader);
        let cluster = &get(&visitor, "/api/v1/server").await["cluster"];
        let told = json!({"role": role, "epoch": 7, "leader": leader});
        assert_eq!(*cluster, told);
        let page = visitor.get("/server").await.text();
        assert!(page.contains(shown), "{role}: {page}");
        let metrics = visitor.get("/metrics").await.text();
        let line = format!("\nworkmill_leads {}\n", u8::from(leads));
        assert!(metrics.contains(&line), "{role}: {metrics}");
        assert!(metrics.contains("\nworkmill_epoch 7\n"), "{metrics}");
    }
}
