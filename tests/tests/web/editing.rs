//! Jobs that get another payload.

use serde_json::{Value, json};
use workmill_tests::{Client, Server, WebAnswer, instant_in, web_get, web_request};

const JID: &str = "jid-000001";

fn shown(server: &Server) -> Value {
    let answer = web_get(&server.web_url(), &format!("/api/v1/jobs/{JID}"));
    assert_eq!(answer.status, 200, "{}", answer.text());
    serde_json::from_slice(&answer.body).unwrap()
}

/// Asks to give the job that was seen like this another payload.
fn put(server: &Server, seen: &Value, change: &Value) -> WebAnswer {
    let mut body = change.clone();
    body["key"] = seen["key"].clone();
    body["digest"] = seen["digest"].clone();
    let headers = ["content-type: application/json"];
    let path = format!("/api/v1/jobs/{JID}");
    web_request(&server.web_url(), "PUT", &path, &headers, &body.to_string())
}

fn push_for_later(client: &mut Client) {
    client.push(&json!({
        "jid": JID, "jobtype": "Invoise", "queue": "q", "args": [1], "at": instant_in(3600), "team": "billing"
    }));
}

#[test]
fn edited_job_is_what_a_worker_gets_also_after_a_restart() {
    let mut server = Server::builder().web().start();
    push_for_later(&mut server.client());
    let change = json!({"jobtype": "Invoice", "args": [{"id": 9_007_199_254_740_993_u64}]});
    let edited = put(&server, &shown(&server), &change);
    assert_eq!(edited.status, 200, "{}", edited.text());
    server.restart();
    let again = json!({"queue": "other", "retry": 3, "enqueue": true});
    let enqueued = put(&server, &shown(&server), &again);
    assert_eq!(enqueued.status, 200, "{}", enqueued.text());
    let mut worker = server.worker("w");
    let job = worker.fetch_now("other");
    assert_eq!(job["jobtype"], "Invoice");
    assert_eq!(job["args"], json!([{"id": 9_007_199_254_740_993_u64}]));
    assert_eq!(
        (&job["retry"], &job["team"]),
        (&json!(3), &json!("billing"))
    );
    assert_eq!(worker.task_size("Scheduled"), 0);
}

#[test]
fn edit_of_what_others_have_changed_is_refused_and_changes_nothing() {
    let server = Server::builder().web().start();
    let mut client = server.client();
    push_for_later(&mut client);
    let seen = shown(&server);
    assert_eq!(put(&server, &seen, &json!({"args": [2]})).status, 200);
    // Its key is another one now.
    let stale = put(&server, &seen, &json!({"args": [3]}));
    assert_eq!(stale.status, 404, "{}", stale.text());
    let half_seen = json!({"key": shown(&server)["key"], "digest": seen["digest"]});
    let stale = put(&server, &half_seen, &json!({"args": [3]}));
    assert_eq!(stale.status, 409, "{}", stale.text());
    assert_eq!(shown(&server)["args"], json!([2]));
    // A worker has it: what it does cannot be changed any more.
    let now = put(&server, &shown(&server), &json!({"enqueue": true}));
    assert_eq!(now.status, 200, "{}", now.text());
    let mut worker = server.worker("w");
    assert_eq!(worker.fetch_jid("q"), JID);
    let late = put(&server, &shown(&server), &json!({"args": [4]}));
    assert_eq!(late.status, 409, "{}", late.text());
}
