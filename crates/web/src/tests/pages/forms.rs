//! What forms do, and for whom.

mod jobs;
mod machinery;
mod selected;

use std::sync::Arc;

use axum::body::Body;
use axum::http::{Method, StatusCode};

use super::{PAGES, check_page, put};
use crate::desk::Role;
use crate::guard::{Account, hash_password};
use crate::tests::Visitor;

#[tokio::test]
async fn queue_is_paused_resumed_and_removed_by_those_who_may() {
    let visitor = Visitor::new().with("content-type", "application/x-www-form-urlencoded");
    put(&visitor, "enqueued", "jid-00001", "T");
    for (action, notice, is_paused) in [
        ("pause", "is paused. Jobs that run go on", true),
        ("resume", "is handed out again", false),
    ] {
        let body = Body::from(format!("action={action}"));
        let answer = visitor.send(Method::POST, "/queues/mails", body).await;
        assert_eq!(answer.status, StatusCode::FOUND, "{action}");
        assert_eq!(answer.header("location"), "/queues");
        let kept = answer
            .header("set-cookie")
            .split(';')
            .next()
            .unwrap()
            .to_owned();
        let next = Visitor::of(Arc::clone(&visitor.desk)).with("cookie", &kept);
        let page = next.get("/queues").await;
        assert!(page.text().contains(notice), "{action}: {}", page.text());
        assert!(page.header("set-cookie").contains("Max-Age=0"));
        let tag = page.text().contains(">paused</span>");
        assert_eq!(tag, is_paused, "{action}");
    }
    let post = |body: &'static str| visitor.send(Method::POST, "/queues/mails", Body::from(body));
    assert_eq!(post("action=explode").await.status, StatusCode::BAD_REQUEST);
    assert_eq!(post("action=delete").await.status, StatusCode::FOUND);
    assert_eq!(
        visitor.get("/queues/mails").await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn viewer_is_shown_no_action_and_refused_all() {
    let visitor = Visitor::new();
    put(&visitor, "enqueued", "jid-00001", "T");
    assert!(
        visitor
            .get("/queues/mails")
            .await
            .text()
            .contains("<form method=\"post\"")
    );
    visitor.desk.access.lock().accounts = vec![
        Account::new(
            "anna",
            Role::Viewer,
            &hash_password(b"secret", [7; 16]).unwrap(),
        )
        .unwrap(),
    ];
    let viewer = visitor
        .with("authorization", "Basic YW5uYTpzZWNyZXQ=")
        .with("content-type", "application/x-www-form-urlencoded");
    for path in PAGES
        .into_iter()
        .chain(["/queues/mails", "/jobs/jid-00001"])
    {
        let page = viewer.get(path).await;
        assert_eq!(page.status, StatusCode::OK, "{path}");
        assert!(!page.text().contains("method=\"post\""), "{path}");
    }
    for (path, form) in [
        ("/queues/mails", "action=pause"),
        ("/queues/mails", "action=delete"),
        ("/queues/mails", "bkey=eyJqaWQiOiJqaWQtMDAwMDEifQ"),
        ("/morgue", "key=all&action=delete"),
        ("/retries", "action=retry"),
        ("/jobs/jid-00001", "action=delete"),
        ("/busy", "wid=all&signal=quiet"),
        ("/operations", "action=delete&query="),
        ("/operations/0123456789abcdef", "action=cancel"),
        ("/cron", "action=run&name=nightly"),
        ("/audit", "undo=1"),
        ("/audit", "action=empty-trash"),
    ] {
        let refused = viewer.send(Method::POST, path, Body::from(form)).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{path} {form}");
        check_page("a refused action", &refused);
    }
    for path in ["/operations/new?action=move", "/cron/new"] {
        let refused = viewer.get(path).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{path}");
    }
}

/// Sends a form, and gives back the page it leads to.
async fn post(visitor: &Visitor, path: &str, form: &str) -> (StatusCode, String) {
    let sender = Visitor::of(Arc::clone(&visitor.desk))
        .with("content-type", "application/x-www-form-urlencoded");
    let answer = sender
        .send(Method::POST, path, Body::from(form.to_owned()))
        .await;
    let (status, target) = (answer.status, answer.header("location").to_owned());
    if status != StatusCode::FOUND {
        check_page(path, &answer);
        return (status, answer.text());
    }
    let kept = answer
        .header("set-cookie")
        .split(';')
        .next()
        .unwrap()
        .to_owned();
    let next = Visitor::of(Arc::clone(&visitor.desk)).with("cookie", &kept);
    (status, next.get(&target).await.text())
}

/// What the form says that starts what was asked for.
fn hidden(page: &str) -> String {
    let forms = page.split("<form ").skip(1);
    let form = forms.map(|form| form.split("</form>").next().unwrap());
    let form = form.filter(|form| form.contains("value=\"start\"")).last();
    let fields = form
        .expect("the form that starts it")
        .split("<input type=\"hidden\" name=\"");
    let fields = fields.skip(1).map(|field| {
        let (name, rest) = field.split_once("\" value=\"").unwrap();
        format!("{name}={}", rest.split('"').next().unwrap())
    });
    fields.collect::<Vec<_>>().join("&")
}

/// The values of the boxes of a page.
async fn boxes(visitor: &Visitor, path: &str) -> Vec<String> {
    let text = visitor.get(path).await.text();
    let parts = text
        .split("type=\"checkbox\" name=\"key\" value=\"")
        .skip(1);
    parts
        .map(|part| part.split('"').next().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn forms_that_make_no_sense_change_nothing() {
    let visitor = Visitor::new();
    put(&visitor, "dead", "jid-00001", "T");
    for (path, form) in [
        ("/morgue", "key=all&action=explode"),
        ("/morgue", "key=all"),
        ("/morgue", "key=nonsense&action=delete"),
        ("/retries/all", "action=delete"),
        ("/scheduled/all", "action=add_to_queue"),
        ("/jobs/jid-00001", "action=explode"),
        ("/queues/mails", "bkey=!"),
        ("/busy", "wid=all&signal=explode"),
    ] {
        let (status, _) = post(&visitor, path, form).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{path} {form}");
    }
    let (_, page) = post(&visitor, "/morgue", "action=delete").await;
    assert!(page.contains("Done: 0 jobs."), "{page}");
    assert_eq!(boxes(&visitor, "/morgue").await.len(), 1);
}
