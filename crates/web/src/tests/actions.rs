//! What can be done by the API, and by whom.

use axum::body::Body;
use axum::http::{Method, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::Visitor;
use super::visitor::Answer;
use crate::desk::{Action, Role};
use crate::guard::{Access, Account, hash_password};

/// A request that does something.
pub(super) struct ActionRequest {
    pub(super) action: Action,
    pub(super) method: Method,
    /// The path as the document has it.
    pub(super) template: &'static str,
    pub(super) path: &'static str,
    pub(super) body: Option<Value>,
}

/// Each action with a request for it: its name, the method, the path as the document has it, a path, and the body.
const REQUESTS: &str = r#"
queue.pause POST /api/v1/queues/{name}/pause /api/v1/queues/q/pause
queue.resume POST /api/v1/queues/{name}/resume /api/v1/queues/q/resume
queue.remove DELETE /api/v1/queues/{name} /api/v1/queues/q
job.push POST /api/v1/jobs /api/v1/jobs {"jobtype":"T","args":[]}
job.push POST /api/v1/jobs/bulk /api/v1/jobs/bulk []
job.push POST /api/v1/jobs/{jid}/again /api/v1/jobs/x/again {}
job.requeue POST /api/v1/jobs/{jid}/{action} /api/v1/jobs/x/requeue {}
job.kill POST /api/v1/jobs/{jid}/{action} /api/v1/jobs/x/kill {}
job.delete POST /api/v1/jobs/{jid}/{action} /api/v1/jobs/x/delete {}
job.edit PUT /api/v1/jobs/{jid} /api/v1/jobs/x {"key":"j1","digest":""}
job.move POST /api/v1/jobs/{jid}/{action} /api/v1/jobs/x/move {"queue":"q"}
operation.start POST /api/v1/operations /api/v1/operations {"action":"kill","query":"type:T"}
operation.see GET /api/v1/operations /api/v1/operations
operation.cancel DELETE /api/v1/operations/{id} /api/v1/operations/0
action.undo POST /api/v1/audit/{id}/undo /api/v1/audit/7/undo
trash.empty DELETE /api/v1/trash /api/v1/trash
workers.quiet POST /api/v1/workers/{signal} /api/v1/workers/quiet {"all":true}
workers.terminate POST /api/v1/workers/{signal} /api/v1/workers/terminate {"all":true}
cron.run POST /api/v1/cron/{name}/run /api/v1/cron/x/run
cron.pause POST /api/v1/cron/{name}/pause /api/v1/cron/x/pause
cron.resume POST /api/v1/cron/{name}/resume /api/v1/cron/x/resume
cron.save POST /api/v1/cron /api/v1/cron {"name":"a","schedule":"@daily","job":{"jobtype":"T"}}
cron.save PUT /api/v1/cron/{name} /api/v1/cron/x {"schedule":"@daily","job":{"jobtype":"T"}}
cron.delete DELETE /api/v1/cron/{name} /api/v1/cron/x
mark.add POST /api/v1/marks /api/v1/marks {"text":"deploy"}
mark.delete DELETE /api/v1/marks/{id} /api/v1/marks/7
attention.mute POST /api/v1/attention/mute /api/v1/attention/mute {"key":"queue_paused","subject":"q","hours":1}
attention.unmute POST /api/v1/attention/unmute /api/v1/attention/unmute {"key":"queue_paused","subject":"q"}
flush POST /api/v1/flush /api/v1/flush {"everything":true}
"#;

/// They, read.
pub(super) fn requests() -> Vec<ActionRequest> {
    let lines = REQUESTS.trim().lines();
    lines
        .map(|line| {
            let words: Vec<&'static str> = line.split(' ').collect();
            let named = |action: &Action| action.as_str() == words[0];
            ActionRequest {
                action: Action::ALL.into_iter().find(named).unwrap(),
                method: words[1].parse().unwrap(),
                template: words[2],
                path: words[3],
                body: words.get(4).map(|body| body.parse().unwrap()),
            }
        })
        .collect()
}

async fn send(visitor: &Visitor, method: Method, path: &str, body: Option<&Value>) -> Answer {
    let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
    visitor.send(method, path, body).await
}

fn json_visitor() -> Visitor {
    Visitor::new().with("content-type", "application/json")
}

async fn post(visitor: &Visitor, path: &str, body: Value, status: u16) -> Value {
    let answer = send(visitor, Method::POST, path, Some(&body)).await;
    assert_eq!(answer.status.as_u16(), status, "{path}: {}", answer.text());
    serde_json::from_slice(&answer.body).unwrap_or_default()
}

async fn get(visitor: &Visitor, path: &str) -> Value {
    let answer = visitor.get(path).await;
    assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text());
    serde_json::from_slice(&answer.body).unwrap()
}

