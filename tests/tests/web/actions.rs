//! What is done by the API reaches clients and workers.

use serde_json::{Value, json};
use workmill_tests::{Reply, Server, WebAnswer, instant_in, job, web_get, web_request};

fn post(server: &Server, path: &str, body: &Value) -> WebAnswer {
    let headers = ["content-type: application/json"];
    web_request(&server.web_url(), "POST", path, &headers, &body.to_string())
}

fn posted(server: &Server, path: &str, body: &Value) -> Value {
    let answer = post(server, path, body);
    assert!(
        (200..300).contains(&answer.status),
        "{path}: {}",
        answer.text()
    );
    serde_json::from_slice(&answer.body).unwrap_or_default()
}

fn get(server: &Server, path: &str) -> Value {
    let answer = web_get(&server.web_url(), path);
    assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    serde_json::from_slice(&answer.body).unwrap()
}

#[test]
fn paused_queue_hands_out_nothing_until_it_is_resumed() {
    let server = Server::builder().web().start();
    let mut client = server.client();
    client.push(&job("jid-000001", "q"));
    posted(&server, "/api/v1/queues/q/pause", &json!({}));
    assert_eq!(client.fetch("q"), None);
    posted(&server, "/api/v1/queues/q/resume", &json!({}));
    assert_eq!(client.fetch_jid("q"), "jid-000001");
}

#[test]
fn job_is_pushed_killed_and_retried() {
    let server = Server::builder().web().start();
    let mut client = server.client();
    let pushed = posted(
        &server,
        "/api/v1/jobs",
        &json!({"jobtype": "T", "queue": "q", "args": [1]}),
    );
    let jid = pushed["jid"].as_str().unwrap().to_owned();
    let act = |action: &str| posted(&server, &format!("/api/v1/jobs/{jid}/{action}"), &json!({}));
    assert_eq!(act("kill")["jobs"], 1);
    assert_eq!(client.fetch("q"), None);
    assert_eq!(act("retry")["jobs"], 1);
    assert_eq!(client.fetch_jid("q"), jid);
    // It is taken from its worker.
    assert_eq!(act("requeue")["jobs"], 1);
    assert_eq!(client.fetch_jid("q"), jid);
    client.ack(&jid);
    let gone = post(&server, &format!("/api/v1/jobs/{jid}/delete"), &json!({}));
    assert_eq!(gone.status, 404);
}

#[test]
fn operation_moves_all_that_match_and_leaves_the_others() {
    let server = Server::builder().web().start();
    let mut client = server.client();
    for (n, jobtype) in ["A", "B", "A"].into_iter().enumerate() {
        client.push(&json!({
            "jid": format!("jid-00000{n}"), "jobtype": jobtype, "queue": "q", "args": [],
            "at": instant_in(3600)
        }));
    }
    let change = json!({"action": "enqueue", "query": "type:A"});
    let mut dry = change.clone();
    dry["dry_run"] = json!(true);
    let path = "/api/v1/operations";
    assert_eq!(posted(&server, path, &dry)["matched"], 2);
    assert_eq!(client.queue_size("q"), None);
    let started = posted(&server, path, &change);
    let one = format!("{path}/{}", started["id"].as_str().unwrap());
    while get(&server, &one)["state"] == "running" {}
    assert_eq!(get(&server, &one)["changed"], 2);
    assert_eq!(client.queue_size("q"), Some(2));
    assert_eq!(client.task_size("Scheduled"), 1);
}

#[test]
fn worker_that_is_told_to_be_quiet_hears_it_at_its_next_beat() {
    let server = Server::builder().web().start();
    let mut worker = server.worker("worker-1");
    let mut other = server.worker("worker-2");
    let listed = get(&server, "/api/v1/workers");
    assert_eq!(listed["items"][0]["wid"], "worker-1", "{listed}");
    let told = posted(
        &server,
        "/api/v1/workers/quiet",
        &json!({"wid": "worker-1"}),
    );
    assert_eq!(told, json!({"workers": 1}));
    let quiet = Reply::Bulk(br#"{"state":"quiet"}"#.to_vec());
    assert_eq!(worker.beat("worker-1"), quiet);
    assert_ne!(other.beat("worker-2"), quiet);
}

#[test]
fn paused_cron_entry_fires_no_more_until_it_is_resumed_also_after_a_kill() {
    let mut server = Server::builder()
        .web()
        .config("[[cron]]\nname = \"each\"\nschedule = \"@every 1s\"\n[cron.job]\ntype = \"T\"\nqueue = \"each\"\nargs = []\n[[cron]]\nname = \"other\"\nschedule = \"@every 1s\"\n[cron.job]\ntype = \"T\"\nqueue = \"other\"\nargs = []\n")
        .start();
    server.client().fetch_jid("each");
    posted(&server, "/api/v1/cron/each/pause", &json!({}));
    let nobody = post(&server, "/api/v1/cron/nobody/pause", &json!({}));
    assert_eq!(nobody.status, 404);
    assert!(get(&server, "/api/v1/cron/each")["paused_since"].is_string());
    server.kill9();
    server.start_again();
    // What was pushed before it was paused.
    let mut client = server.client();
    while client.fetch("each").is_some() {}
    // By then the paused one would have fired as often.
    for _ in 0..3 {
        client.fetch_jid("other");
    }
    assert_eq!(client.fetch("each"), None);
    posted(&server, "/api/v1/cron/each/resume", &json!({}));
    assert!(get(&server, "/api/v1/cron/each")["paused_since"].is_null());
    client.fetch_jid("each");
}

#[test]
fn job_of_a_cron_entry_is_pushed_now() {
    let server = Server::builder()
        .web()
        .config("[[cron]]\nname = \"nightly\"\nschedule = \"0 3 * * *\"\n[cron.job]\ntype = \"Report\"\nqueue = \"q\"\nargs = []\n")
        .start();
    let entry = get(&server, "/api/v1/cron/nightly");
    assert_eq!(
        (&entry["schedule"], &entry["jobtype"]),
        (&json!("0 3 * * *"), &json!("Report"))
    );
    assert_eq!(entry["next"].as_array().unwrap().len(), 5);
    let pushed = posted(&server, "/api/v1/cron/nightly/run", &json!({}));
    let jid = server.client().fetch_jid("q");
    assert_eq!(pushed, json!({ "jid": jid }));
}
