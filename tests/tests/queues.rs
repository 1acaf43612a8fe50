//! QUEUE and FLUSH.

use serde_json::json;
use workmill_tests::{Reply, Server, instant_in, job};

/// Demand 9: the pause had no effect on the queue made later.
#[test]
fn queue_paused_before_it_exists_is_paused() {
    let server = Server::start();
    let mut client = server.client();
    client.ok("QUEUE PAUSE q");
    client.push(&job("jid-000001", "q"));
    assert_eq!(client.fetch("q"), None);
    assert_eq!(client.queue_size("q"), Some(1));
    client.ok("QUEUE RESUME q");
    assert_eq!(client.fetch_jid("q"), "jid-000001");
}

#[test]
fn paused_queue_takes_jobs_and_is_passed_over() {
    let server = Server::start();
    let mut client = server.client();
    client.push(&job("jid-paused", "first"));
    client.ok("QUEUE PAUSE first");
    client.push(&job("jid-second", "second"));
    assert_eq!(client.fetch_jid("first second"), "jid-second");
    client.push(&job("jid-paused2", "first"));
    assert_eq!(client.queue_size("first"), Some(2));
}

#[test]
fn pause_and_resume_take_several_names() {
    let server = Server::start();
    let mut client = server.client();
    for queue in ["a", "b", "c"] {
        client.push(&job(&format!("jid-in-{queue}"), queue));
    }
    client.ok("QUEUE PAUSE a b unknown");
    assert_eq!(client.fetch_jid("a b c"), "jid-in-c");
    client.ok("QUEUE RESUME b unknown");
    assert_eq!(client.fetch_jid("a b c"), "jid-in-b");
}

#[test]
fn a_name_no_queue_can_have_is_refused_and_nothing_is_done() {
    let server = Server::start();
    let mut client = server.client();
    client.push(&job("jid-in-a", "a"));
    for subcommand in ["PAUSE", "RESUME", "REMOVE", "LATENCY"] {
        for bad in ["a,b", "a:b", "a*", "*"] {
            assert_eq!(
                client.refused(format!("QUEUE {subcommand} a {bad}")),
                format!(
                    "ERR cannot get {bad:?} queue: queue names must match \\A[a-zA-Z0-9._-]+\\z"
                )
            );
        }
    }
    assert_eq!(client.fetch_jid("a"), "jid-in-a");
}

#[test]
fn star_means_every_queue_and_only_as_the_first_name() {
    let server = Server::start();
    let mut client = server.client();
    for queue in ["a", "b"] {
        client.push(&job(&format!("jid-in-{queue}"), queue));
    }
    client.ok("QUEUE PAUSE *");
    assert_eq!(client.fetch("a b"), None);
    client.ok("QUEUE RESUME *");
    assert_eq!(client.fetch_jid("b"), "jid-in-b");
    client.ok("QUEUE REMOVE *");
    assert_eq!(client.info()["faktory"]["queues"], json!({}));
}

#[test]
fn pausing_twice_and_resuming_what_runs_is_no_fault() {
    let server = Server::start();
    let mut client = server.client();
    client.ok("QUEUE RESUME q");
    client.ok("QUEUE PAUSE q");
    client.ok("QUEUE PAUSE q");
    client.ok("QUEUE RESUME q");
    client.push(&job("jid-000001", "q"));
    assert_eq!(client.fetch_jid("q"), "jid-000001");
}

#[test]
fn parked_fetch_on_a_queue_that_is_then_paused_gets_no_job() {
    let server = Server::start();
    let mut client = server.client();
    let mut waiting = server.client();
    waiting.park(&mut client, "q");
    client.ok("QUEUE PAUSE q");
    client.push(&job("jid-000001", "q"));
    assert_eq!(waiting.read_reply(), Reply::Nil);
    assert_eq!(client.queue_size("q"), Some(1));
}