#[tokio::test]
async fn each_action_is_refused_to_those_without_the_role_for_it() {
    let hash = hash_password(b"secret", [7; 16]).unwrap();
    let accounts = Role::ALL.map(|role| Account::new(role.as_str(), role, &hash).unwrap());
    for role in Role::ALL {
        let name = STANDARD.encode(format!("{}:secret", role.as_str()));
        let visitor = json_visitor().with("authorization", &format!("Basic {name}"));
        *visitor.desk.access.lock() = Access {
            accounts: accounts.to_vec(),
            ..Access::default()
        };
        for request in requests() {
            let asked = visitor.desk.asked.lock().len();
            let (path, body) = (request.path, request.body.as_ref());
            let answer = send(&visitor, request.method, path, body).await;
            let may = role >= request.action.least_role();
            let is_refused = answer.status == StatusCode::FORBIDDEN;
            assert_eq!(is_refused, !may, "{role:?} {path}: {}", answer.text());
            if is_refused {
                assert_eq!(visitor.desk.asked.lock().len(), asked, "{path}");
                let needed = request.action.least_role().as_str();
                assert!(answer.text().contains(needed), "{}", answer.text());
            }
        }
    }
}

#[tokio::test]
async fn queue_is_paused_resumed_and_removed_and_seen_so_at_once() {
    let visitor = json_visitor();
    visitor
        .desk
        .push(&json!({"jid": "jid-000001", "jobtype": "T", "queue": "q", "args": []}));
    assert_eq!(get(&visitor, "/api/v1/queues/q").await["paused"], false);
    post(&visitor, "/api/v1/queues/q/pause", json!({}), 204).await;
    assert_eq!(get(&visitor, "/api/v1/queues/q").await["paused"], true);
    post(&visitor, "/api/v1/queues/*/resume", json!({}), 204).await;
    assert_eq!(get(&visitor, "/api/v1/queues/q").await["paused"], false);
    let gone = send(&visitor, Method::DELETE, "/api/v1/queues/q", None).await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT);
    assert_eq!(
        visitor.get("/api/v1/queues/q").await.status,
        StatusCode::NOT_FOUND
    );
    let all = send(&visitor, Method::DELETE, "/api/v1/queues/*", None).await;
    assert_eq!(all.status, StatusCode::BAD_REQUEST);
    post(&visitor, "/api/v1/queues/a%20b/pause", json!({}), 400).await;
}

#[tokio::test]
async fn pushed_job_is_there_to_the_last_digit_and_has_an_id() {
    let visitor = json_visitor();
    let body = r#"{"jobtype":"T","args":[12345678901234567890123]}"#;
    let answer = visitor
        .send(Method::POST, "/api/v1/jobs", Body::from(body))
        .await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text());
    let pushed: Value = serde_json::from_slice(&answer.body).unwrap();
    let path = format!("/api/v1/jobs/{}", pushed["jid"].as_str().unwrap());
    let job = visitor.get(&path).await.text();
    assert!(job.contains("[12345678901234567890123]"), "{job}");
    let many = json!([{"jobtype": "A", "args": [], "jid": "jid-000001"}, {"args": []}]);
    let many = post(&visitor, "/api/v1/jobs/bulk", many, 200).await;
    assert_eq!(many["jobs"], 1, "{many}");
    assert_eq!(many["refused"].as_array().unwrap().len(), 1, "{many}");
    post(&visitor, "/api/v1/jobs", json!({"jobtype": "T"}), 400).await;
    post(&visitor, "/api/v1/jobs", json!([1]), 400).await;
    let answer = visitor
        .send(Method::POST, "/api/v1/jobs", Body::from("{"))
        .await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    let large = json!({"jobtype": "T", "args": ["x".repeat(2 << 20)]});
    post(&visitor, "/api/v1/jobs", large, 413).await;
}

#[tokio::test]
async fn action_is_for_the_one_job_that_is_meant_and_for_its_state() {
    let visitor = json_visitor();
    for args in [1, 2] {
        visitor.desk.push(&json!({
            "jid": "jid-000001", "jobtype": "T", "queue": "q", "args": [args], "at": "2026-03-02T00:00:00Z"
        }));
    }
    let kill = "/api/v1/jobs/jid-000001/kill";
    post(&visitor, kill, json!({}), 409).await;
    let jobs = get(&visitor, "/api/v1/sets/scheduled").await;
    let key = jobs["items"][1]["key"].clone();
    assert_eq!(
        post(&visitor, kill, json!({"key": key}), 200).await,
        json!({"jobs": 1, "audit": 1})
    );
    assert_eq!(
        get(&visitor, "/api/v1/sets/dead").await["items"][0]["args"],
        json!([2])
    );
    // It is not there any more.
    post(&visitor, kill, json!({"key": key}), 404).await;
    post(&visitor, kill, json!({"key": "x"}), 400).await;
    post(&visitor, "/api/v1/jobs/jid-000002/kill", json!({}), 404).await;
    let dead = get(&visitor, "/api/v1/sets/dead").await["items"][0]["key"].clone();
    let other = "/api/v1/jobs/jid-000002/retry";
    post(&visitor, other, json!({"key": dead}), 409).await;
    let enqueue = "/api/v1/jobs/jid-000001/enqueue";
    post(&visitor, enqueue, json!({"key": dead}), 409).await;
    let retry = "/api/v1/jobs/jid-000001/retry";
    post(&visitor, retry, json!({"key": dead}), 200).await;
    assert_eq!(
        get(&visitor, "/api/v1/queues/q/jobs").await["items"][0]["args"],
        json!([2])
    );
    let waiting = get(&visitor, "/api/v1/queues/q/jobs").await["items"][0]["key"].clone();
    let to = "/api/v1/jobs/jid-000001/move";
    post(&visitor, to, json!({"key": waiting}), 400).await;
    post(&visitor, to, json!({"key": waiting, "queue": "p"}), 200).await;
    assert_eq!(get(&visitor, "/api/v1/queues/p").await["size"], 1);
    post(&visitor, "/api/v1/jobs/jid-000001/nothing", json!({}), 404).await;
}

