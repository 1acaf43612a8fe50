//! Agents that are there, away, back, or do not read; and what fits into a datagram.

use std::os::unix::net::UnixDatagram;

use serde_json::{Value, json};
use workmill_tests::{Agent, Client, Metric, Server, ServerFiles, job};

/// Pushes jobs until the agent has heard of one of this queue: what was pushed while it was away is lost.
fn push_until_heard(client: &mut Client, agent: &Agent, queue: &str) {
    let heard = |metrics: &[Metric]| metrics.iter().any(|m| m.tag("queue") == Some(queue));
    for number in 0.. {
        client.push(&job(&format!("jid-{queue}-{number}"), queue));
        if agent.has_heard(heard) {
            return;
        }
        assert!(number < 3_000, "the agent hears nothing");
    }
}

#[test]
fn agent_on_a_unix_socket_gets_metrics_and_may_be_started_anew() {
    let files = ServerFiles::new();
    let path = files.home_dir().join("agent.socket");
    let agent = Agent::unix(&path);
    let server = Server::builder()
        .files(files)
        .env("DD_DOGSTATSD_URL", agent.url())
        .start();
    let mut client = server.client();
    client.push(&job("jid-000001", "q"));
    agent.wait_for_metric("faktory.jobs.pushed", &["queue:q", "jobtype:Test"]);
    drop(agent);
    std::fs::remove_file(&path).expect("remove the socket");
    client.push(&job("jid-000002", "q"));
    server.wait_for_log("metrics do not reach unix://");
    let agent = Agent::unix(&path);
    push_until_heard(&mut client, &agent, "again");
    // Only a send without any trouble shows that all is well.
    client.push(&job("jid-000003", "q"));
    server.wait_for_log("metrics can be sent to unix://");
}

#[test]
fn agent_on_udp_may_come_late_go_away_and_come_back() {
    let agent = Agent::udp();
    let (url, address) = (agent.url().to_owned(), agent.udp_address());
    drop(agent);
    let mut server = Server::builder().env("DD_DOGSTATSD_URL", &url).start();
    let mut client = server.client();
    for number in 0..10 {
        client.push(&job(&format!("jid-early-{number}"), "early"));
    }
    for queue in ["late", "back"] {
        let agent = Agent::udp_at(address);
        push_until_heard(&mut client, &agent, queue);
    }
    for number in 0..10 {
        client.push(&job(&format!("jid-alone-{number}"), "alone"));
    }
    let ended = server.stop();
    assert!(ended.status.success(), "{}", ended.log);
    let warnings = ended.log.matches("metrics do not reach").count();
    assert!(warnings <= 1, "one line a minute:\n{}", ended.log);
}

#[test]
fn agent_that_does_not_read_holds_up_no_job() {
    let files = ServerFiles::new();
    let path = files.home_dir().join("agent.socket");
    let _agent = UnixDatagram::bind(&path).expect("listen on a unix socket");
    let mut server = Server::builder()
        .files(files)
        .config(&format!(
            "[statsd]\nlocation = \"unix://{}\"\n",
            path.display()
        ))
        .start();
    let mut client = server.client();
    for round in 0..10 {
        let jobs: Vec<Value> = (0..1_000)
            .map(|number| job(&format!("jid-{round:03}-{number:04}"), "q"))
            .collect();
        assert_eq!(client.push_bulk(&jobs), json!({}));
    }
    assert_eq!(client.queue_size("q"), Some(10_000));
    server.wait_for_log("it reads too slowly");
    assert!(server.stop().status.success());
}

#[test]
fn words_of_clients_cannot_break_a_metric_or_a_datagram() {
    let agent = Agent::udp();
    let server = Server::builder()
        .env("DD_DOGSTATSD_URL", agent.url())
        .start();
    let mut client = server.client();
    let jobtypes = [
        "a|c\nfaktory.jobs.dead:1|g|#x,y#z".to_owned(),
        "x".repeat(1_024),
        "é".repeat(512),
        " ".to_owned(),
        "\u{1F600}\u{0}\r\t@".to_owned(),
    ];
    for (number, jobtype) in jobtypes.iter().enumerate() {
        let queue = "q".repeat(256);
        client.push(&json!({
            "jid": format!("jid-{number:06}"), "queue": queue, "jobtype": jobtype, "args": [],
        }));
    }
    let pushed = |metrics: &[Metric]| -> Vec<String> {
        let pushed = metrics.iter().filter(|m| m.name == "faktory.jobs.pushed");
        pushed
            .filter_map(|m| Some(m.tag("jobtype")?.to_owned()))
            .collect()
    };
    let metrics = agent.wait_for("jobs of strange types", |metrics| {
        pushed(metrics).len() == 5
    });
    assert_eq!(
        pushed(&metrics),
        [
            "a_c_faktory.jobs.dead:1_g__x_y_z".to_owned(),
            "x".repeat(192),
            "é".repeat(96),
            "_".to_owned(),
            "_____".to_owned(),
        ]
    );
}

#[test]
fn many_metrics_share_a_datagram() {
    let agent = Agent::udp();
    let server = Server::builder()
        .env("DD_DOGSTATSD_URL", agent.url())
        .start();
    let mut client = server.client();
    let jobs: Vec<Value> = (0..500).map(|n| job(&format!("jid-{n:06}"), "q")).collect();
    client.push_bulk(&jobs);
    let metrics = agent.wait_for("all jobs", |metrics| {
        let pushed = metrics.iter().filter(|m| m.name == "faktory.jobs.pushed");
        pushed.map(|m| m.value).sum::<f64>() == 500.0
    });
    let datagrams = agent.datagrams().len();
    assert!(
        datagrams * 10 < metrics.len(),
        "{datagrams} datagrams for {} metrics",
        metrics.len()
    );
}
