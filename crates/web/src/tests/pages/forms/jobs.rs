//! What forms do to one job, and to the jobs of a set.

use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::super::put;
use super::{boxes, post};
use crate::tests::Visitor;
use crate::tests::visitor::{get, problem};

#[tokio::test]
async fn selected_jobs_and_all_of_a_set_are_changed_by_forms() {
    for (path, state, action) in [
        ("/scheduled", "scheduled", "add_to_queue"),
        ("/scheduled", "scheduled", "retry"),
        ("/scheduled", "scheduled", "delete"),
        ("/retries", "retries", "retry"),
        ("/retries", "retries", "add_to_queue"),
        ("/retries", "retries", "kill"),
        ("/retries", "retries", "delete"),
        ("/morgue", "dead", "retry"),
        ("/morgue", "dead", "add_to_queue"),
        ("/morgue", "dead", "delete"),
    ] {
        let visitor = Visitor::new();
        for n in 0..5 {
            put(&visitor, state, &format!("jid-0000{n}"), "T");
        }
        let keys = boxes(&visitor, path).await;
        assert_eq!(keys.len(), 5, "{path}");
        let form = format!("key={}&key={}&action={action}", keys[0], keys[1]);
        let (_, page) = post(&visitor, path, &form).await;
        assert!(page.contains("Done: 2 jobs."), "{path} {action}: {page}");
        assert_eq!(boxes(&visitor, path).await, keys[2..], "{path} {action}");
        // Faktory's key: a moment and an id.
        let page = visitor.get(path).await.text();
        let jid = page
            .split("href=\"/jobs/")
            .nth(1)
            .unwrap()
            .split('?')
            .next()
            .unwrap();
        let form = format!("key=2026-03-01T12%3A00%3A00Z%7C{jid}&action={action}");
        let (_, page) = post(&visitor, path, &form).await;
        assert!(page.contains("Done: 1 job."), "{path} {action}: {page}");
        let (_, page) = post(&visitor, path, &format!("key=all&action={action}")).await;
        assert!(page.contains("Done: 2 jobs."), "{path} {action}: {page}");
        assert_eq!(boxes(&visitor, path).await.len(), 0, "{path} {action}");
    }
}

#[tokio::test]
async fn one_job_is_changed_on_its_page_and_at_faktorys_address() {
    let visitor = Visitor::new();
    for jid in ["jid-00001", "jid-00002"] {
        put(&visitor, "retries", jid, "T");
    }
    let (_, page) = post(&visitor, "/jobs/jid-00001", "action=kill").await;
    assert!(
        page.contains("Done: 1 job.") && page.contains("class=\"tag dead\""),
        "{page}"
    );
    let key = "/retries/2026-03-01T10:00:00Z%7Cjid-00002";
    let detail = visitor.get(key).await;
    assert_eq!(detail.header("location"), "/jobs/jid-00002");
    let (_, page) = post(&visitor, key, "action=retry").await;
    assert!(page.contains("Done: 1 job."), "{page}");
    let page = visitor.get("/jobs/jid-00002").await.text();
    assert!(page.contains("class=\"tag enqueued\""), "{page}");
    // As Faktory's page of a queue names a job: by its payload.
    let payload = URL_SAFE_NO_PAD.encode(r#"{"jid":"jid-00002"}"#);
    let (_, page) = post(&visitor, "/queues/mails", &format!("bkey={payload}")).await;
    assert!(page.contains("Done: 1 job."), "{page}");
}

/// Demand 14: all were enqueued instead of killed, and 70 of 120 retried.
#[tokio::test]
async fn all_of_a_set_means_all_and_what_is_asked_for() {
    let visitor = Visitor::new();
    for n in 0..120 {
        put(&visitor, "retries", &format!("jid-{n:05}"), "T");
    }
    let counts = async || {
        let counters = get(&visitor, "/api/v1/counters").await;
        ["enqueued", "retries", "dead"].map(|name| counters[name].as_u64().unwrap())
    };
    let (_, page) = post(&visitor, "/retries", "key=all&action=kill").await;
    assert!(page.contains("Done: 120 jobs."), "{page}");
    assert_eq!(counts().await, [0, 0, 120]);
    let dead = async || get(&visitor, "/api/v1/sets/dead?limit=500").await["items"].clone();
    let before = dead().await;
    // They are dead already: nothing is counted twice, and none is kept longer.
    let (_, page) = post(&visitor, "/morgue", "key=all&action=kill").await;
    assert!(page.contains("Done: 0 jobs."), "{page}");
    assert_eq!(dead().await, before);
    let (_, page) = post(&visitor, "/morgue", "key=all&action=retry").await;
    assert!(page.contains("Done: 120 jobs."), "{page}");
    assert_eq!(counts().await, [120, 0, 0]);
}

#[tokio::test]
async fn of_two_jobs_with_one_id_each_has_a_page_and_its_own_actions() {
    let visitor = Visitor::new();
    for state in ["dead", "enqueued"] {
        put(&visitor, state, "jid-00001", "T");
    }
    let list = visitor.get("/morgue").await.text();
    let path = list.split("href=\"/jobs/").nth(1).unwrap();
    let path = format!("/jobs/{}", path.split('"').next().unwrap());
    let page = visitor.get(&path).await.text();
    assert!(page.contains("class=\"tag dead\""), "{page}");
    let key = boxes(&visitor, "/morgue").await.remove(0);
    let (_, page) = post(&visitor, &path, &format!("key={key}&action=delete")).await;
    assert!(page.contains("Done: 1 job."), "{page}");
    // The one that is left is shown where the other is gone.
    let page = visitor.get(&path).await.text();
    assert!(page.contains("class=\"tag enqueued\""), "{page}");
    let gone = problem(&visitor, &format!("/api/v1{path}"), 404).await;
    assert!(gone["detail"].as_str().unwrap().contains("under this key"));
    let found = get(&visitor, "/api/v1/jobs/jid-00001").await;
    assert_eq!(found["state"], "enqueued");
}

#[tokio::test]
async fn deleting_or_killing_a_job_offers_to_undo_it_at_once() {
    let visitor = Visitor::new();
    for (action, path) in [("kill", "/jobs/jid-00001"), ("delete", "/jobs/jid-00001")] {
        put(&visitor, "enqueued", "jid-00001", "T");
        let (_, page) = post(&visitor, path, &format!("action={action}")).await;
        let number = page.split("name=\"undo\" value=\"").nth(1);
        let number = number
            .and_then(|rest| rest.split('"').next())
            .unwrap_or_else(|| panic!("{page}"));
        let log = get(&visitor, "/api/v1/audit").await;
        assert_eq!(log["items"][0]["id"].to_string(), number, "{action}");
        let (status, _) = post(&visitor, "/audit", &format!("undo={number}")).await;
        assert_eq!(status, StatusCode::FOUND);
        assert_eq!(
            get(&visitor, "/api/v1/queues/mails").await["size"],
            1,
            "{action}"
        );
        let (_, page) = post(&visitor, path, "action=delete").await;
        assert!(page.contains("name=\"undo\""), "{page}");
    }
    put(&visitor, "retries", "jid-00002", "T");
    let (_, page) = post(&visitor, "/jobs/jid-00002", "action=retry").await;
    assert!(!page.contains("name=\"undo\""), "{page}");
}