#[tokio::test]
async fn operation_is_counted_started_and_shown() {
    let visitor = json_visitor();
    for (n, jobtype) in ["A", "A", "B"].into_iter().enumerate() {
        visitor.desk.push(&json!({
            "jid": format!("jid-00000{n}"), "jobtype": jobtype, "queue": "q", "args": []
        }));
    }
    let path = "/api/v1/operations";
    let request = json!({"action": "kill", "query": "type:A"});
    let dry = json!({"action": "kill", "query": "type:A", "dry_run": true});
    let count = post(&visitor, path, dry, 200).await;
    assert_eq!(
        (&count["matched"], &count["is_complete"]),
        (&json!(2), &json!(true))
    );
    assert_eq!(
        count["kinds"],
        json!([{"queue": "q", "jobtype": "A", "jobs": 2}])
    );
    assert!(
        count["curl"]
            .as_str()
            .unwrap()
            .contains("/api/v1/operations'"),
        "{count}"
    );
    assert_eq!(get(&visitor, "/api/v1/counters").await["dead"], 0);
    let started = post(&visitor, path, request, 202).await;
    let one = format!("{path}/{}", started["id"].as_str().unwrap());
    let shown = get(&visitor, &one).await;
    assert_eq!(
        (&shown["state"], &shown["changed"]),
        (&json!("done"), &json!(2))
    );
    assert_eq!(get(&visitor, path).await[0], shown);
    assert_eq!(get(&visitor, "/api/v1/counters").await["dead"], 2);
    let cancelled = send(&visitor, Method::DELETE, &one, None).await;
    assert_eq!(cancelled.status, StatusCode::OK);
    // A retry leaves alone what waits in its queue.
    let retry = post(&visitor, path, json!({"action": "retry", "query": ""}), 202).await;
    assert_eq!(retry["changed"], 2, "{retry}");
    let jobs = get(&visitor, "/api/v1/queues/q/jobs").await;
    let keys: Vec<&Value> = jobs["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|job| &job["key"])
        .collect();
    let some = json!({"action": "delete", "keys": &keys[..2]});
    assert_eq!(post(&visitor, path, some, 202).await["changed"], 2);
    for wrong in [
        json!({"action": "kill"}),
        json!({"action": "kill", "query": "a", "keys": []}),
        json!({"action": "nothing", "query": ""}),
        json!({"action": "kill", "query": "state:lost"}),
        json!({"action": "kill", "keys": ["x"]}),
        json!({"action": "kill", "query": "", "queue": "q"}),
        json!({"action": "kill", "query": "", "dryrun": true}),
        json!({"action": "move", "query": ""}),
        json!({"action": "move", "query": "", "queue": "a b"}),
    ] {
        post(&visitor, path, wrong, 400).await;
    }
    let unknown = visitor.get("/api/v1/operations/0000000000000000").await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn workers_are_told_by_id_label_or_all_and_nobody_by_mistake() {
    let visitor = json_visitor();
    let path = "/api/v1/workers/quiet";
    for wrong in [
        json!({}),
        json!({"wid": "w", "all": true}),
        json!({"lable": "x"}),
    ] {
        post(&visitor, path, wrong, 400).await;
    }
    assert!(visitor.desk.signals.lock().is_empty());
    post(&visitor, path, json!({"label": "x"}), 200).await;
    post(&visitor, path, json!({"all": true}), 200).await;
    post(&visitor, path, json!({"wid": "w"}), 404).await;
    post(&visitor, "/api/v1/workers/stop", json!({"all": true}), 404).await;
    assert_eq!(visitor.desk.signals.lock().len(), 3);
}

#[tokio::test]
async fn everything_is_forgotten_only_if_it_is_meant() {
    let visitor = json_visitor();
    visitor
        .desk
        .push(&json!({"jid": "jid-000001", "jobtype": "T", "args": []}));
    post(&visitor, "/api/v1/flush", json!({"everything": false}), 400).await;
    post(&visitor, "/api/v1/flush", json!({}), 400).await;
    assert_eq!(get(&visitor, "/api/v1/counters").await["enqueued"], 1);
    post(&visitor, "/api/v1/flush", json!({"everything": true}), 204).await;
    assert_eq!(get(&visitor, "/api/v1/counters").await["enqueued"], 0);
}
