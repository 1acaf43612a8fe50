//! What machines ask.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::thread;

use serde_json::{Value, json};
use workmill_tests::{Disk, Reply, Server, ServerFiles, Threads, job, web_get};

fn json_of(server: &Server, path: &str) -> Value {
    let answer = web_get(&server.web_url(), path);
    assert_eq!(answer.status, 200, "{path}");
    assert_eq!(answer.header("content-type"), "application/json", "{path}");
    serde_json::from_slice(&answer.body).unwrap()
}

/// The keys of an object with the kinds of their values, and those of the objects in it.
fn shape(value: &Value) -> Value {
    match value {
        Value::Object(members) => members
            .iter()
            .map(|(key, value)| (key.clone(), shape(value)))
            .collect(),
        Value::String(_) => json!("text"),
        Value::Number(_) => json!("number"),
        other => other.clone(),
    }
}

/// As Faktory's own server answers, in what scripts read of it.
#[test]
fn health_has_faktorys_shape() {
    let server = Server::builder().web().password("hunter2").start();
    assert_eq!(
        shape(&json_of(&server, "/health")),
        json!({
            "now": "text",
            "server": {
                "command_count": "number",
                "connections": "number",
                "description": "text",
                "faktory_version": "text"
            }
        })
    );
}

#[test]
fn stats_are_what_info_answers() {
    let server = Server::builder().web().start();
    let mut client = server.client();
    client.push(&job("jid-000001", "q.dots"));
    let mut info = client.info();
    let mut stats = json_of(&server, "/stats");
    assert_eq!(stats["faktory"]["queues"]["q.dots"], 1);
    for value in [&mut info, &mut stats] {
        for passing in ["now", "server_utc_time", "server"] {
            value[passing] = shape(&value[passing]);
        }
        for task in ["Busy", "Dead", "Retries", "Scheduled", "Workers"] {
            value["faktory"]["tasks"][task] = shape(&value["faktory"]["tasks"][task]);
        }
    }
    assert_eq!(stats, info);
    assert_eq!(
        web_get(&server.web_url(), "/stats").header("cache-control"),
        "no-cache"
    );
}

#[test]
fn autoscalers_learn_how_much_work_a_queue_has() {
    let server = Server::builder().web().start();
    let mut client = server.worker("w");
    client.push(&job("jid-000001", "q"));
    client.push(&job("jid-000002", "q"));
    client.fetch_jid("q");
    let scaling = json_of(&server, "/api/v1/queues/q/scaling");
    assert_eq!(
        [&scaling["size"], &scaling["working"], &scaling["backlog"]],
        [1, 1, 2]
    );
    let unknown = json_of(&server, "/api/v1/queues/nobody.knows/scaling");
    assert_eq!(
        [&unknown["size"], &unknown["working"], &unknown["eta"]],
        [&json!(0), &json!(0), &json!(0.0)]
    );
}

#[test]
fn metrics_are_without_fault_to_promtool() {
    let server = Server::builder().web().start();
    let mut client = server.worker("w");
    client.push(&job("jid-000001", "q"));
    client.push(&job("jid-000002", "q"));
    client.fetch_jid("q");
    let answer = web_get(&server.web_url(), "/metrics");
    assert!(
        answer
            .text()
            .contains("workmill_queue_jobs{queue=\"q\"} 1\n")
    );
    let mut promtool = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("start promtool, of Debian's package prometheus");
    let mut input = promtool.stdin.take().unwrap();
    input.write_all(&answer.body).unwrap();
    drop(input);
    let output = promtool.wait_with_output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(output.status.success() && said.is_empty(), "{said}");
}

/// With one thread, the one that serves clients is stuck itself.
#[test]
fn server_whose_disk_hangs_is_alive_and_not_ready() {
    for threads in [Threads::One, Threads::Several] {
        let files = ServerFiles::new();
        let disk = Disk::under(&files);
        let builder = Server::builder().files(files).threads(threads).web();
        let server = disk.carry(builder).start();
        let url = server.web_url();
        assert_eq!(web_get(&url, "/readyz").text(), "ok\n");
        let mut client = server.client();
        disk.hang();
        client.send(format!("PUSH {}", job("jid-000001", "q")));
        server.wait_for_log("the disk hangs");
        let ready = web_get(&url, "/readyz");
        assert_eq!(ready.status, 503);
        assert!(ready.text().contains("the disk has not answered for"));
        assert_eq!(web_get(&url, "/livez").text(), "ok\n");
        let metrics = web_get(&url, "/metrics").text();
        assert!(metrics.contains("\nworkmill_ready 0\n"), "{metrics}");
        disk.go_on();
        server.wait_for_log("the disk goes on");
        assert_eq!(client.read_reply(), Reply::ok());
        let is_ready = || web_get(&url, "/readyz").status == 200;
        // It is looked at twice a second.
        while !is_ready() {
            thread::yield_now();
        }
    }
}
