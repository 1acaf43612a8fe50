//! Groups of failures: on pages and in the API.

use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use serde_json::{Value, json};
use workmill_engine::query::Redaction;
use workmill_engine::{Duty, Op, Rules};

use super::Visitor;
use super::visitor::{get, problem};
use crate::desk::Role;
use crate::desk::fake::FakeDesk;
use crate::guard::{Account, hash_password};

/// Pushes a job, and lets a worker fail it for good.
fn fail(visitor: &Visitor, jid: &str, jobtype: &str, message: &str) {
    visitor.desk.push(&json!({
        "jid": jid, "jobtype": jobtype, "queue": "q", "args": ["s3cret"], "retry": -1
    }));
    visitor.desk.fetch("q");
    visitor.desk.fail_as(jid, "Boom", message);
}

/// Three groups, of three, two and one jobs, the smallest being the latest.
fn visitor_of_three() -> Visitor {
    let visitor = Visitor::new();
    for (index, (jobtype, message)) in [
        ("A", "no answer in 1 s"),
        ("A", "no answer in 2 s"),
        ("A", "no answer in 3 s"),
        ("B", "refused"),
        ("B", "refused"),
        ("C", "gone"),
    ]
    .into_iter()
    .enumerate()
    {
        fail(&visitor, &format!("jid-00000{index}"), jobtype, message);
        visitor.desk.pass(Duration::from_secs(1));
    }
    visitor
}

fn types(list: &Value) -> Vec<&str> {
    let items = list["items"].as_array().unwrap().iter();
    items
        .map(|group| group["jobtype"].as_str().unwrap())
        .collect()
}

