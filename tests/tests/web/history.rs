//! What happened over time is there after a restart.

use serde_json::{Value, json};
use workmill_tests::{Server, job, web_get};

fn json_of(server: &Server, path: &str) -> Value {
    let answer = web_get(&server.web_url(), path);
    assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    serde_json::from_slice(&answer.body).unwrap()
}

/// How often what happened to the jobs of a queue within a day, all in all.
fn sums(server: &Server, queue: &str) -> Value {
    let history = json_of(server, &format!("/api/v1/history?range=1d&queue={queue}"));
    let points = history["points"].as_array().unwrap();
    assert_eq!(points.len(), 144);
    let sum = |what: &str| {
        points
            .iter()
            .map(|point| point[what].as_u64().unwrap())
            .sum::<u64>()
    };
    json!(["enqueued", "started", "succeeded", "failed"].map(sum))
}

#[test]
fn history_survives_restarts_and_knows_jobs_that_ran_meanwhile() {
    let mut server = Server::builder().web().start();
    let mut worker = server.worker("w1");
    for n in 1..=3 {
        worker.push(&job(&format!("jid-00000{n}"), "mail"));
    }
    for _ in 0..3 {
        worker.fetch_now("mail");
    }
    worker.ok(r#"ACK {"jid":"jid-000001"}"#);
    drop(worker);
    server.restart();
    assert_eq!(sums(&server, "mail"), json!([3, 3, 1, 0]));
    let mut worker = server.worker("w1");
    worker.ok(r#"ACK {"jid":"jid-000002"}"#);
    worker.ok(r#"FAIL {"jid":"jid-000003","errtype":"Boom","message":"it broke"}"#);
    drop(worker);
    server.restart();
    assert_eq!(sums(&server, "mail"), json!([3, 3, 2, 1]));
    assert_eq!(sums(&server, "other"), json!([0, 0, 0, 0]));
    let types = json_of(&server, "/api/v1/jobtypes");
    let types = types["jobtypes"].as_array().unwrap();
    assert_eq!(types.len(), 1, "{types:?}");
    assert_eq!(
        (&types[0]["succeeded"], &types[0]["failed"]),
        (&json!(2), &json!(1))
    );
    assert_eq!(
        (&types[0]["wait"]["count"], &types[0]["run"]["count"]),
        (&json!(3), &json!(3))
    );
}
