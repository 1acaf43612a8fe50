//! REQUEUE.

use serde_json::json;
use workmill_tests::{Server, job, parse_instant};

use crate::kill_and_start;

#[test]
fn a_job_given_back_is_the_next_of_its_queue_as_if_it_had_not_been_fetched() {
    let mut server = Server::start();
    let mut client = server.client();
    for jid in ["jid-000001", "jid-000002", "jid-000003"] {
        client.push(&job(jid, "q"));
    }
    let before = client.fetch_now("q");
    assert_eq!(client.fetch_jid("q"), "jid-000002");
    // Another connection than the one that has it, and one without a wid.
    server.client().ok(r#"REQUEUE {"jid":"jid-000001"}"#);
    let mut client = kill_and_start(&mut server);
    let after = client.fetch_now("q");
    assert_eq!(after["jid"], "jid-000001");
    assert!(
        parse_instant(&after["enqueued_at"]) > parse_instant(&before["enqueued_at"]),
        "{after}"
    );
    let info = client.info();
    assert_eq!(info["faktory"]["total_processed"], 0);
    assert_eq!(info["faktory"]["tasks"]["Retries"]["size"], 0);
}

#[test]
fn what_is_known_of_failures_stays() {
    let server = Server::start();
    let mut client = server.client();
    client.push(&job("jid-000001", "q"));
    client.fetch_now("q");
    client.fail("jid-000001");
    client.ok(r#"MUTATE {"cmd":"requeue","target":"retries"}"#);
    let before = client.fetch_now("q");
    client.ok(r#"REQUEUE {"jid":"jid-000001"}"#);
    let after = client.fetch_now("q");
    assert_eq!(after["failure"], before["failure"]);
    assert_eq!(after["failure"]["retry_count"], 0);
    assert_eq!(after["retry"], 25);
}

#[test]
fn a_worker_that_waits_gets_the_job_at_once_and_the_late_word_of_the_first_one_is_void() {
    let server = Server::start();
    let (mut first, mut second) = (server.worker("worker-1"), server.worker("worker-2"));
    let mut operator = server.client();
    first.push(&job("jid-000001", "q"));
    first.fetch_now("q");
    second.park(&mut operator, "q");
    operator.ok(r#"REQUEUE {"jid":"jid-000001"}"#);
    assert_eq!(second.read_reply().json()["jid"], "jid-000001");
    first.ack("jid-000001");
    assert_eq!(operator.task_size("Busy"), 1);
    second.ack("jid-000001");
    assert_eq!(operator.info()["faktory"]["total_processed"], 1);
}

#[test]
fn a_job_that_nobody_has_cannot_be_given_back() {
    let server = Server::start();
    let mut client = server.client();
    client.push(&job("jid-000001", "q"));
    let text = "ERR there is no reservation for job jid-000001";
    assert_eq!(client.refused(r#"REQUEUE {"jid":"jid-000001"}"#), text);
    client.fetch_now("q");
    client.ack("jid-000001");
    assert_eq!(client.refused(r#"REQUEUE {"jid":"jid-000001"}"#), text);
    assert_eq!(
        client.refused(format!("REQUEUE {}", json!({"wid": "w"}))),
        r#"ERR invalid REQUEUE {"wid":"w"}: send REQUEUE {"jid":"..."}"#
    );
    assert_eq!(client.queue_size("q"), Some(0));
}
