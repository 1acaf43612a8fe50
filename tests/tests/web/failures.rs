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
