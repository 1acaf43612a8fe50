//! The server is killed in the middle of a MUTATE: each job is in one place, where it was or where it was to go, and the same
//! MUTATE once more does the rest. An operation is gone on with by the next server.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use workmill_tests::{Client, Disk, Server, ServerFiles, instant_in, web_get, web_request};

/// Some fifteen groups.
const JOBS: u64 = 3_000;

/// Jobs of one PUSHB, and commands sent before their replies are read.
const TOGETHER: u64 = 500;

fn set_size(client: &mut Client, set: &str) -> u64 {
    let info = client.info();
    info["faktory"]["sets"][set].as_u64().expect("a size")
}

fn mutation(cmd: &str, set: &str) -> String {
    format!("MUTATE {}", json!({"cmd": cmd, "target": set}))
}

/// Sends this mutation of a set, kills the server when a part of the set is gone, and starts it again. Returns how many jobs
/// are left in the set.
fn kill_within(server: &mut Server, mutation: &str, set: &str) -> u64 {
    let (mut operator, mut observer) = (server.client(), server.client());
    assert_eq!(set_size(&mut observer, set), JOBS);
    operator.send(mutation);
    // Between two of its groups.
    observer.wait_for_info(|info| info["faktory"]["sets"][set] != JOBS);
    server.kill9();
    server.start_again();
    let left = set_size(&mut server.client(), set);
    assert!(
        (1..JOBS).contains(&left),
        "{mutation} was not cut short: {left} left"
    );
    left
}

/// Pushes jobs for an hour from now, which are retried an hour after they failed.
fn schedule(client: &mut Client) {
    for first in (0..JOBS).step_by(usize::try_from(TOGETHER).expect("a size")) {
        let jobs: Vec<Value> = (first..first + TOGETHER)
            .map(|number| {
                json!({"jid": format!("jid-{number:06}"), "queue": "q", "jobtype": "a", "args": [],
                    "at": instant_in(3_600), "custom": {"retry_delays": [3_600]}})
            })
            .collect();
        assert_eq!(client.push_bulk(&jobs), json!({}));
    }
}

/// Fetches all jobs of the queue and ends each in this way, on a disk that is not slow.
fn end_all(server: &mut Server, verb: &str) {
    server.stop();
    let mut fast = Server::builder().files(server.files().clone()).start();
    let client = &mut fast.client();
    let mut seen = BTreeSet::new();
    for _ in 0..JOBS / TOGETHER {
        for _ in 0..TOGETHER {
            client.send("FETCH q");
        }
        let jobs: Vec<Value> = (0..TOGETHER).map(|_| client.read_reply().json()).collect();
        for job in &jobs {
            client.send(format!("{verb} {}", json!({"jid": job["jid"]})));
        }
        for job in &jobs {
            assert!(client.read_reply().is_ok());
            let jid = job["jid"].as_str().expect("a jid").to_owned();
            assert!(seen.insert(jid), "{job} twice");
        }
    }
    assert_eq!(client.queue_size("q").unwrap_or(0), 0);
    fast.stop();
    server.start_again();
}

fn assert_nothing_is_left(client: &mut Client) {
    for set in ["scheduled", "retries", "dead", "working"] {
        assert_eq!(set_size(client, set), 0, "{set}");
    }
    assert_eq!(client.queue_size("q").unwrap_or(0), 0);
}

#[test]
fn a_mutate_that_a_crash_cuts_short_leaves_each_job_in_one_place() {
    let files = ServerFiles::new();
    let disk = Disk::under(&files);
    let mut server = disk.carry_very_slow(Server::builder().files(files)).start();
    schedule(&mut server.client());

    let left = kill_within(&mut server, &mutation("kill", "scheduled"), "scheduled");
    let mut client = server.client();
    assert_eq!(set_size(&mut client, "dead"), JOBS - left);
    client.ok(mutation("kill", "scheduled"));

    let left = kill_within(&mut server, &mutation("requeue", "dead"), "dead");
    let mut client = server.client();
    assert_eq!(client.queue_size("q"), Some(JOBS - left));
    client.ok(mutation("requeue", "dead"));
    end_all(&mut server, "FAIL");

    let left = kill_within(&mut server, &mutation("requeue", "retries"), "retries");
    let mut client = server.client();
    assert_eq!(client.queue_size("q"), Some(JOBS - left));
    client.ok(mutation("requeue", "retries"));
    end_all(&mut server, "ACK");
    assert_nothing_is_left(&mut server.client());
}

