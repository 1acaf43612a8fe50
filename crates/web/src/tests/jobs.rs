//! Jobs by the API.

use serde_json::{Value, json};

use super::visitor::{Visitor, get, problem};

fn push(visitor: &Visitor, jid: &str, queue: &str, jobtype: &str) {
    visitor.desk.push(&json!({
        "jid": jid, "jobtype": jobtype, "queue": queue, "args": [1]
    }));
}

#[tokio::test]
async fn jobs_are_found_by_query_and_gone_on_with() {
    let visitor = Visitor::new();
    for n in 0..3 {
        push(&visitor, &format!("jid-00000{n}"), "q", "Wanted");
    }
    push(&visitor, "jid-000009", "q", "Other");
    let path = "/api/v1/jobs?query=type:Wanted&limit=2";
    let first = get(&visitor, path).await;
    let cursor = first["cursor"].as_str().unwrap();
    let second = get(&visitor, &format!("{path}&cursor={cursor}")).await;
    let jobs = [&first, &second].map(|page| page["jobs"].as_array().unwrap().clone());
    let jids: Vec<_> = jobs.iter().flatten().map(|job| &job["jid"]).collect();
    assert_eq!(jids, ["jid-000000", "jid-000001", "jid-000002"]);
    assert_eq!(second["cursor"], Value::Null);
    let all = get(&visitor, "/api/v1/jobs").await;
    assert_eq!(all["jobs"].as_array().unwrap().len(), 4);
}

#[tokio::test]
async fn job_has_its_state_and_its_args_to_the_last_digit() {
    let visitor = Visitor::new();
    let payload =
        r#"{"jid":"jid-000001","jobtype":"T","queue":"q","args":[12345678901234567890123,1.10]}"#;
    let job = workmill_proto::Job::parse(payload.as_bytes()).unwrap();
    let now = crate::desk::Desk::now(&*visitor.desk);
    let op = workmill_engine::Op::push(job, now, workmill_proto::CustomReading::ALL).unwrap();
    visitor.desk.run(op);
    let answer = visitor.get("/api/v1/jobs/jid-000001").await.text();
    let args = r#""args":[12345678901234567890123,1.10]"#;
    assert!(answer.contains(args), "{answer}");
    let waiting: Value = serde_json::from_str(&answer).unwrap();
    assert_eq!(waiting["state"], "enqueued");
    assert_eq!(waiting["enqueued_at"], "2026-03-01T10:00:00Z");
    visitor.desk.fetch("q");
    let working = get(&visitor, "/api/v1/jobs/jid-000001").await;
    assert_eq!(working["state"], "working");
    let worker = json!({
        "wid": "w", "since": "2026-03-01T10:00:00Z", "until": "2026-03-01T10:30:00Z"
    });
    assert_eq!(working["worker"], worker);
}

#[tokio::test]
async fn scheduled_job_tells_when_it_is_due() {
    let visitor = Visitor::new();
    visitor.desk.push(&json!({
        "jid": "jid-000001", "jobtype": "T", "args": [], "at": "2026-03-02T00:00:00Z"
    }));
    let job = get(&visitor, "/api/v1/jobs/jid-000001").await;
    assert_eq!(job["state"], "scheduled");
    assert_eq!(job["at"], "2026-03-02T00:00:00Z");
}

#[tokio::test]
async fn what_cannot_be_answered_is_a_problem() {
    let visitor = Visitor::new();
    let wrong = problem(&visitor, "/api/v1/jobs?query=a%20state:lost", 400).await;
    assert_eq!([&wrong["at"], &wrong["length"]], [8, 4]);
    for parameters in ["limit=0", "limit=501", "limit=x", "cursor=x", "qeury=x"] {
        let wrong = problem(&visitor, &format!("/api/v1/jobs?{parameters}"), 400).await;
        assert_eq!(wrong["at"], Value::Null, "{parameters}");
    }
    problem(&visitor, "/api/v1/jobs/jid-000001", 404).await;
    problem(&visitor, "/api/v1/jobs/jid-000001/why", 404).await;
    problem(&visitor, "/api/v1/queues/none/why", 404).await;
    problem(&visitor, "/api/v1/nothing", 404).await;
}

#[tokio::test]
async fn large_jobs_come_in_answers_of_bounded_size() {
    let visitor = Visitor::new();
    for n in 0..20 {
        visitor.desk.push(&json!({
            "jid": format!("jid-0000{n:02}"), "jobtype": "T", "args": ["x".repeat(600 << 10)]
        }));
    }
    let first = visitor.get("/api/v1/jobs").await;
    assert!(first.body.len() < 10 << 20, "{}", first.body.len());
    let mut page: Value = serde_json::from_slice(&first.body).unwrap();
    let mut jids = 0;
    while let Some(cursor) = page["cursor"].as_str() {
        jids += page["jobs"].as_array().unwrap().len();
        page = get(&visitor, &format!("/api/v1/jobs?cursor={cursor}")).await;
    }
    assert_eq!(jids + page["jobs"].as_array().unwrap().len(), 20);
}

#[tokio::test]
async fn reasons_come_in_keys_words_and_parameters() {
    let visitor = Visitor::new();
    visitor.desk.push(&json!({
        "jid": "jid-000001", "jobtype": "T", "queue": "q", "args": [], "at": "2026-03-02T00:00:00Z"
    }));
    let why = get(&visitor, "/api/v1/jobs/jid-000001/why").await;
    let expected = json!({
        "state": "scheduled",
        "at": "2026-03-01T10:00:00Z",
        "reasons": [{
            "key": "scheduled",
            "text": "It is scheduled for 2026-03-02 00:00:00 UTC (in 14 h).",
            "parameters": { "at": "2026-03-02T00:00:00Z" }
        }],
        "then": [{
            "key": "workers_returning",
            "text": "The server started 0 s ago, and no worker has come back yet.",
            "parameters": { "uptime": 0 }
        }]
    });
    assert_eq!(why, expected);
    let visitor = Visitor::new();
    push(&visitor, "jid-000002", "q", "T");
    let why = get(&visitor, "/api/v1/queues/q/why").await;
    assert_eq!(why["state"], Value::Null);
}

#[tokio::test]
async fn what_needs_somebody_comes_with_its_jobs_and_its_action() {
    let visitor = Visitor::new();
    visitor.desk.pass(std::time::Duration::from_secs(100));
    push(&visitor, "jid-000001", "q", "T");
    visitor.desk.pass(std::time::Duration::from_secs(60));
    let told = get(&visitor, "/api/v1/attention").await;
    assert_eq!(
        [
            &told["of"],
            &told["attention"].as_array().unwrap().len().into()
        ],
        [1, 1]
    );
    let concern = &told["attention"][0];
    for (member, value) in [
        ("key", "queue_unfetched"),
        ("severity", "critical"),
        ("query", "state:enqueued queue:\"q\""),
        ("action", "start_workers"),
        ("since", "2026-03-01T10:02:40Z"),
    ] {
        assert_eq!(concern[member], value, "{member}");
    }
    assert_eq!(concern["parameters"]["oldest"], 60);
    let metrics = visitor.get("/metrics").await.text();
    assert!(metrics.contains("workmill_attention{kind=\"queue_unfetched\"} 1\n"));
    assert!(metrics.contains("workmill_attention{kind=\"cron_late\"} 0\n"));
}
