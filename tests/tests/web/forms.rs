//! Scripts that were written for Faktory's pages, behind a proxy that shows them below a path.

use serde_json::json;
use workmill_tests::{Reply, Server, WebAnswer, instant_in, job, web_request};

/// `{"jid":"jid-000001"}` as Faktory's page of a queue names a job: in base64url without padding.
const FIRST_IN_BASE64: &str = "eyJqaWQiOiJqaWQtMDAwMDAxIn0";

const HEADERS: [&str; 2] = [
    "content-type: application/x-www-form-urlencoded",
    "x-script-name: /faktory",
];

/// Sends a form, and is led to a page.
fn post(server: &Server, path: &str, form: &str, leads_to: &str) {
    let path = format!("/faktory{path}");
    let answer = web_request(&server.web_url(), "POST", &path, &HEADERS, form);
    assert_eq!(answer.status, 302, "{path} {form}: {}", answer.text());
    let target = format!("/faktory{leads_to}");
    assert_eq!(answer.header("location"), target, "{path} {form}");
}

fn get(server: &Server, path: &str) -> WebAnswer {
    web_request(&server.web_url(), "GET", path, &HEADERS[1..], "")
}

#[test]
fn jobs_are_named_by_faktorys_keys_or_all_of_them_are_meant() {
    let server = Server::builder().web().start();
    let mut worker = server.worker("worker-1");
    for n in 1..=3 {
        let jid = format!("jid-00000{n}");
        worker.push(&job(&jid, "q"));
        worker.fetch_jid("q");
        worker.fail(&jid);
    }
    let at = "2026-11-30T12%3A00%3A00.123456789Z%7C";
    let two = format!("key={at}jid-000001&key={at}jid-000002&action=kill");
    post(&server, "/retries", &two, "/retries");
    assert_eq!(
        (worker.task_size("Dead"), worker.task_size("Retries")),
        (2, 1)
    );
    let one = format!("/retries/{at}jid-000003");
    post(&server, &one, "action=retry", "/retries");
    assert_eq!(worker.fetch_jid("q"), "jid-000003");
    // Its buttons post to the list; this one shows the job.
    let dead = format!("/morgue/{at}jid-000001");
    post(&server, &dead, "action=delete", "/jobs/jid-000001");
    assert_eq!(worker.task_size("Dead"), 2);
    post(&server, "/morgue", "key=all&action=add_to_queue", "/morgue");
    assert_eq!(worker.queue_size("q"), Some(2));
    worker.push(&json!({"jid": "jid-000004", "jobtype": "T", "queue": "q", "args": [], "at": instant_in(3_600)}));
    post(&server, "/scheduled", "key=all&action=delete", "/scheduled");
    assert_eq!(worker.task_size("Scheduled"), 0);
}

#[test]
fn queues_and_workers_are_told_what_faktorys_forms_say() {
    let server = Server::builder().web().start();
    let mut worker = server.worker("worker-1");
    for n in 1..=2 {
        worker.push(&job(&format!("jid-00000{n}"), "q"));
    }
    let first = format!("bkey={FIRST_IN_BASE64}");
    post(&server, "/queues/q", &first, "/queues/q");
    post(&server, "/queues/q", "action=pause", "/queues");
    assert_eq!(worker.fetch("q"), None);
    post(&server, "/queues/q", "action=resume", "/queues");
    assert_eq!(worker.fetch_jid("q"), "jid-000002");
    post(&server, "/queues/q", "action=delete", "/queues");
    assert_eq!(worker.queue_size("q"), None);
    post(&server, "/busy", "wid=worker-1&signal=quiet", "/busy");
    let quiet = Reply::Bulk(br#"{"state":"quiet"}"#.to_vec());
    assert_eq!(worker.beat("worker-1"), quiet);
    post(&server, "/busy", "wid=all&signal=terminate", "/busy");
    let terminate = Reply::Bulk(br#"{"state":"terminate"}"#.to_vec());
    assert_eq!(worker.beat("worker-1"), terminate);
}

#[test]
fn pages_are_where_faktory_has_them() {
    let server = Server::builder().web().start();
    for path in [
        "",
        "/",
        "/queues",
        "/retries",
        "/scheduled",
        "/morgue",
        "/busy",
        "/?days=90",
        "/retries?page=2",
    ] {
        assert_eq!(
            get(&server, &format!("/faktory{path}")).status,
            200,
            "{path}"
        );
    }
    let debug = get(&server, "/faktory/debug");
    assert_eq!(
        (debug.status, debug.header("location")),
        (302, "/faktory/server")
    );
    for path in ["/queues/nobody", "/nothing"] {
        assert_eq!(
            get(&server, &format!("/faktory{path}")).status,
            404,
            "{path}"
        );
    }
}
