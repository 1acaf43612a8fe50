//! Failed jobs of a real server, by what they have in common: from the failures to a change of exactly these jobs, across restarts.

use serde_json::{Value, json};
use workmill_tests::{Server, job, web_get, web_request};

fn json_of(server: &Server, path: &str) -> Value {
    let answer = web_get(&server.web_url(), path);
    assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    serde_json::from_slice(&answer.body).unwrap()
}

/// What groups count: type, jobs to be retried, dead ones, failures.
fn groups(server: &Server) -> Value {
    let list = json_of(server, "/api/v1/failures");
    let groups = list["items"].as_array().unwrap().iter();
    let told = groups.map(|group| {
        json!([
            group["jobtype"],
            group["retries"],
            group["dead"],
            group["failures"]
        ])
    });
    told.collect()
}

#[test]
fn failures_are_grouped_found_and_acted_on_across_restarts() {
    let mut server = Server::builder().web().start();
    let mut worker = server.worker("w1");
    for n in 1..=5 {
        worker.push(&job(&format!("jid-00000{n}"), "mail"));
        worker.fetch_now("mail");
        let message = if n == 5 {
            "refused"
        } else {
            "no answer in 7 s"
        };
        let message = message.replace('7', &n.to_string());
        worker.ok(format!(
            r#"FAIL {{"jid":"jid-00000{n}","errtype":"Boom","message":"{message}"}}"#
        ));
    }
    drop(worker);
    let list = json_of(&server, "/api/v1/failures");
    let first = list["items"][0].clone();
    assert_eq!(first["retries"], 4);
    assert_eq!(first["message"], "no answer in \u{2026} s");
    let before = groups(&server);
    server.kill9();
    server.start_again();
    assert_eq!(groups(&server), before);
    let query = first["query"].as_str().unwrap();
    let body = json!({"action": "kill", "query": query}).to_string();
    let headers = ["content-type: application/json"];
    let started = web_request(
        &server.web_url(),
        "POST",
        "/api/v1/operations",
        &headers,
        &body,
    );
    assert_eq!(started.status, 202, "{}", started.text());
    let started: Value = serde_json::from_slice(&started.body).unwrap();
    let operation = format!("/api/v1/operations/{}", started["id"].as_str().unwrap());
    let ended = std::iter::repeat_with(|| json_of(&server, &operation));
    let mut ended = ended.skip_while(|operation| operation["state"] == "running");
    let ended = ended.next().unwrap();
    assert_eq!(
        (&ended["state"], &ended["changed"]),
        (&json!("done"), &json!(4))
    );
    let id = first["id"].as_str().unwrap();
    let group = json_of(&server, &format!("/api/v1/failures/{id}"));
    assert_eq!((&group["retries"], &group["dead"]), (&json!(0), &json!(4)));
    assert_eq!(groups(&server).as_array().unwrap().len(), 2);
    let page = web_get(&server.web_url(), "/failures");
    assert!(page.text().contains("refused"), "{}", page.text());
}

/// Starts a careful retry of all dead jobs; gives the path of the operation.
fn retry_carefully(server: &Server) -> String {
    let careful = json!({"first": 4, "rate": 1_000, "stop_percent": 25});
    let body = json!({"action": "retry", "query": "state:dead", "careful": careful}).to_string();
    let headers = ["content-type: application/json"];
    let url = server.web_url();
    let started = web_request(&url, "POST", "/api/v1/operations", &headers, &body);
    assert_eq!(started.status, 202, "{}", started.text());
    let started: Value = serde_json::from_slice(&started.body).unwrap();
    format!("/api/v1/operations/{}", started["id"].as_str().unwrap())
}

/// A worker takes each job as it comes, until the operation has ended. `fails` says whether it fails at the nth.
fn work_until_it_ends(server: &Server, operation: &str, fails: impl Fn(usize) -> bool) -> Value {
    let mut worker = server.worker("w2");
    let mut taken = 0;
    loop {
        let told = json_of(server, operation);
        if told["state"] != "running" {
            return told;
        }
        if let Some(job) = worker.fetch("mail") {
            let jid = job["jid"].as_str().unwrap();
            match fails(taken) {
                true => worker.ok(format!(
                    r#"FAIL {{"jid":"{jid}","errtype":"Boom","message":"again"}}"#
                )),
                false => worker.ok(format!(r#"ACK {{"jid":"{jid}"}}"#)),
            }
            taken += 1;
        }
    }
}

/// Jobs that have failed for good.
fn server_with_dead(jobs: usize) -> Server {
    let server = Server::builder().web().start();
    let mut worker = server.worker("w1");
    for n in 0..jobs {
        let jid = format!("jid-{n:06}");
        let payload = json!({
            "jid": jid, "jobtype": "T", "queue": "mail", "args": [], "retry": -1
        });
        worker.push(&payload);
        worker.fetch_now("mail");
        worker.ok(format!(
            r#"FAIL {{"jid":"{jid}","errtype":"Boom","message":"it broke"}}"#
        ));
    }
    server
}

#[test]
fn a_careful_retry_ends_by_itself_when_jobs_succeed() {
    let server = server_with_dead(12);
    let operation = retry_carefully(&server);
    let ended = work_until_it_ends(&server, &operation, |_| false);
    assert_eq!(
        (&ended["state"], &ended["changed"]),
        (&json!("done"), &json!(12))
    );
    assert_eq!(groups(&server), json!([]));
}

#[test]
fn a_careful_retry_stops_by_itself_when_half_of_the_jobs_fail_again() {
    let server = server_with_dead(12);
    let operation = retry_carefully(&server);
    let ended = work_until_it_ends(&server, &operation, |nth| nth % 2 == 0);
    assert_eq!(
        (&ended["state"], &ended["changed"]),
        (&json!("failed"), &json!(4))
    );
    let reason = ended["reason"].as_str().unwrap();
    assert!(
        reason.contains("2 of the last 4 retried jobs failed again, more than 25 %"),
        "{reason}"
    );
    let page = web_get(&server.web_url(), "/audit");
    assert!(
        page.text().contains("job.retry_carefully"),
        "{}",
        page.text()
    );
}

#[test]
fn a_careful_retry_goes_on_after_a_crash() {
    let mut server = server_with_dead(12);
    let operation = retry_carefully(&server);
    let mut worker = server.worker("w1");
    for _ in 0..3 {
        let jid = worker.fetch_jid("mail");
        worker.ack(&jid);
    }
    drop(worker);
    server.kill9();
    server.start_again();
    // What has ended is known: one more, and the rest goes.
    let ended = work_until_it_ends(&server, &operation, |_| false);
    assert_eq!(
        (&ended["state"], &ended["changed"]),
        (&json!("done"), &json!(12))
    );
}
