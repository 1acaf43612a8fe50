//! Who may come in, and what browsers are told.

use axum::http::StatusCode;
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
