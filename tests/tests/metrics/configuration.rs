//! What an operator can say, and how the server takes it.

use std::net::UdpSocket;

use nix::sys::signal::Signal;
use workmill_tests::{Agent, Server, job};

#[test]
fn section_of_the_plugin_and_datadogs_variables_are_understood() {
    let agent = Agent::udp();
    let server = Server::builder()
        .config("[metrics]\nenabled = true\ntags = [\"env:prod\", \"team:ops\"]\n")
        .env("DD_AGENT_HOST", "localhost")
        .env("DD_DOGSTATSD_PORT", agent.udp_address().port().to_string())
        .env("DD_TAGS", "zone:a,rack:7 shelf")
        .start();
    let own = ["env:prod", "rack:7", "shelf", "team:ops", "zone:a"];
    agent.wait_for_metric("faktory.jobs.dead", &own);
    server.client().push(&job("jid-000001", "q"));
    let tags = [&own[..], &["queue:q", "jobtype:Test"]].concat();
    agent.wait_for_metric("faktory.jobs.pushed", &tags);
    let port = agent.udp_address().port();
    server.wait_for_log(&format!(
        "metrics go to udp://localhost:{port} as faktory.* with env:prod,team:ops,zone:a,rack:7,shelf"
    ));
}

#[test]
fn section_of_the_official_edition_is_understood() {
    let agent = Agent::udp();
    let config = format!(
        "[statsd]\nlocation = \"{}\"\nnamespace = \"eu.faktory.\"\ntags = [\"env:prod\"]\nbufferSize = 15\nqueueLatency = [\"q\"]\n",
        agent.udp_address()
    );
    let server = Server::builder().config(&config).start();
    agent.wait_for_metric("eu.faktory.jobs.dead", &["env:prod"]);
    for key in ["statsd.bufferSize", "statsd.queueLatency"] {
        server.wait_for_log(&format!("{key} has no effect"));
    }
}

#[test]
fn nothing_is_sent_while_metrics_are_off() {
    let agent = Agent::udp();
    let mut server = Server::builder()
        .env("DD_AGENT_HOST", "127.0.0.1")
        .env("DD_DOGSTATSD_PORT", agent.udp_address().port().to_string())
        .start();
    server.client().push(&job("jid-000001", "q"));
    let ended = server.stop();
    assert!(!ended.log.contains("metrics"), "{}", ended.log);
    // Comes after whatever the server has sent.
    let socket = UdpSocket::bind("127.0.0.1:0").expect("make a socket");
    socket
        .send_to(b"end:1|c", agent.udp_address())
        .expect("send");
    agent.wait_for_metric("end", &[]);
    assert_eq!(agent.datagrams().len(), 1);
}

#[test]
fn metrics_are_turned_on_and_off_while_the_server_runs() {
    let agent = Agent::udp();
    let server = Server::start();
    let mut client = server.client();
    client.push(&job("jid-000001", "before"));
    let location = format!("[statsd]\nlocation = \"{}\"\n", agent.url());
    server.files().write_config("50-test.toml", &location);
    server.signal(Signal::SIGHUP);
    server.wait_for_log(&format!("metrics go to {} as faktory.*", agent.url()));
    agent.wait_for_metric("faktory.jobs.dead", &[]);
    client.push(&job("jid-000002", "during"));
    agent.wait_for_metric("faktory.jobs.pushed", &["queue:during", "jobtype:Test"]);
    server.files().write_config("50-test.toml", "");
    let mark = server.log().mark();
    server.signal(Signal::SIGHUP);
    server.wait_for_log_after(mark, "metrics are off");
    server.wait_for_log_after(mark, "settings read again");
    client.push(&job("jid-000003", "after"));
    server.files().write_config("50-test.toml", &location);
    server.signal(Signal::SIGHUP);
    let queue_is = |queue: &'static str| {
        move |metrics: &[workmill_tests::Metric]| {
            let enqueued = metrics.iter().filter(|m| m.name == "faktory.jobs.enqueued");
            enqueued.filter(|m| m.tag("queue") == Some(queue)).count() > 0
        }
    };
    let metrics = agent.wait_for("the queue of the job after", queue_is("after"));
    let pushed = metrics.iter().filter(|m| m.name == "faktory.jobs.pushed");
    let queues: Vec<_> = pushed.filter_map(|m| m.tag("queue")).collect();
    assert_eq!(queues, ["during"]);
}

#[test]
fn metrics_that_cannot_be_sent_stop_no_server() {
    let location = |address| format!("[statsd]\nlocation = \"{address}\"\n");
    let bad = location("tcp://x");
    let enabled = String::from("[metrics]\nenabled = true\n");
    for (config, variable, expected) in [
        (&bad, None, "line 2: statsd.location must be an address"),
        (
            &enabled,
            Some(("DD_DOGSTATSD_URL", "http://localhost:8125")),
            "DD_DOGSTATSD_URL: http:// is not known",
        ),
    ] {
        let builder = Server::builder().config(config);
        let builder = match variable {
            None => builder,
            Some((name, value)) => builder.env(name, value),
        };
        let server = builder.start();
        let line = server.wait_for_log("the server starts without metrics");
        assert!(line.contains("WARN") && line.contains(expected), "{line}");
        server.client().push(&job("jid-000001", "q"));
    }
}

/// The other settings are taken all the same, as nothing can change the environment of a server that runs.
#[test]
fn metrics_that_cannot_be_sent_stay_as_they_are_at_a_reload() {
    let agent = Agent::udp();
    let location = |address: &str| format!("[statsd]\nlocation = \"{address}\"\n");
    let server = Server::builder().config(&location(agent.url())).start();
    let config = location("tcp://x") + "[dead]\nmax_jobs = 7\n";
    server.files().write_config("50-test.toml", &config);
    server.signal(Signal::SIGHUP);
    let line = server.wait_for_log("metrics stay as they are");
    assert!(
        line.contains("WARN") && line.contains("tcp:// is not known"),
        "{line}"
    );
    server.wait_for_log("dead.max_jobs is 7");
    server.wait_for_log("settings read again, 1 changes");
    server.client().push(&job("jid-000001", "after"));
    agent.wait_for_metric("faktory.jobs.pushed", &["queue:after", "jobtype:Test"]);
}

#[test]
fn tags_that_cannot_be_sent_are_cleaned_and_told() {
    let server = Server::builder()
        .config("[metrics]\nenabled = true\ntags = [\"team name:x\"]\n[statsd]\nnamespace = \"7-jobs\"\n")
        .env("DD_TAGS", "env:prod,1st:x v:1+2")
        .start();
    for told in [
        "line 3: metrics.tags: \"team name:x\" is sent as team_name:x",
        "DD_TAGS: \"1st:x\" is sent as st:x",
        "DD_TAGS: \"v:1+2\" is sent as v:1_2",
        "statsd.namespace is sent as jobs. instead of \"7-jobs\"",
        "as jobs.* with team_name:x,env:prod,st:x,v:1_2",
    ] {
        server.wait_for_log(told);
    }
}
