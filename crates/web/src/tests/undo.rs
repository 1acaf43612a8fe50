//! Undoing by API and pages.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use super::Visitor;
use super::visitor::get;

fn visitor_with_jobs() -> Visitor {
    let visitor = Visitor::new().with("content-type", "application/json");
    for jid in ["jid-000001", "jid-000002"] {
        let job = json!({"jid": jid, "jobtype": "T", "queue": "q", "args": []});
        visitor.desk.push(&job);
    }
    visitor
}

async fn send(visitor: &Visitor, method: Method, path: &str, body: Value, status: u16) -> Value {
    let body = Body::from(body.to_string());
    let answer = visitor.send(method, path, body).await;
    assert_eq!(answer.status.as_u16(), status, "{path}: {}", answer.text());
    serde_json::from_slice(&answer.body).unwrap()
}

async fn size(visitor: &Visitor) -> usize {
    let jobs = get(visitor, "/api/v1/jobs?query=queue:q").await;
    jobs["jobs"].as_array().unwrap().len()
}

#[tokio::test]
async fn deleted_jobs_are_told_of_and_put_back_once() {
    let visitor = visitor_with_jobs();
    let delete = json!({"action": "delete", "query": "queue:q"});
    let deleted = send(&visitor, Method::POST, "/api/v1/operations", delete, 202).await;
    assert_eq!(
        (&deleted["audit"], &deleted["undoes"]),
        (&json!(1), &json!(null))
    );
    assert_eq!(size(&visitor).await, 0);
    let entry = get(&visitor, "/api/v1/audit").await["items"][0].clone();
    assert_eq!(
        entry["undo"],
        json!({"jobs": 2, "until": "2026-03-02T10:00:00Z"})
    );
    let trash = get(&visitor, "/api/v1/trash").await;
    assert_eq!((&trash["actions"], &trash["jobs"]), (&json!(1), &json!(2)));
    let undo = "/api/v1/audit/1/undo";
    let undone = send(&visitor, Method::POST, undo, json!({}), 202).await;
    assert_eq!(
        (&undone["action"], &undone["undoes"], &undone["changed"]),
        (&json!("undo"), &json!(1), &json!(2))
    );
    assert_eq!(size(&visitor).await, 2);
    let items = get(&visitor, "/api/v1/audit").await["items"].clone();
    assert_eq!(
        (&items[0]["undoes"], &items[0]["action"], &items[1]["undo"]),
        (&json!(1), &json!("action.undo"), &json!(null))
    );
    let again = send(&visitor, Method::POST, undo, json!({}), 409).await;
    assert!(
        again["detail"]
            .as_str()
            .unwrap()
            .contains("nothing in the trash of action 1")
    );
}

#[tokio::test]
async fn one_job_says_by_which_number_it_is_undone() {
    let visitor = visitor_with_jobs();
    let path = "/api/v1/jobs/jid-000001/delete";
    let done = send(&visitor, Method::POST, path, json!({}), 200).await;
    assert_eq!(done, json!({"jobs": 1, "audit": 1}));
    send(
        &visitor,
        Method::POST,
        "/api/v1/audit/1/undo",
        json!({}),
        202,
    )
    .await;
    assert_eq!(size(&visitor).await, 2);
}

#[tokio::test]
async fn nothing_is_told_of_when_its_time_is_over_or_the_trash_was_emptied() {
    let visitor = visitor_with_jobs();
    let path = |jid| format!("/api/v1/jobs/{jid}/delete");
    send(&visitor, Method::POST, &path("jid-000001"), json!({}), 200).await;
    visitor.desk.pass(Duration::from_secs(86_399));
    let entry = get(&visitor, "/api/v1/audit").await["items"][0].clone();
    assert_eq!(entry["undo"]["jobs"], 1);
    visitor.desk.pass(Duration::from_secs(1));
    let entry = get(&visitor, "/api/v1/audit").await["items"][0].clone();
    assert_eq!(entry["undo"], json!(null));
    send(&visitor, Method::POST, &path("jid-000002"), json!({}), 200).await;
    let emptied = send(&visitor, Method::DELETE, "/api/v1/trash", json!({}), 202).await;
    assert_eq!(
        (&emptied["action"], &emptied["changed"]),
        (&json!("empty_trash"), &json!(2))
    );
    assert_eq!(get(&visitor, "/api/v1/trash").await["jobs"], 0);
    send(
        &visitor,
        Method::POST,
        "/api/v1/audit/2/undo",
        json!({}),
        409,
    )
    .await;
}

#[tokio::test]
async fn pages_undo_and_empty_by_a_button() {
    let visitor = visitor_with_jobs();
    let delete = json!({"action": "delete", "query": ""});
    let deleted = send(&visitor, Method::POST, "/api/v1/operations", delete, 202).await;
    let page = format!("/operations/{}", deleted["id"].as_str().unwrap());
    let button = r#"<button name="undo" value="1">Undo</button>"#;
    for path in [&*page, "/audit"] {
        let text = visitor.get(path).await.text();
        assert!(text.contains(button), "{path}: {text}");
        assert!(text.contains("2 jobs, until"), "{path}: {text}");
    }
    let form = Visitor::of(Arc::clone(&visitor.desk))
        .with("content-type", "application/x-www-form-urlencoded");
    let answer = form
        .send(Method::POST, "/audit", Body::from("undo=1"))
        .await;
    assert_eq!(answer.status, StatusCode::FOUND, "{}", answer.text());
    let undone = visitor.get(answer.header("location")).await.text();
    assert!(undone.contains("<h1>Undo</h1>"), "{undone}");
    assert_eq!(size(&visitor).await, 2);
    assert!(!visitor.get(&page).await.text().contains(button));
    let path = "/api/v1/jobs/jid-000001/kill";
    send(&visitor, Method::POST, path, json!({}), 200).await;
    assert!(
        visitor
            .get("/server")
            .await
            .text()
            .contains("Empty the trash")
    );
    let answer = form
        .send(Method::POST, "/audit", Body::from("action=empty-trash"))
        .await;
    assert_eq!(answer.status, StatusCode::FOUND, "{}", answer.text());
    assert!(
        !Visitor::of(Arc::clone(&visitor.desk))
            .get("/server")
            .await
            .text()
            .contains("Empty the trash")
    );
    for wrong in ["undo=x", "action=explode"] {
        let answer = form.send(Method::POST, "/audit", Body::from(wrong)).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{wrong}");
    }
    let answer = form
        .send(Method::POST, "/audit", Body::from("undo=99"))
        .await;
    assert_eq!(answer.status, StatusCode::CONFLICT);
}