#[test]
fn removed_queue_is_gone_with_its_jobs_and_its_pause() {
    let server = Server::start();
    let mut client = server.client();
    client.push(&job("jid-000001", "q"));
    client.push(&job("jid-000002", "q"));
    client.push(&job("jid-000003", "other"));
    client.ok("QUEUE PAUSE q");
    client.ok("QUEUE REMOVE q unknown");
    assert_eq!(client.info()["faktory"]["queues"], json!({"other": 1}));
    client.push(&job("jid-000004", "q"));
    assert_eq!(
        client.fetch_jid("q"),
        "jid-000004",
        "neither the pause nor the old jobs are left"
    );
    assert_eq!(client.queue_size("q"), Some(0));
}

#[test]
fn removing_a_queue_spares_its_reserved_jobs() {
    let server = Server::start();
    let mut client = server.client();
    for jid in ["jid-acked", "jid-failed", "jid-waiting"] {
        client.push(&job(jid, "q"));
    }
    client.fetch_now("q");
    client.fetch_now("q");
    client.ok("QUEUE REMOVE q");
    assert_eq!(client.task_size("Busy"), 2);
    client.ack("jid-acked");
    client.fail("jid-failed");
    let info = client.info();
    assert_eq!(info["faktory"]["tasks"]["Busy"]["size"], 0);
    assert_eq!(info["faktory"]["tasks"]["Retries"]["size"], 1);
    assert_eq!(info["faktory"]["total_processed"], 2);
    client.ok(r#"MUTATE {"cmd":"requeue","target":"retries"}"#);
    assert_eq!(client.fetch_jid("q"), "jid-failed");
}

#[test]
fn removing_a_queue_spares_its_scheduled_and_retrying_jobs() {
    let server = Server::start();
    let mut client = server.client();
    let mut later = job("jid-later", "q");
    later["at"] = json!(instant_in(3600));
    client.push(&later);
    client.push(&job("jid-retry", "q"));
    client.fetch_now("q");
    client.fail("jid-retry");
    client.ok("QUEUE REMOVE q");
    let info = client.info();
    assert_eq!(info["faktory"]["tasks"]["Scheduled"]["size"], 1);
    assert_eq!(info["faktory"]["tasks"]["Retries"]["size"], 1);
}

#[test]
fn latency_is_the_age_of_the_oldest_job() {
    let server = Server::start();
    let mut client = server.client();
    client.push(&job("jid-000001", "q"));
    client.push(&job("jid-000002", "drained"));
    client.fetch_now("drained");
    let latency = client.cmd("QUEUE LATENCY q drained unknown").json();
    assert_eq!(latency.as_object().unwrap().len(), 3);
    assert!(latency["q"].as_f64().unwrap() >= 0.0);
    let nothing_waits = client.cmd("QUEUE LATENCY drained unknown").text();
    assert_eq!(nothing_waits, r#"{"drained":0,"unknown":0}"#);
}

#[test]
fn latency_grows_while_a_job_waits() {
    let server = Server::start();
    let mut client = server.client();
    client.push(&job("jid-000001", "q"));
    // A FETCH that waits in vain takes time of the server's own clock.
    assert_eq!(client.fetch("empty"), None);
    let latency = client.cmd("QUEUE LATENCY q").json();
    assert!(latency["q"].as_f64().unwrap() > 1.0, "{latency}");
}

#[test]
fn latency_takes_no_wildcard_and_no_names_are_an_empty_map() {
    let server = Server::start();
    let mut client = server.client();
    assert_eq!(
        client.refused("QUEUE LATENCY *"),
        "ERR QUEUE LATENCY does not support wildcards"
    );
    assert_eq!(client.cmd("QUEUE LATENCY").bulk(), b"{}");
}

#[test]
fn flush_leaves_nothing() {
    let server = Server::start();
    let mut client = server.client();
    let mut later = job("jid-later", "q");
    later["at"] = json!(instant_in(3600));
    client.push(&later);
    for jid in ["jid-retry", "jid-dead1", "jid-busy1", "jid-queued"] {
        client.push(&job(jid, "q"));
    }
    client.fetch_now("q");
    client.fail("jid-retry");
    client.fetch_now("q");
    client.fail("jid-dead1");
    client.ok(r#"MUTATE {"cmd":"kill","target":"retries","filter":{"jids":["jid-dead1"]}}"#);
    client.fetch_now("q");
    client.ok("QUEUE PAUSE q");
    client.ok("FLUSH");
    let info = client.info();
    let faktory = &info["faktory"];
    assert_eq!(faktory["queues"], json!({}));
    assert_eq!(
        faktory["sets"],
        json!({"scheduled": 0, "retries": 0, "working": 0, "dead": 0})
    );
    for counter in [
        "total_enqueued",
        "total_processed",
        "total_failures",
        "total_queues",
    ] {
        assert_eq!(faktory[counter], 0, "{counter}");
    }
    client.push(&job("jid-after1", "q"));
    assert_eq!(client.fetch_jid("q"), "jid-after1", "the pause is gone too");
}

#[test]
fn job_reserved_before_a_flush_is_unknown_after_it() {
    let server = Server::start();
    let mut client = server.worker("worker-1");
    client.push(&job("jid-000001", "q"));
    client.fetch_now("q");
    client.ok("FLUSH");
    assert_eq!(
        client.refused(r#"FAIL {"jid":"jid-000001"}"#),
        "ERR Job not found jid-000001"
    );
    client.ack("jid-000001");
    assert_eq!(client.info()["faktory"]["total_processed"], 0);
}

#[test]
fn flush_keeps_parked_fetches_parked() {
    let server = Server::start();
    let mut client = server.client();
    let mut waiting = server.client();
    waiting.park(&mut client, "q");
    client.ok("FLUSH");
    client.push(&job("jid-000001", "q"));
    assert_eq!(waiting.read_reply().json()["jid"], "jid-000001");
}

#[test]
fn flush_and_remove_survive_a_restart() {
    let mut server = Server::start();
    let mut client = server.client();
    client.push(&job("jid-000001", "q"));
    client.ok("FLUSH");
    client.push(&job("jid-000002", "removed"));
    client.push(&job("jid-000003", "kept"));
    client.ok("QUEUE REMOVE removed");
    server.restart();
    assert_eq!(
        server.client().info()["faktory"]["queues"],
        json!({"kept": 1})
    );
}

#[test]
fn large_queue_is_removed_and_flushed_while_others_are_served() {
    let server = Server::start();
    let mut client = server.client();
    let jobs: Vec<_> = (0..20_000)
        .map(|number| job(&format!("jid-{number:08}"), "large"))
        .collect();
    client.push_bulk(&jobs);
    client.ok("QUEUE REMOVE large");
    assert_eq!(client.queue_size("large"), None);
    client.push_bulk(&jobs);
    assert_eq!(client.queue_size("large"), Some(20_000));
    client.ok("FLUSH");
    client.push(&job("jid-after1", "large"));
    assert_eq!(client.queue_size("large"), Some(1));
    assert_eq!(client.fetch_jid("large"), "jid-after1");
    assert_eq!(client.fetch("large"), None);
}

#[test]
fn latency_sees_what_was_pipelined_before_it() {
    let server = Server::start();
    let mut client = server.client();
    for round in 0..20 {
        let job =
            format!(r#"{{"jid":"pipelined-{round}","queue":"q","jobtype":"Some","args":[]}}"#);
        let ask = "QUEUE LATENCY q\r\n";
        let fetch = "FETCH q\r\n";
        let lines = format!("PUSH {job}\r\n{ask}{fetch}{ask}");
        client.send_raw(lines.as_bytes()).unwrap();
        assert_eq!(client.read_reply(), Reply::ok());
        let waits = client.read_reply().json()["q"].as_f64().unwrap();
        assert!(waits > 0.0 && waits < 60.0, "{waits}");
        client.read_reply().bulk();
        assert_eq!(client.read_reply().text(), r#"{"q":0}"#);
    }
}
