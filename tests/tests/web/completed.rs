//! Jobs that are kept when they are done, on the pages and by the API of a real server.

use nix::sys::signal::Signal;
use serde_json::{Value, json};
use workmill_tests::{Client, Server, job, web_get, web_request};

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
    perform_job(&mut server.worker("w1"), &job(jid, "q"));
}

/// A worker that pushes a job and does it.
fn perform_job(worker: &mut Client, job: &Value) {
    worker.push(job);
    let jid = worker.fetch_jid("q");
    assert_eq!(jid, job["jid"]);
    worker.ack(&jid);
}

fn keeping_at_most(jobs: usize) -> String {
    format!("{KEEPING}completed_jobs = {jobs}\n")
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

#[test]
fn no_more_are_kept_than_may_be_whenever_the_server_is_killed() {
    let mut server = Server::builder().web().config(&keeping_at_most(10)).start();
    for cycle in 0..3 {
        let mut worker = server.worker("w1");
        let jids: Vec<String> = (0..15).map(|n| format!("jid-{cycle}-{n:04}")).collect();
        for jid in &jids {
            perform_job(&mut worker, &job(jid, "q"));
        }
        server.kill9();
        server.start_again();
        let latest: Vec<String> = jids.into_iter().rev().take(10).collect();
        assert_eq!(kept(&server), latest);
    }
}

/// More leave than one group forgets.
#[test]
fn jobs_are_done_while_all_but_one_of_those_that_are_kept_leave() {
    let config = keeping_at_most(10_000);
    let builder = Server::builder().web().durability("interval");
    let server = builder.config_file("10-keep.toml", &config).start();
    let mut worker = server.worker("w1");
    for n in 0..2_500 {
        perform_job(&mut worker, &job(&format!("jid-{n:06}"), "q"));
    }
    server
        .files()
        .write_config("10-keep.toml", &keeping_at_most(1));
    let mark = server.log().mark();
    server.signal(Signal::SIGHUP);
    server.wait_for_log_after(mark, "history.completed_jobs is 1, was 10000");
    let mut latest = String::new();
    let mut done = 0;
    while done == 0 || kept(&server).len() > 1 {
        latest = format!("jid-more-{done:06}");
        perform_job(&mut worker, &job(&latest, "q"));
        done += 1;
    }
    assert_eq!(kept(&server), [latest]);
}

#[test]
fn large_ones_are_listed_some_at_a_time_while_others_are_done() {
    let server = Server::builder().web().config(KEEPING).start();
    let mut worker = server.worker("w1");
    let filler = "x".repeat(60_000);
    for n in 0..150 {
        let jid = format!("jid-{n:06}");
        let large = json!({"jid": jid, "jobtype": "T", "queue": "q", "args": [filler]});
        perform_job(&mut worker, &large);
    }
    let (mut jids, mut cursor, mut pages) = (Vec::new(), Value::Null, 0);
    while pages == 0 || !cursor.is_null() {
        let after = cursor.as_str().map(|key| format!("&cursor={key}"));
        let list = get(
            &server,
            &format!(
                "/api/v1/sets/completed?limit=100{}",
                after.unwrap_or_default()
            ),
        );
        let items = list["items"].as_array().unwrap().iter();
        jids.extend(items.map(|item| item["jid"].as_str().unwrap().to_owned()));
        cursor = list["cursor"].clone();
        pages += 1;
        perform_job(&mut worker, &job(&format!("jid-other-{pages}"), "q"));
    }
    let wanted: Vec<String> = (0..150).rev().map(|n| format!("jid-{n:06}")).collect();
    assert_eq!(jids, wanted);
}
