//! What others have written does nothing.

use serde_json::json;

use super::{PAGES, STATES, check_page, put, visitor_of_completed};
use crate::desk::fake;
use crate::tests::Visitor;
use crate::tests::visitor::get;

/// What others may write, and what must not come out of it.
const HOSTILE: [&str; 7] = [
    "<script>alert(1)</script>",
    "'\"><img src=x onerror=alert(1)>",
    "\u{202e}overridden",
    "{n} {queue} {{ 7 }}",
    " ",
    "\u{1f984}\u{645}\u{631}\u{62d}\u{628}\u{627}",
    "javascript:alert(1)",
];

#[tokio::test]
async fn what_others_have_written_is_shown_and_does_nothing() {
    let visitor = visitor_of_completed();
    for state in STATES {
        for (index, says) in HOSTILE.iter().enumerate() {
            put(&visitor, state, &format!("<jid>-{index}-{state}"), says);
        }
    }
    let mut paths = PAGES.map(str::to_owned).to_vec();
    paths.push("/queues/mails".to_owned());
    paths.push("/search?query=%3Cscript%3E".to_owned());
    paths.push("/search?query=%22%3Cscript%3E".to_owned());
    paths.push("/queues/%3Cscript%3E".to_owned());
    for index in 0..HOSTILE.len() {
        paths.push(format!("/jobs/%3Cjid%3E-{index}-dead"));
    }
    let groups = get(&visitor, "/api/v1/failures").await;
    for group in groups["items"].as_array().unwrap() {
        paths.push(format!("/failures/{}", group["id"].as_str().unwrap()));
    }
    assert!(paths.len() > PAGES.len() + 2 * HOSTILE.len());
    for path in paths {
        let answer = visitor.get(&path).await;
        check_page(&path, &answer);
        assert!(!answer.text().contains("<jid>"), "{path}");
    }
    let shown = visitor.get("/jobs/%3Cjid%3E-0-dead").await.text();
    assert!(shown.contains("&lt;script&gt;alert(1)"), "{shown}");
    let shown = visitor.get("/jobs/%3Cjid%3E-3-retries").await.text();
    assert!(shown.contains("{n} {queue} {{ 7 }}"), "{shown}");
}

#[tokio::test]
async fn workers_batches_and_locks_have_their_rows() {
    let visitor = Visitor::new();
    let mut worker = fake::worker("wid");
    worker.hostname = "<script>".to_owned();
    worker.rss_kb = 2_048;
    worker.labels = vec!["\"><script>".to_owned()];
    *visitor.desk.workers.lock() = vec![worker];
    visitor.desk.push(&json!({
        "jid": "jid-locked", "jobtype": "T", "args": [], "custom": {"unique_for": 60}
    }));
    for (path, row) in [
        ("/workers", "<bdi>wid</bdi>"),
        ("/locks", "<bdi>jid-locked</bdi>"),
    ] {
        let answer = visitor.get(path).await;
        check_page(path, &answer);
        assert!(answer.text().contains(row), "{path}: {}", answer.text());
    }
}