/// The id of the largest group.
async fn largest(visitor: &Visitor) -> String {
    let list = get(visitor, "/api/v1/failures?limit=1").await;
    list["items"][0]["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn groups_are_listed_in_order_and_gone_on_with() {
    let visitor = Visitor::new();
    let none = get(&visitor, "/api/v1/failures").await;
    assert_eq!(
        none,
        json!({"items": [], "cursor": null, "grouping": false})
    );
    let visitor = visitor_of_three();
    for (sort, expected) in [("jobs", ["A", "B", "C"]), ("last", ["C", "B", "A"])] {
        let whole = get(&visitor, &format!("/api/v1/failures?sort={sort}")).await;
        assert_eq!(types(&whole), expected, "{sort}");
        let (mut found, mut cursor) = (Vec::new(), String::new());
        loop {
            let path = format!("/api/v1/failures?sort={sort}&limit=1{cursor}");
            let page = get(&visitor, &path).await;
            found.extend(types(&page).into_iter().map(str::to_owned));
            match page["cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(found, expected, "{sort}");
    }
    for wrong in [
        "limit=0",
        "limit=501",
        "cursor=x",
        "cursor=1-x",
        "sort=x",
        "more=1",
    ] {
        problem(&visitor, &format!("/api/v1/failures?{wrong}"), 400).await;
    }
}

#[tokio::test]
async fn group_tells_what_its_jobs_have_in_common_and_how_to_find_them() {
    let visitor = visitor_of_three();
    let id = largest(&visitor).await;
    let mut group = get(&visitor, &format!("/api/v1/failures/{id}")).await;
    let hours = group.as_object_mut().unwrap().remove("hours").unwrap();
    let hours: Vec<u64> = serde_json::from_value(hours).unwrap();
    assert_eq!((hours.len(), hours.last()), (24, Some(&3)));
    let expected = json!({
        "id": id, "jobtype": "A", "errtype": "Boom", "message": "no answer in \u{2026} s",
        "example": "no answer in 3 s", "backtrace": ["no answer in 3 s"],
        "jobs": 3, "retries": 0, "dead": 3, "failures": 3,
        "first_at": "2026-03-01T10:00:00Z", "last_at": "2026-03-01T10:00:02Z",
        "workers": ["w"], "query": format!("group:{id}"),
    });
    assert_eq!(group, expected);
    let found = get(&visitor, &format!("/api/v1/jobs?query=group:{id}")).await;
    let jids = found["jobs"].as_array().unwrap().iter();
    let jids: Vec<&str> = jids.map(|job| job["jid"].as_str().unwrap()).collect();
    assert_eq!(jids, ["jid-000000", "jid-000001", "jid-000002"]);
}

#[tokio::test]
async fn pages_lead_from_the_overview_to_the_jobs_of_a_group_and_back() {
    let visitor = visitor_of_three();
    let id = largest(&visitor).await;
    let group = format!("href=\"/failures/{id}\"");
    let retry = format!("/operations/new?action=retry&#38;query=group%3A{id}");
    for path in ["/", "/failures", "/jobs/jid-000001"] {
        let page = visitor.get(path).await.text();
        assert!(page.contains(&group), "{path}: {page}");
        assert_eq!(
            page.contains(&retry),
            !path.contains("jobs"),
            "{path}: {page}"
        );
    }
    let page = visitor.get("/jobs/jid-000001").await.text();
    assert!(
        page.contains("2 other jobs failed in the same way"),
        "{page}"
    );
    let alone = visitor.get("/jobs/jid-000005").await.text();
    assert!(!alone.contains("failed in the same way"), "{alone}");
    let page = visitor.get(&format!("/failures/{id}")).await.text();
    for shown in [
        "no answer in 3 s",
        "Boom: no answer in \u{2026} s",
        "href=\"/jobs/jid-000002?key=",
        "action=\"/operations/new\"",
        &format!("value=\"group:{id}\""),
    ] {
        assert!(page.contains(shown), "{shown}: {page}");
    }
    // Those of other groups are not among its jobs.
    assert!(!page.contains("jid-000003"), "{page}");
    // What would be done to its jobs is said of these and no others.
    let counted = visitor
        .get(&format!("/operations/new?action=delete&query=group:{id}"))
        .await;
    assert!(
        counted.text().contains("It concerns 3 jobs."),
        "{}",
        counted.text()
    );
}

#[tokio::test]
async fn group_is_retried_carefully_from_its_page() {
    let visitor = visitor_of_three();
    let id = largest(&visitor).await;
    let path = format!("/operations/new?action=retry&query=group:{id}");
    let page = visitor.get(&path).await.text();
    for shown in [
        "name=\"careful\" value=\"1\"",
        "name=\"first\" value=\"10\"",
        "name=\"rate\" value=\"20\"",
        "name=\"stop_percent\" value=\"20\"",
    ] {
        assert!(page.contains(shown), "{shown}: {page}");
    }
    let delete = visitor
        .get(&format!("/operations/new?action=delete&query=group:{id}"))
        .await;
    assert!(!delete.text().contains("name=\"careful\""));
    let sender = Visitor::of(Arc::clone(&visitor.desk))
        .with("content-type", "application/x-www-form-urlencoded");
    let form = format!("action=retry&query=group:{id}&careful=1&first=2&rate=5&stop_percent=50");
    let post = axum::http::Method::POST;
    let started = sender.send(post, "/operations", form.into()).await;
    assert_eq!(started.status, StatusCode::FOUND, "{}", started.text());
    let operation = started.header("location").to_owned();
    let told = get(&visitor, &format!("/api/v1{operation}")).await;
    assert_eq!(told["action"], "retry_carefully");
    assert_eq!(
        (&told["state"], &told["changed"]),
        (&json!("running"), &json!(2))
    );
    let care = json!({"first": 2, "rate": 5, "stop_percent": 50, "within_secs": 600});
    assert_eq!(told["careful"], care);
    let page = visitor.get(&operation).await.text();
    assert!(page.contains("Retry carefully"), "{page}");
    assert_eq!(
        get(&visitor, "/api/v1/failures").await["items"][1]["dead"],
        1
    );
    let answer = |body: Value| {
        let sender =
            Visitor::of(Arc::clone(&visitor.desk)).with("content-type", "application/json");
        async move {
            let post = axum::http::Method::POST;
            let answer = sender
                .send(post, "/api/v1/operations", body.to_string().into())
                .await;
            answer.status
        }
    };
    for (action, careful) in [
        ("retry", json!({"first": 0})),
        ("retry", json!({"rate": 1_001})),
        ("retry", json!({"stop_percent": 101})),
        ("retry", json!({"more": 1})),
        ("kill", json!({})),
    ] {
        let body = json!({"action": action, "query": "", "careful": careful});
        assert_eq!(
            answer(body).await,
            StatusCode::BAD_REQUEST,
            "{action} {careful}"
        );
    }
}

#[tokio::test]
async fn named_jobs_are_retried_carefully_by_the_api() {
    let visitor = visitor_of_three();
    let found = get(&visitor, "/api/v1/jobs?query=type:A").await;
    let keys: Vec<&Value> = found["jobs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|job| &job["key"])
        .collect();
    assert_eq!(keys.len(), 3, "{found}");
    let sender = Visitor::of(Arc::clone(&visitor.desk)).with("content-type", "application/json");
    let send = async |path: &str, body: &Value| {
        let post = axum::http::Method::POST;
        let answer = sender.send(post, path, body.to_string().into()).await;
        (
            answer.status,
            serde_json::from_slice::<Value>(&answer.body).unwrap(),
        )
    };
    let mut body = json!({"action": "retry", "keys": keys, "careful": {"first": 1}});
    let dry = |body: &Value| {
        let mut dry = body.clone();
        dry["dry_run"] = json!(true);
        dry
    };
    let (_, counted) = send("/api/v1/operations", &dry(&body)).await;
    assert_eq!(counted["matched"], 3);
    assert!(
        counted["curl"]
            .as_str()
            .unwrap()
            .contains(r#""careful":{"first":1,"#),
        "{counted}"
    );
    let (status, begun) = send("/api/v1/operations", &body).await;
    assert_eq!(status, StatusCode::ACCEPTED, "{begun}");
    assert_eq!(
        (&begun["action"], &begun["state"]),
        (&json!("retry_carefully"), &json!("running"))
    );
    let told = get(
        &visitor,
        &format!("/api/v1/operations/{}", begun["id"].as_str().unwrap()),
    )
    .await;
    assert_eq!(
        (&told["changed"], &told["careful"]["first"]),
        (&json!(1), &json!(1))
    );
    body["action"] = json!("kill");
    assert_eq!(
        send("/api/v1/operations", &body).await.0,
        StatusCode::BAD_REQUEST
    );
}

#[tokio::test]
async fn group_without_jobs_is_on_no_list_and_has_its_page_for_a_while() {
    let visitor = visitor_of_three();
    let id = largest(&visitor).await;
    for n in 0..3 {
        let path = format!("/api/v1/jobs/jid-00000{n}/delete");
        let sent = axum::body::Body::from("{}");
        let sender =
            Visitor::of(Arc::clone(&visitor.desk)).with("content-type", "application/json");
        let answer = sender.send(axum::http::Method::POST, &path, sent).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    }
    assert_eq!(types(&get(&visitor, "/api/v1/failures").await), ["B", "C"]);
    let page = visitor.get(&format!("/failures/{id}")).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(!page.text().contains("action=\"/operations/new\""));
}

#[tokio::test]
async fn unknown_group_is_not_found() {
    let visitor = visitor_of_three();
    for id in ["x", "0000000000000001", "0000000000000000"] {
        problem(&visitor, &format!("/api/v1/failures/{id}"), 404).await;
        let page = visitor.get(&format!("/failures/{id}")).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{id}");
        assert!(page.text().contains("no such group of failures"), "{id}");
    }
}

#[tokio::test]
async fn empty_page_says_what_would_be_there() {
    let page = Visitor::new().get("/failures").await.text();
    assert!(
        page.contains("Jobs that fail in the same way appear here"),
        "{page}"
    );
}

#[tokio::test]
async fn viewer_sees_failures_and_no_action() {
    let visitor = visitor_of_three();
    let id = largest(&visitor).await;
    let hash = hash_password(b"secret", [7; 16]).unwrap();
    visitor.desk.access.lock().accounts = vec![Account::new("anna", Role::Viewer, &hash).unwrap()];
    let viewer = visitor.with("authorization", "Basic YW5uYTpzZWNyZXQ=");
    for path in ["/", "/failures", &format!("/failures/{id}")] {
        let page = viewer.get(path).await;
        assert_eq!(page.status, StatusCode::OK, "{path}");
        assert!(page.text().contains("Boom"), "{path}");
        assert!(!page.text().contains("/operations/new"), "{path}");
    }
}

#[tokio::test]
async fn hidden_arguments_are_on_no_page_of_failures() {
    let rules = Rules {
        redactions: [Redaction::new("A", &["arg.0".to_owned()]).unwrap()]
            .into_iter()
            .collect(),
        ..Rules::default()
    };
    let visitor = Visitor::of(FakeDesk::with_rules(rules));
    fail(&visitor, "jid-000001", "A", "broken");
    let id = largest(&visitor).await;
    for path in [
        "/".to_owned(),
        "/failures".to_owned(),
        format!("/failures/{id}"),
        format!("/api/v1/failures/{id}"),
    ] {
        let text = visitor.get(&path).await.text();
        assert!(text.contains("broken"), "{path}: {text}");
        assert!(!text.contains("s3cret"), "{path}: {text}");
    }
}

#[tokio::test]
async fn groups_are_counted_beside_their_link_and_put_in_another_order_by_one() {
    let visitor = visitor_of_three();
    let page = visitor.get("/failures").await.text();
    let link = page.split("data-go=\"e\"").nth(1).unwrap();
    let link = link.split("</a>").next().unwrap();
    assert!(link.contains(">3</span>"), "{link}");
    assert!(
        page.contains("href=\"/failures?sort=jobs\" aria-current=\"true\""),
        "{page}"
    );
    assert!(page.contains("href=\"/failures?sort=last\">"), "{page}");
    let latest = visitor.get("/failures?sort=last").await.text();
    assert!(
        latest.contains("href=\"/failures?sort=last\" aria-current=\"true\""),
        "{latest}"
    );
}

#[tokio::test]
async fn page_of_a_group_has_the_form_of_a_careful_retry_and_the_line_for_a_shell_is_careful() {
    let visitor = visitor_of_three();
    let id = largest(&visitor).await;
    let page = visitor.get(&format!("/failures/{id}")).await.text();
    for shown in [
        "name=\"careful\" value=\"1\"",
        &format!("name=\"query\" value=\"group:{id}\""),
        "name=\"stop_percent\" value=\"20\"",
    ] {
        assert!(page.contains(shown), "{shown}: {page}");
    }
    let path = format!("/operations/new?action=retry&query=group:{id}&first=3");
    let page = visitor.get(&path).await.text();
    let careful = "&#34;careful&#34;:{&#34;first&#34;:3,&#34;rate&#34;:20,&#34;stop_percent&#34;:20,&#34;within_secs&#34;:600}";
    assert!(page.contains(careful), "{page}");
}

#[tokio::test]
async fn careful_retry_that_stopped_by_itself_is_told_until_it_is_tried_again() {
    let visitor = Visitor::new().with("content-type", "application/json");
    fail(&visitor, "jid-000001", "A", "no answer");
    fail(&visitor, "jid-000002", "A", "no answer");
    let careful = json!({"action": "retry", "query": "state:dead", "careful": {"first": 1, "stop_percent": 0}});
    let start = async || {
        let post = axum::http::Method::POST;
        let answer = visitor
            .send(post, "/api/v1/operations", careful.to_string().into())
            .await;
        assert_eq!(answer.status, StatusCode::ACCEPTED, "{}", answer.text());
        serde_json::from_slice::<Value>(&answer.body).unwrap()["id"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let id = start().await;
    let retried: Value = serde_json::from_slice(&visitor.desk.fetch("q").body).unwrap();
    visitor.desk.fail(retried["jid"].as_str().unwrap(), "again");
    visitor.desk.run(Op::Tick(Duty::RetryCarefully));
    let seer = Visitor::of(Arc::clone(&visitor.desk));
    let told = get(&seer, "/api/v1/attention").await;
    let stopped = &told["attention"][0];
    assert_eq!(
        (
            &stopped["key"],
            &stopped["action"],
            &stopped["parameters"]["operation"]
        ),
        (
            &json!("careful_stopped"),
            &json!("see_operation"),
            &json!(id)
        ),
        "{told}"
    );
    let page = seer.get("/").await.text();
    assert!(
        page.contains(&format!("href=\"/operations/{id}\">See the operation")),
        "{page}"
    );
    start().await;
    // When the server has forgotten it, the way leads to what the audit log says of it.
    visitor.desk.restart();
    let forgotten = seer.get(&format!("/operations/{id}")).await;
    assert_eq!(forgotten.status, StatusCode::FOUND);
    let log = seer.get(forgotten.header("location")).await.text();
    let first = log.split("<tbody>").nth(1).unwrap();
    let first = first.split("</tr>").next().unwrap();
    assert!(
        first.contains("job.retry_carefully") && first.contains("tag dead"),
        "{first}"
    );
    let unknown = seer.get("/operations/00000000000000aa").await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
    let again = Visitor::of(Arc::clone(&visitor.desk));
    assert_eq!(
        get(&again, "/api/v1/attention").await["attention"],
        json!([])
    );
}