#[test]
fn a_discard_that_a_crash_cuts_short_brings_nothing_back() {
    let files = ServerFiles::new();
    let disk = Disk::under(&files);
    let mut server = disk.carry_very_slow(Server::builder().files(files)).start();
    schedule(&mut server.client());
    // Without a filter all are gone at once.
    let filtered = json!({"cmd": "discard", "target": "scheduled", "filter": {"jobtype": "a"}});
    let discard = format!("MUTATE {filtered}");
    kill_within(&mut server, &discard, "scheduled");
    let mut client = server.client();
    for set in ["retries", "dead", "working"] {
        assert_eq!(set_size(&mut client, set), 0, "{set}");
    }
    assert_eq!(client.queue_size("q").unwrap_or(0), 0);
    client.ok(discard);
    assert_nothing_is_left(&mut client);
}

fn get(server: &Server, path: &str) -> Value {
    let answer = web_get(&server.web_url(), path);
    assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    serde_json::from_slice(&answer.body).expect("JSON")
}

#[test]
fn an_operation_that_a_crash_cuts_short_is_gone_on_with_to_its_end() {
    let files = ServerFiles::new();
    let disk = Disk::under(&files);
    let mut server = disk
        .carry_very_slow(Server::builder().web().files(files))
        .start();
    let mut observer = server.client();
    schedule(&mut observer);
    let started = web_request(
        &server.web_url(),
        "POST",
        "/api/v1/operations",
        &["content-type: application/json"],
        &json!({"action": "kill", "query": "type:a"}).to_string(),
    );
    assert_eq!(started.status, 202, "{}", started.text());
    let started: Value = serde_json::from_slice(&started.body).expect("JSON");
    let path = format!(
        "/api/v1/operations/{}",
        started["id"].as_str().expect("an id")
    );
    observer.wait_for_info(|info| info["faktory"]["sets"]["scheduled"] != JOBS);
    // The second time before much is done, or anything.
    for _ in 0..2 {
        server.kill9();
        server.start_again();
    }
    let ended = loop {
        let operation = get(&server, &path);
        if operation["state"] != "running" {
            break operation;
        }
    };
    assert_eq!(
        [&ended["state"], &ended["changed"], &ended["started_at"]],
        [&json!("done"), &json!(JOBS), &started["started_at"]]
    );
    let mut client = server.client();
    assert_eq!(set_size(&mut client, "dead"), JOBS);
    assert_eq!(set_size(&mut client, "scheduled"), 0);
    let audit = get(&server, "/api/v1/audit");
    let told = audit["items"].as_array().expect("entries");
    assert_eq!(told.len(), 1, "{audit}");
    assert_eq!(
        [&told[0]["state"], &told[0]["changed"]],
        [&json!("done"), &json!(JOBS)]
    );
}

/// Starts something by the API; gives the operation.
fn start(server: &Server, method: &str, path: &str, body: &Value) -> Value {
    let (url, head) = (server.web_url(), ["content-type: application/json"]);
    let started = web_request(&url, method, path, &head, &body.to_string());
    assert_eq!(started.status, 202, "{}", started.text());
    serde_json::from_slice(&started.body).expect("JSON")
}

/// Kills the server when a part of the scheduled set has moved, starts it again, and waits for the end of the operation.
fn cut_short(server: &mut Server, operation: &Value, before: u64) -> Value {
    let mut observer = server.client();
    observer.wait_for_info(|info| info["faktory"]["sets"]["scheduled"] != before);
    server.kill9();
    server.start_again();
    let id = operation["id"].as_str().expect("an id");
    let path = format!("/api/v1/operations/{id}");
    loop {
        let operation = get(server, &path);
        if operation["state"] != "running" {
            return operation;
        }
    }
}

#[test]
fn what_a_crash_cuts_short_is_deleted_and_put_back_once() {
    let files = ServerFiles::new();
    let disk = Disk::under(&files);
    let mut server = disk
        .carry_very_slow(Server::builder().web().files(files))
        .start();
    schedule(&mut server.client());
    for action in ["delete", "kill"] {
        let wanted = json!({"action": action, "query": "state:scheduled"});
        let taken = start(&server, "POST", "/api/v1/operations", &wanted);
        let taken = cut_short(&mut server, &taken, JOBS);
        assert_eq!(
            (&taken["state"], &taken["changed"]),
            (&json!("done"), &json!(JOBS))
        );
        assert_eq!(get(&server, "/api/v1/trash")["jobs"], JOBS);
        let undo = format!("/api/v1/audit/{}/undo", taken["audit"]);
        let undone = start(&server, "POST", &undo, &json!({}));
        let undone = cut_short(&mut server, &undone, 0);
        assert_eq!(
            (&undone["state"], &undone["changed"]),
            (&json!("done"), &json!(JOBS))
        );
        let client = &mut server.client();
        assert_eq!(set_size(client, "scheduled"), JOBS);
        assert_eq!(set_size(client, "dead"), 0);
        assert_eq!(get(&server, "/api/v1/trash")["jobs"], 0);
    }
    server.client().ok(mutation("requeue", "scheduled"));
    end_all(&mut server, "ACK");
    assert_nothing_is_left(&mut server.client());
}
