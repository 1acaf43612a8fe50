//! What pages show, and the files they need.

use std::time::Duration;

use axum::http::StatusCode;
use serde_json::json;

use super::Visitor;
use crate::desk::WorkerView;

#[tokio::test]
async fn overview_shows_queues_and_escapes_what_others_have_written() {
    let visitor = Visitor::new();
    visitor.desk.push(&json!({
        "jid": "jid-000001", "jobtype": "T", "queue": "mails", "args": []
    }));
    *visitor.desk.workers.lock() = vec![worker("<script>alert(1)</script>")];
    let answer = visitor.get("/").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
    let text = answer.text();
    assert!(text.contains("<bdi>mails</bdi>"), "{text}");
    assert!(
        text.contains("alert(1)") && !text.contains("<script>"),
        "{text}"
    );
}

fn worker(hostname: &str) -> WorkerView {
    WorkerView {
        wid: "wid".into(),
        hostname: hostname.to_owned(),
        pid: 1,
        labels: Vec::new(),
        rss_kb: 0,
        state: "running",
        connections: 1,
        connected_for: Duration::ZERO,
        silent_for: Duration::ZERO,
    }
}

/// The paths of our files that a page names.
fn static_paths(page: &str) -> Vec<String> {
    let parts = page.split('"').filter(|part| part.contains("/static/"));
    parts.map(str::to_owned).collect()
}

#[tokio::test]
async fn files_of_pages_are_found_packed_and_kept_for_ever() {
    let visitor = Visitor::new();
    let page = visitor.get("/").await.text();
    let paths = static_paths(&page);
    assert!(!paths.is_empty(), "{page}");
    for path in paths {
        let plain = visitor.get(&path).await;
        assert_eq!(plain.status, StatusCode::OK, "{path}");
        assert_eq!(plain.header("content-encoding"), "");
        assert!(plain.header("cache-control").contains("immutable"));
        assert_ne!(plain.header("content-type"), "application/octet-stream");
        let packed = Visitor::new().with("accept-encoding", "br, gzip");
        let packed = packed.get(&path).await;
        assert_eq!(packed.header("content-encoding"), "gzip");
        assert!(packed.body.len() < plain.body.len());
        let refused = Visitor::new().with("accept-encoding", "gzip;q=0");
        assert_eq!(refused.get(&path).await.body, plain.body);
    }
    let stale = visitor
        .get("/static/0123456789abcdef/css/workmill.css")
        .await;
    assert_eq!(stale.header("cache-control"), "public, max-age=3600");
    for path in ["/static/x/css/../app.rs", "/static/x/nothing.css"] {
        let missing = visitor.get(path).await;
        assert_eq!(missing.status, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn pages_behind_a_proxy_link_below_its_prefix() {
    let visitor = Visitor::new().with("x-script-name", "/jobs");
    for path in ["/jobs", "/jobs/", "/"] {
        let page = visitor.get(path).await.text();
        let paths = static_paths(&page);
        assert!(!paths.is_empty(), "{path}: {page}");
        for path in paths {
            assert!(path.starts_with("/jobs/static/"), "{path}");
            assert_eq!(visitor.get(&path).await.status, StatusCode::OK, "{path}");
        }
        assert!(page.contains("href=\"/jobs/\""), "{page}");
    }
}

#[tokio::test]
async fn large_pages_are_packed_for_those_who_can_unpack() {
    let visitor = Visitor::new().with("accept-encoding", "gzip");
    assert_eq!(visitor.get("/").await.header("content-encoding"), "gzip");
}
