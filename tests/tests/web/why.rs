//! Why something does not run, with real workers.

use std::time::{Duration, Instant};

use serde_json::Value;
use workmill_tests::{Server, job, web_get};

fn why(server: &Server, path: &str) -> Value {
    let answer = web_get(&server.web_url(), path);
    assert_eq!(answer.status, 200, "{path}");
    serde_json::from_slice(&answer.body).unwrap()
}

/// The first reason, once it is this one: the server looks around once a second.
fn wait_for(server: &Server, path: &str, key: &str) -> Value {
    let until = Instant::now() + Duration::from_secs(30);
    loop {
        let mut why = why(server, path);
        if why["reasons"][0]["key"] == key {
            return why["reasons"][0].take();
        }
        assert!(Instant::now() < until, "{key} is not the reason: {why}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn queue_knows_who_fetches_from_it_and_who_did_last() {
    let server = Server::builder().web().start();
    let mut producer = server.client();
    let mut worker = server.worker("mail-2");
    worker.fetch("mail low");
    producer.push(&job("jid-000001", "mail"));
    let path = "/api/v1/jobs/jid-000001/why";
    wait_for(&server, path, "workers_busy");
    drop(worker);
    let reason = wait_for(&server, path, "no_worker");
    assert_eq!(reason["parameters"]["last"], "mail-2");
    wait_for(&server, "/api/v1/queues/mail/why", "no_worker");
    producer.ok("QUEUE PAUSE mail");
    wait_for(&server, path, "paused");
}

#[test]
fn working_job_names_its_worker_and_an_unknown_one_is_a_problem() {
    let server = Server::builder().web().start();
    let mut worker = server.worker("mail-2");
    worker.push(&job("jid-000001", "mail"));
    worker.fetch_jid("mail");
    let reason = wait_for(&server, "/api/v1/jobs/jid-000001/why", "working");
    assert_eq!(reason["parameters"]["wid"], "mail-2");
    for path in ["/api/v1/jobs/jid-000009/why", "/api/v1/queues/none/why"] {
        assert_eq!(web_get(&server.web_url(), path).status, 404, "{path}");
    }
}
