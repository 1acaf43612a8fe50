//! What went wrong at each attempt at a job of a real server.

use serde_json::{Value, json};
use workmill_tests::{Server, web_get};

const JID: &str = "jid-000001";

fn shown(server: &Server) -> Value {
    let answer = web_get(&server.web_url(), &format!("/api/v1/jobs/{JID}"));
    assert_eq!(answer.status, 200, "{}", answer.text());
    serde_json::from_slice(&answer.body).unwrap()
}

/// The events of the timeline, each with the worker and what went wrong.
fn events(server: &Server) -> Value {
    let job = shown(server);
    let steps = job["timeline"].as_array().unwrap().iter();
    let told = steps.map(|step| {
        let attempt = &step["attempt"];
        json!([
            step["event"],
            step["worker"],
            attempt["message"],
            attempt["backtrace"]
        ])
    });
    told.collect()
}

#[test]
fn each_attempt_is_told_with_its_worker_and_its_error_also_after_a_crash() {
    let mut server = Server::builder().web().start();
    let mut client = server.client();
    client.push(&json!({"jid": JID, "jobtype": "T", "queue": "q", "args": [], "retry": 2}));
    for (wid, message) in [("w1", "no answer"), ("w2", "refused"), ("w3", "gone")] {
        let mut worker = server.worker(wid);
        let job = worker.fetch_now("q");
        assert_eq!(job["attempts"], Value::Null);
        worker.ok(format!(
            r#"FAIL {{"jid":"{JID}","errtype":"Boom","message":"{message}","backtrace":["a of {wid}","b"]}}"#
        ));
        client.ok(r#"MUTATE {"cmd":"requeue","target":"retries"}"#);
    }
    let before = events(&server);
    let attempt = |event: &str, wid: &str, message: &str| {
        json!([event, wid, message, [format!("a of {wid}"), "b"]])
    };
    let expected = json!([
        ["forgotten", null, null, null],
        attempt("died", "w3", "gone"),
        before[2],
        attempt("failed", "w2", "refused"),
        attempt("failed", "w1", "no answer"),
        ["created", null, null, null]
    ]);
    assert_eq!(before[2][0], "enqueued", "{before}");
    assert_eq!(before, expected);
    server.kill9();
    server.start_again();
    assert_eq!(events(&server), before);
}
