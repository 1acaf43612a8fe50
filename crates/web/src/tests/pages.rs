//! The pages: what they show and do.

mod around;
mod forms;
mod hostile;
mod operations;
mod sentences;
mod shown;
mod size;
mod told;

use serde_json::json;
use workmill_engine::Rules;

use super::visitor::Answer;
use super::{HOSTILE, Visitor};
use crate::desk::fake::FakeDesk;

/// Every page that needs no name.
pub(super) const PAGES: [&str; 18] = [
    "/",
    "/queues",
    "/scheduled",
    "/retries",
    "/morgue",
    "/completed",
    "/busy",
    "/search",
    "/failures",
    "/batches",
    "/workers",
    "/cron",
    "/throttles",
    "/locks",
    "/jobtypes",
    "/operations",
    "/audit",
    "/server",
];

const STATES: [&str; 6] = [
    "scheduled",
    "retries",
    "dead",
    "working",
    "completed",
    "enqueued",
];

/// Bytes of a page, without packing.
const PAGE_BYTES_MAX: usize = 200 << 10;

/// What every page is, whatever it shows.
pub(super) fn check_page(path: &str, answer: &Answer) {
    let text = answer.text();
    assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
    assert!(
        text.len() < PAGE_BYTES_MAX,
        "{path} has {} bytes",
        text.len()
    );
    let lower = text.to_lowercase();
    for forbidden in [
        "style=",
        "<style",
        "<img",
        "onerror=\"",
        " onclick",
        "href=\"javascript:",
    ] {
        assert!(!lower.contains(forbidden), "{path} has {forbidden}: {text}");
    }
    let scripts = lower.match_indices("<script").map(|(at, _)| &lower[at..]);
    for script in scripts {
        let tag = script.split('>').next().unwrap();
        assert!(tag.contains("src=\"/static/"), "{path}: {tag}");
    }
    for link in text.split("href=\"").skip(1) {
        assert!(
            link.starts_with('/') || link.starts_with('#'),
            "{path}: {link}"
        );
    }
    assert_eq!(text.matches("<h1").count(), 1, "{path}");
    assert!(text.contains("</html>"), "{path} ends too early");
}

/// Calls a server that keeps jobs that are done.
fn visitor_of_completed() -> Visitor {
    Visitor::of(FakeDesk::with_rules(Rules {
        completed_secs: 3_600,
        ..Rules::default()
    }))
}

/// A job that is `state` for one who says this of it everywhere.
fn put(visitor: &Visitor, state: &str, jid: &str, says: &str) {
    let mut job = json!({
        "jid": jid, "jobtype": says, "queue": "mails", "args": [says, {says: [says]}],
        "custom": {"trace": says}, "retry": if state == "dead" { -1 } else { 3 },
    });
    if state == "scheduled" {
        job["at"] = json!("2026-03-01T12:00:00Z");
    }
    visitor.desk.push(&job);
    if state != "enqueued" && state != "scheduled" {
        let fetched = visitor.desk.fetch("mails");
        if state == "completed" {
            visitor.desk.ack(&fetched);
        }
    }
    if state == "retries" || state == "dead" {
        visitor.desk.fail(jid, says);
    }
}
