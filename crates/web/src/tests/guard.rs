//! Who may come in, and what browsers are told.

use axum::body::Body;
use axum::http::{Method, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::Visitor;
use crate::guard::{Access, Secret};

fn basic(text: &str) -> String {
    format!("Basic {}", STANDARD.encode(text))
}

/// Nobody comes in without this password.
fn closed() -> Visitor {
    let visitor = Visitor::new();
    *visitor.desk.access.lock() = Access {
        password: Some(Secret::new("hunter2:x")),
        ..Access::default()
    };
    visitor
}

#[tokio::test]
async fn every_answer_forbids_what_browsers_need_not_do() {
    let visitor = Visitor::new();
    for path in [
        "/",
        "/nowhere",
        "/static/0/nothing",
        "/static/0/css/workmill.css",
    ] {
        let answer = visitor.get(path).await;
        let policy = answer.header("content-security-policy");
        assert!(policy.contains("default-src 'none'"), "{path}: {policy}");
        assert!(
            policy.contains("frame-ancestors 'none'"),
            "{path}: {policy}"
        );
        assert!(!policy.contains("unsafe"), "{path}: {policy}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("referrer-policy"), "same-origin");
    }
    let refused = closed().get("/").await;
    assert!(!refused.header("content-security-policy").is_empty());
    assert_eq!(visitor.get("/").await.header("cache-control"), "no-store");
}

#[tokio::test]
async fn any_name_comes_in_with_the_password_and_nobody_without() {
    let right = closed().with("authorization", &basic("anybody:hunter2:x"));
    assert_eq!(right.get("/").await.status, StatusCode::OK);
    for (header, text) in [
        (String::new(), "Authorization required\n"),
        (basic("hunter2:x"), "Authorization failed\n"),
        (basic("a:hunter2"), "Authorization failed\n"),
        (basic("a:"), "Authorization failed\n"),
        (String::from("Basic !"), "Authorization required\n"),
        (String::from("Bearer hunter2:x"), "Authorization required\n"),
    ] {
        let visitor = closed().with("authorization", &header);
        for path in ["/", "/nowhere"] {
            let answer = visitor.get(path).await;
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{header}");
            assert_eq!(answer.text(), text, "{header}");
            assert_eq!(answer.header("www-authenticate"), "Basic realm=\"Faktory\"");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn wrong_passwords_are_not_looked_at_for_ever() {
    let visitor = closed().with("authorization", &basic("a:wrong"));
    for _ in 0..10 {
        assert_eq!(visitor.get("/").await.status, StatusCode::UNAUTHORIZED);
    }
    let answer = visitor.get("/").await;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(answer.header("retry-after"), "60");
}

#[tokio::test]
async fn whoever_only_asks_is_not_counted_as_wrong() {
    let visitor = closed();
    for _ in 0..300 {
        assert_eq!(visitor.get("/").await.status, StatusCode::UNAUTHORIZED);
    }
}

#[tokio::test]
async fn the_api_says_as_a_problem_why_nobody_is_let_in() {
    let answer = closed().get("/api/v1/queues").await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    assert_eq!(answer.header("content-type"), "application/problem+json");
    let problem: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(problem["status"], 401);
    assert_eq!(problem["detail"], "Authorization required");
}

#[tokio::test]
async fn what_another_site_sends_changes_nothing() {
    for (headers, is_ours) in [
        (&[][..], true),
        (&[("sec-fetch-site", "same-origin")], true),
        (&[("sec-fetch-site", "none")], true),
        (&[("sec-fetch-site", "same-site")], false),
        (&[("sec-fetch-site", "cross-site")], false),
        (&[("sec-fetch-site", "")], false),
        (&[("origin", "http://jobs.internal:7420")], true),
        (&[("origin", "https://JOBS.internal:7420")], true),
        (&[("origin", "http://jobs.internal")], false),
        (&[("origin", "http://evil.example")], false),
        (&[("origin", "null")], false),
        (&[("origin", "")], false),
        (
            &[
                ("sec-fetch-site", "cross-site"),
                ("origin", "http://jobs.internal:7420"),
            ],
            false,
        ),
        (
            &[
                ("origin", "https://evil.example"),
                ("x-forwarded-host", "evil.example"),
            ],
            false,
        ),
    ] {
        let mut visitor = Visitor::new().with("host", "jobs.internal:7420");
        for (name, value) in headers {
            visitor = visitor.with(name, value);
        }
        for method in [Method::POST, Method::PUT, Method::DELETE, Method::PATCH] {
            let answer = visitor.send(method, "/nowhere", Body::empty()).await;
            let passed = answer.status != StatusCode::FORBIDDEN;
            assert_eq!(passed, is_ours, "{headers:?}: {}", answer.text());
        }
        assert_eq!(visitor.get("/").await.status, StatusCode::OK);
    }
}

#[tokio::test]
async fn line_for_the_shell_leads_to_where_a_trusted_proxy_is_reached() {
    for (proxies, reached) in [
        (
            "127.0.0.1",
            "https://jobs.example.com/jobs/api/v1/operations",
        ),
        (
            "192.0.2.0/24",
            "http://10.0.0.7:7420/jobs/api/v1/operations",
        ),
    ] {
        let visitor = Visitor::new()
            .with("content-type", "application/json")
            .with("host", "10.0.0.7:7420")
            .with("x-forwarded-host", "jobs.example.com")
            .with("x-forwarded-proto", "https")
            .with("x-script-name", "/jobs");
        visitor.desk.access.lock().proxies = vec![proxies.parse().unwrap()];
        let asked = Body::from(r#"{"action":"kill","query":"","dry_run":true}"#);
        let answer = visitor
            .send(Method::POST, "/api/v1/operations", asked)
            .await;
        assert!(answer.text().contains(reached), "{}", answer.text());
        let page = visitor
            .get("/operations/new?action=kill&query=")
            .await
            .text();
        assert!(page.contains(reached), "{page}");
    }
}

/// A stranger can let a name of theirs lead to this machine while their page is open. To the browser that is one site.
#[tokio::test]
async fn under_a_name_that_strangers_can_own_browsers_change_nothing_unless_there_is_a_password() {
    let open = Access::default();
    let named = Access {
        hosts: vec!["rebound.example".to_owned()],
        ..open.clone()
    };
    let behind_proxy = Access {
        authentication: false,
        ..open.clone()
    };
    let browser = |access: &Access| {
        let visitor = Visitor::new();
        *visitor.desk.access.lock() = access.clone();
        visitor
            .with("host", "rebound.example:7420")
            .with("origin", "http://rebound.example:7420")
    };
    for (access, status) in [
        (&open, StatusCode::FORBIDDEN),
        (&named, StatusCode::NOT_FOUND),
        (&behind_proxy, StatusCode::NOT_FOUND),
    ] {
        let answer = browser(access)
            .send(Method::POST, "/nowhere", Body::empty())
            .await;
        assert_eq!(answer.status, status, "{access:?}: {}", answer.text());
        assert_eq!(browser(access).get("/").await.status, StatusCode::OK);
    }
    let program = Visitor::new().with("host", "rebound.example:7420");
    let answer = program.send(Method::POST, "/nowhere", Body::empty()).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn host_that_a_trusted_proxy_has_served_is_ours() {
    for (proxy, status) in [
        ("127.0.0.1", StatusCode::NOT_FOUND),
        ("192.0.2.0/24", StatusCode::FORBIDDEN),
    ] {
        let visitor = Visitor::new()
            .with("host", "10.0.0.7:7420")
            .with("origin", "https://jobs.example")
            .with("x-forwarded-host", "jobs.example");
        visitor.desk.access.lock().proxies = vec![proxy.parse().unwrap()];
        let answer = visitor.send(Method::POST, "/nowhere", Body::empty()).await;
        assert_eq!(answer.status, status, "{proxy}");
    }
}
