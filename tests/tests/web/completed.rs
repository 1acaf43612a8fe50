//! Jobs that are kept when they are done, on the pages and by the API of a real server.

use nix::sys::signal::Signal;
use serde_json::Value;
use workmill_tests::{Server, job, web_get, web_request};

const KEEPING: &str = "[history]\ncompleted = \"1h\"\n";
const JID: &str = "jid-000001";

fn get(server: &Server, path: &str) -> Value {
    let answer = web_get(&server.web_url(), path);
    assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    serde_json::from_slice(&answer.body).unwrap()
}

fn page(server: &Server, path: &str) -> String {
    let answer = web_get(&server.web_url(), path);
    assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    answer.text()
}

/// The ids of those that are kept, the latest first.
fn kept(server: &Server) -> Vec<String> {
    let list = get(server, "/api/v1/sets/completed");
    let jobs = list["items"].as_array().unwrap().iter();
    jobs.map(|job| job["jid"].as_str().unwrap().to_owned())
        .collect()
}

fn perform(server: &Server, jid: &str) {
    server.client().push(&job(jid, "q"));
    let mut worker = server.worker("w1");
    assert_eq!(worker.fetch_jid("q"), jid);
    worker.ack(jid);
}

#[test]
fn job_is_shown_when_it_is_done_also_after_a_crash() {
    let mut server = Server::builder().web().config(KEEPING).start();
    perform(&server, JID);
    perform(&server, "jid-000002");
    server.kill9();
    server.start_again();
    assert_eq!(kept(&server), ["jid-000002", JID]);
    let shown = get(&server, &format!("/api/v1/jobs/{JID}"));
    assert_eq!(shown["state"], "completed");
    assert_eq!(shown["run"]["wid"], "w1");
    let steps = shown["timeline"].as_array().unwrap().iter();
    let events: Vec<_> = steps.map(|step| step["event"].as_str().unwrap()).collect();
    assert_eq!(events, ["completed", "started", "enqueued", "created"]);
    assert!(page(&server, "/completed").contains(JID));
    assert!(page(&server, &format!("/jobs/{JID}")).contains("What became of it?"));
    let found = get(
        &server,
        &format!("/api/v1/jobs?query=state:completed%20jid:{JID}"),
    );
    assert_eq!(found["jobs"].as_array().unwrap().len(), 1);
    let why = get(&server, &format!("/api/v1/jobs/{JID}/why"));
    assert_eq!(why["reasons"][0]["key"], "completed");
}

#[test]
fn protocol_does_not_know_what_is_done() {
    let server = Server::builder().web().config(KEEPING).start();
    perform(&server, JID);
    let mut client = server.client();
    let said = client.refused(r#"MUTATE {"cmd":"clear","target":"completed"}"#);
    assert!(said.contains("invalid target"), "{said}");
    let info = client.info();
    assert!(!info.to_string().contains("completed"), "{info}");
    // Its id may be used again, and means the job that is not done.
    client.push(&job(JID, "q"));
    let shown = get(&server, &format!("/api/v1/jobs/{JID}"));
    assert_eq!(shown["state"], "enqueued");
    let path = format!("/api/v1/jobs/{JID}/kill");
    let headers = ["content-type: application/json"];
    let killed = web_request(&server.web_url(), "POST", &path, &headers, "{}");
    assert_eq!(killed.status, 200, "{}", killed.text());
    assert_eq!(kept(&server), [JID]);
    let again = web_request(&server.web_url(), "POST", &path, &headers, "{}");
    assert_eq!(again.status, 409, "{}", again.text());
}

#[test]
fn reload_turns_it_on_and_the_page_says_how() {
    let server = Server::builder().web().start();
    perform(&server, JID);
    assert!(page(&server, "/completed").contains("completed = &#34;1h&#34;"));
    assert!(!page(&server, "/").contains("data-go=\"n\""));
    server.files().write_config("10-keep.toml", KEEPING);
    let mark = server.log().mark();
    server.signal(Signal::SIGHUP);
    server.wait_for_log_after(mark, "history.completed (seconds) is 3600, was 0");
    perform(&server, "jid-000002");
    assert_eq!(kept(&server), ["jid-000002"]);
    assert!(page(&server, "/").contains("data-go=\"n\""));
}
