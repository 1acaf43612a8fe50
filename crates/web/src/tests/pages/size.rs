//! How large pages are: on a phone in the train they have to be there at once.

use axum::body::Body;
use axum::http::Method;
use serde_json::json;

use super::{PAGES, STATES, put, visitor_of_completed};
use crate::desk::fake;
use crate::tests::Visitor;

/// Bytes of a page as it is sent.
const PACKED_BYTES_MAX: usize = 60_000;

/// More rows than a page has.
const ROWS: u64 = 150;

/// A text that cannot be packed well.
fn text(n: u64) -> String {
    let number = (n + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    format!(
        "{number:016x}{:016x}",
        number.wrapping_mul(0xbf58_476d_1ce4_e5b9)
    )
}

/// A server that has more of everything than a page shows.
async fn full() -> Visitor {
    let visitor = visitor_of_completed().with("content-type", "application/json");
    for state in STATES {
        for n in 0..ROWS {
            put(&visitor, state, &format!("jid-{state}-{n}"), &text(n));
        }
    }
    for n in 0..ROWS {
        let unique = json!({"unique_for": 600});
        visitor.desk.push(&json!({
            "jid": text(n), "jobtype": text(n), "queue": text(n), "args": [text(n)], "custom": unique
        }));
        let schedule = format!("{} 4 * * *", n % 60);
        for (path, body) in [
            (
                "/api/v1/cron",
                json!({"name": text(n), "schedule": schedule, "job": {"jobtype": text(n)}}),
            ),
            ("/api/v1/marks", json!({"text": text(n)})),
            (
                "/api/v1/operations",
                json!({"action": "requeue", "query": text(n)}),
            ),
        ] {
            let answer = visitor
                .send(Method::POST, path, Body::from(body.to_string()))
                .await;
            assert!(answer.status.is_success(), "{path}: {}", answer.text());
        }
    }
    *visitor.desk.workers.lock() = (0..ROWS).map(|n| fake::worker(&text(n))).collect();
    visitor
}

#[tokio::test]
async fn page_full_of_rows_is_small_as_it_is_sent() {
    let visitor = full().await.with("accept-encoding", "gzip");
    let mut largest = 0;
    for path in PAGES
        .into_iter()
        .chain(["/search?query=type:*", "/queues/mails"])
    {
        let answer = visitor.get(path).await;
        assert_eq!(answer.header("content-encoding"), "gzip", "{path}");
        let bytes = answer.body.len();
        assert!(bytes < PACKED_BYTES_MAX, "{path} has {bytes} bytes");
        largest = largest.max(bytes);
    }
    // There was something to pack.
    assert!(largest > 5 << 10, "{largest}");
}
