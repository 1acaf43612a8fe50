//! A published agent reads metrics as the strict parser of these tests does.

use std::fmt::Write as _;
use std::fs;

use serde_json::{Value, json};
use workmill_tests::{Agent, Metric, Server, job};

use crate::script::python;

/// A metric as the script writes it.
fn shown(metric: &Metric) -> String {
    let Metric {
        name, value, kind, ..
    } = metric;
    let tags: Vec<&str> = metric.tags.iter().map(String::as_str).collect();
    json!({"name": name, "kind": kind, "value": value, "tags": tags}).to_string()
}

#[test]
fn a_published_agent_reads_every_metric() {
    let agent = Agent::udp();
    let mut server = Server::builder()
        .env("DD_DOGSTATSD_URL", agent.url())
        .env("DD_TAGS", "env:prod,team:ops")
        .start();
    agent.wait_for("the first gauges", |metrics| {
        metrics.iter().any(|m| m.name == "faktory.jobs.dead")
    });
    let mut worker = server.worker("worker-1");
    let mut dying = job("jid-dies-00", "q");
    dying["retry"] = json!(-1);
    dying["jobtype"] = json!("Strange|type, #1\n größe");
    worker.push(&dying);
    worker.push(&job("jid-is-done", "q"));
    worker.fetch_now("q");
    worker.fetch_now("q");
    worker.fail("jid-dies-00");
    worker.ack("jid-is-done");
    assert!(server.stop().status.success());
    let metrics = agent.wait_for("processed jobs", |metrics| {
        let named = metrics
            .iter()
            .filter(|m| m.name == "faktory.jobs.processed");
        named.count() == 2
    });
    let file = server.files().home_dir().join("datagrams");
    let lines = agent.datagrams().into_iter().map(|datagram| {
        datagram.iter().fold(String::new(), |mut line, byte| {
            let _ = write!(line, "{byte:02x}");
            line
        }) + "\n"
    });
    fs::write(&file, lines.collect::<String>()).expect("write the datagrams");
    let output = python("dogstatsd.py").env("DATAGRAMS", file).run();
    let mut read: Vec<String> = output
        .lines()
        .map(|line| {
            let metric: Value = serde_json::from_str(line)
                .unwrap_or_else(|error| panic!("{error} in the output:\n{output}"));
            metric.to_string()
        })
        .collect();
    let mut expected: Vec<String> = metrics.iter().map(shown).collect();
    read.sort();
    expected.sort();
    assert_eq!(read, expected);
}
