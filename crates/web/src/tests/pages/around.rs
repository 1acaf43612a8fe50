//! What is around every page: what its reader chose, the files it needs, the proxy in front of it.

use axum::http::StatusCode;

use crate::tests::Visitor;

#[tokio::test]
async fn what_somebody_chose_is_kept() {
    let visitor = Visitor::new().with("x-script-name", "/jobs");
    let answer = visitor.get("/jobs/queues?lang=de&theme=dark").await;
    let kept: Vec<&str> = answer
        .headers
        .get_all("set-cookie")
        .iter()
        .map(|cookie| cookie.to_str().unwrap())
        .collect();
    assert_eq!(
        kept,
        [
            "workmill_language=de; Path=/jobs; Max-Age=31536000; HttpOnly; SameSite=Lax",
            "workmill_theme=dark; Path=/jobs; Max-Age=31536000; HttpOnly; SameSite=Lax",
        ]
    );
    assert!(
        answer
            .text()
            .contains("<html lang=\"de\" dir=\"ltr\" data-theme=\"dark\">")
    );
    let later = Visitor::new().with("cookie", "workmill_language=de; workmill_theme=dark");
    let later = later.get("/queues").await;
    assert_eq!(later.header("set-cookie"), "");
    assert!(
        later
            .text()
            .contains("<html lang=\"de\" dir=\"ltr\" data-theme=\"dark\">")
    );
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
