//! Every name, type and tag.

use nix::sys::signal::Signal;
use serde_json::{Value, json};
use workmill_tests::{Agent, Metric, Server, ServerBuilder, ServerFiles, instant_in, job};

fn builder(agent: &Agent) -> ServerBuilder {
    Server::builder().env("DD_DOGSTATSD_URL", agent.url())
}

fn mail(jid: &str, retry: i64) -> Value {
    let mut job = job(jid, "mail");
    job["jobtype"] = json!("Mail::Send");
    job["retry"] = json!(retry);
    job
}

/// All of one name that happened to jobs of `mail`, by the tags beyond queue and type; all have this type.
fn of_mail(metrics: &[Metric], name: &str, kind: &str) -> Vec<(Vec<String>, f64)> {
    let named = metrics.iter().filter(|metric| metric.name == name);
    named
        .map(|metric| {
            assert_eq!(metric.kind, kind, "{metric:?}");
            assert_eq!(metric.rate, None, "{metric:?}");
            assert_eq!(metric.tag("queue"), Some("mail"), "{metric:?}");
            assert_eq!(metric.tag("jobtype"), Some("Mail::Send"), "{metric:?}");
            let tags = metric.tags.iter();
            let further = tags.filter(|t| !t.starts_with("queue:") && !t.starts_with("jobtype:"));
            (further.cloned().collect(), metric.value)
        })
        .collect()
}

#[test]
fn jobs_are_counted_when_pushed_and_fetched_and_timed_when_processed() {
    let agent = Agent::udp();
    let mut server = builder(&agent).start();
    let mut worker = server.worker("worker-1");
    worker.push(&mail("jid-is-done", 3));
    worker.push(&mail("jid-dies-00", -1));
    let mut later = mail("jid-is-later", 3);
    later["at"] = json!(instant_in(3_600));
    let refused = json!({"jid": "jid-refused", "queue": "mail", "jobtype": "Mail::Send"});
    worker.push_bulk(&[
        mail("jid-retries", 3),
        mail("jid-dropped", 0),
        refused,
        later,
    ]);
    for _ in 0..4 {
        worker.fetch_now("mail");
    }
    worker.ack("jid-is-done");
    worker.ack("jid-unknown");
    for jid in ["jid-dies-00", "jid-retries", "jid-dropped"] {
        worker.fail(jid);
    }
    assert!(server.stop().status.success());
    let processed = |metrics: &[Metric]| of_mail(metrics, "faktory.jobs.processed", "ms");
    let metrics = agent.wait_for("processed jobs", |metrics| processed(metrics).len() == 4);
    for (name, count) in [("faktory.jobs.pushed", 5.0), ("faktory.jobs.fetched", 4.0)] {
        let counted = of_mail(&metrics, name, "c");
        assert_eq!(
            counted.iter().map(|(_, value)| value).sum::<f64>(),
            count,
            "{name}"
        );
        assert!(
            counted.iter().all(|(tags, _)| tags.is_empty()),
            "{counted:?}"
        );
    }
    let processed = processed(&metrics);
    let tags: Vec<String> = processed.iter().map(|(tags, _)| tags.join(" ")).collect();
    assert_eq!(
        tags,
        [
            "status:success",
            "dead:true status:fail",
            "dead:false status:fail",
            "dead:false status:fail"
        ]
    );
    assert!(
        processed.iter().all(|(_, ms)| (0.0..60_000.0).contains(ms)),
        "{processed:?}"
    );
}

#[test]
fn jobs_that_expire_are_counted_when_they_are_dropped() {
    let agent = Agent::udp();
    let mut server = builder(&agent).start();
    let mut worker = server.worker("worker-1");
    for jid in ["jid-expired-1", "jid-expired-2"] {
        let mut late = mail(jid, 3);
        late["custom"] = json!({"expires_at": instant_in(-1)});
        worker.push(&late);
    }
    worker.push(&mail("jid-in-time", 3));
    assert_eq!(worker.fetch_jid("mail"), "jid-in-time");
    worker.ack("jid-in-time");
    assert!(server.stop().status.success());
    let processed = |metrics: &[Metric]| of_mail(metrics, "faktory.jobs.processed", "ms");
    let metrics = agent.wait_for("the processed job", |metrics| processed(metrics).len() == 1);
    let counted = |name| of_mail(&metrics, name, "c");
    let once = (vec![], 1.0);
    assert_eq!(
        counted("faktory.jobs.expired"),
        [once.clone(), once.clone()]
    );
    assert_eq!(counted("faktory.jobs.fetched"), [once]);
}

/// Directories with a job in every place: two queued, one reserved, scheduled, retrying and dead.
fn files_with_a_job_everywhere() -> ServerFiles {
    let files = ServerFiles::new();
    let mut server = Server::builder().files(files.clone()).start();
    let mut worker = server.worker("worker-1");
    for jid in ["jid-retries", "jid-dies-00", "jid-reserved"] {
        let mut job = job(jid, "q");
        job["retry"] = json!(if jid == "jid-dies-00" { -1 } else { 3 });
        worker.push(&job);
        worker.fetch_now("q");
    }
    worker.fail("jid-retries");
    worker.fail("jid-dies-00");
    let mut later = job("jid-is-later", "q");
    later["at"] = json!(instant_in(3_600));
    worker.push_bulk(&[later, job("jid-waits-1", "q"), job("jid-waits-2", "q")]);
    worker.push(&job("jid-other-1", "drained"));
    worker.fetch_now("drained");
    worker.ack("jid-other-1");
    assert!(server.stop().status.success());
    files
}

#[test]
fn sizes_and_latencies_are_sent_when_the_server_starts() {
    let files = files_with_a_job_everywhere();
    let agent = Agent::udp();
    let _server = builder(&agent).files(files).start();
    for (name, value) in [
        ("faktory.jobs.working", 1.0),
        ("faktory.jobs.scheduled", 1.0),
        ("faktory.jobs.retries", 1.0),
        ("faktory.jobs.dead", 1.0),
    ] {
        let gauge = agent.wait_for_metric(name, &[]);
        assert_eq!((gauge.kind.as_str(), gauge.value), ("g", value), "{name}");
    }
    let connections = agent.wait_for_metric("faktory.ops.connections", &[]);
    assert_eq!(connections.kind, "g");
    for (queue, size) in [("queue:q", 2.0), ("queue:drained", 0.0)] {
        let enqueued = agent.wait_for_metric("faktory.jobs.enqueued", &[queue]);
        assert_eq!(
            (enqueued.kind.as_str(), enqueued.value),
            ("g", size),
            "{queue}"
        );
        for (name, kind) in [
            ("faktory.jobs.current_latency", "g"),
            ("faktory.jobs.latency", "ms"),
        ] {
            let latency = agent.wait_for_metric(name, &[queue]);
            assert_eq!(latency.kind, kind);
            // The server was stopped and started since, which takes some milliseconds.
            assert_eq!(latency.value > 1.0, size > 0.0, "{latency:?}");
        }
    }
}

#[test]
fn gauges_are_sent_again_when_what_is_sent_with_them_changes() {
    let agent = Agent::udp();
    let server = builder(&agent).start();
    agent.wait_for_metric("faktory.ops.connections", &[]);
    let _clients = [server.client(), server.client()];
    server
        .files()
        .write_config("50-test.toml", "[metrics]\ntags = [\"env:test\"]\n");
    server.signal(Signal::SIGHUP);
    let connections = agent.wait_for_metric("faktory.ops.connections", &["env:test"]);
    assert_eq!(connections.value, 2.0);
}
