//! Workers: HELLO with a wid, BEAT, quiet and terminate.

use serde_json::json;
use workmill_tests::{Reply, Server, job};

fn state(wid: &str, state: &str) -> String {
    format!("BEAT {}", json!({"wid": wid, "current_state": state}))
}

#[test]
fn worker_counts_as_soon_as_it_connects() {
    let server = Server::start();
    let mut producer = server.client();
    assert_eq!(producer.task_size("Workers"), 0);
    let _first = server.worker("worker-1");
    assert_eq!(producer.task_size("Workers"), 1);
    let _second = server.worker("worker-2");
    let _second_again = server.worker("worker-2");
    assert_eq!(
        producer.task_size("Workers"),
        2,
        "connections with one wid are one worker"
    );
}

#[test]
fn worker_leaves_with_its_last_connection() {
    let server = Server::start();
    let mut producer = server.client();
    let first = server.worker("worker-1");
    let second = server.worker("worker-1");
    drop(first);
    producer.wait_for_info(|info| info["server"]["connections"] == 2);
    assert_eq!(producer.task_size("Workers"), 1);
    assert_eq!(producer.beat("worker-1"), Reply::ok());
    drop(second);
    producer.wait_for_info(|info| info["faktory"]["tasks"]["Workers"]["size"] == 0);
    assert_eq!(
        producer.beat("worker-1").error(),
        "ERR unknown worker worker-1"
    );
}

#[test]
fn worker_leaves_with_end_too() {
    let server = Server::start();
    let mut producer = server.client();
    let mut worker = server.worker("worker-1");
    worker.cmd("END");
    producer.wait_for_info(|info| info["faktory"]["tasks"]["Workers"]["size"] == 0);
}

#[test]
fn jobs_of_a_worker_that_left_stay_reserved() {
    let server = Server::start();
    let mut producer = server.client();
    producer.push(&job("jid-000001", "q"));
    let mut worker = server.worker("worker-1");
    worker.fetch_now("q");
    drop(worker);
    producer.wait_for_info(|info| info["faktory"]["tasks"]["Workers"]["size"] == 0);
    assert_eq!(producer.task_size("Busy"), 1);
    let mut worker = server.worker("worker-1");
    worker.ack("jid-000001");
    assert_eq!(producer.task_size("Busy"), 0);
}

/// Demand 23: a worker that had been removed was refused for ever.
#[test]
fn worker_that_left_may_come_back() {
    let server = Server::start();
    let mut producer = server.client();
    drop(server.worker("worker-1"));
    producer.wait_for_info(|info| info["faktory"]["tasks"]["Workers"]["size"] == 0);
    let mut worker = server.worker("worker-1");
    assert_eq!(worker.beat("worker-1"), Reply::ok());
    assert_eq!(producer.task_size("Workers"), 1);
}

#[test]
fn beat_is_ok_while_running_and_takes_numbers() {
    let server = Server::start();
    let mut worker = server.worker("worker-1");
    assert_eq!(worker.beat("worker-1"), Reply::ok());
    assert_eq!(
        worker.cmd(r#"BEAT {"wid":"worker-1","rss_kb":54321}"#),
        Reply::ok()
    );
    assert_eq!(
        worker.cmd(r#"BEAT {"wid":"worker-1","current_state":null,"rss_kb":null,"unknown":[1]}"#),
        Reply::ok()
    );
}

#[test]
fn any_connection_may_beat_for_any_worker() {
    let server = Server::start();
    let _worker = server.worker("worker-1");
    assert_eq!(server.client().beat("worker-1"), Reply::ok());
    assert_eq!(server.worker("worker-2").beat("worker-1"), Reply::ok());
}

#[test]
fn beat_for_an_unknown_worker_is_refused_and_leaves_the_connection_open() {
    let server = Server::start();
    let mut client = server.client();
    assert_eq!(client.beat("nobody").error(), "ERR unknown worker nobody");
    client.info();
}

#[test]
fn state_moves_from_running_to_quiet_to_terminate_only() {
    let server = Server::start();
    let mut worker = server.worker("worker-1");
    let quiet = Reply::Bulk(br#"{"state":"quiet"}"#.to_vec());
    let terminate = Reply::Bulk(br#"{"state":"terminate"}"#.to_vec());
    for no_state in ["running", "QUIET", "", "stopped"] {
        assert_eq!(
            worker.cmd(state("worker-1", no_state)),
            Reply::ok(),
            "{no_state:?}"
        );
    }
    assert_eq!(worker.cmd(state("worker-1", "quiet")), quiet);
    assert_eq!(worker.cmd(state("worker-1", "running")), quiet);
    assert_eq!(worker.beat("worker-1"), quiet);
    assert_eq!(worker.cmd(state("worker-1", "terminate")), terminate);
    assert_eq!(worker.cmd(state("worker-1", "quiet")), terminate);
    assert_eq!(worker.beat("worker-1"), terminate);
}

#[test]
fn running_worker_may_go_to_terminate_at_once() {
    let server = Server::start();
    let mut worker = server.worker("worker-1");
    let reply = worker.cmd(state("worker-1", "terminate"));
    assert_eq!(reply, Reply::Bulk(br#"{"state":"terminate"}"#.to_vec()));
}

/// Demand 15: quiet reached only the first connection of a worker.
#[test]
fn quiet_worker_fetches_nothing_on_any_of_its_connections() {
    for stopping in ["quiet", "terminate"] {
        let server = Server::start();
        let mut producer = server.client();
        let mut connections: Vec<_> = (0..3).map(|_| server.worker("worker-1")).collect();
        producer.cmd(state("worker-1", stopping)).bulk();
        connections.push(server.worker("worker-1"));
        producer.push(&job("jid-000001", "q"));
        for connection in &mut connections {
            connection.send("FETCH q");
        }
        for connection in &mut connections {
            assert_eq!(connection.read_reply(), Reply::Nil, "{stopping}");
        }
        assert_eq!(producer.queue_size("q"), Some(1));
        assert_eq!(
            server.worker("worker-2").fetch_jid("q"),
            "jid-000001",
            "other workers go on"
        );
    }
}

#[test]
fn worker_made_quiet_while_parked_fetches_nothing_afterwards() {
    let server = Server::start();
    let mut producer = server.client();
    let mut worker = server.worker("worker-1");
    worker.park(&mut producer, "q");
    producer.cmd(state("worker-1", "quiet")).bulk();
    assert_eq!(worker.read_reply(), Reply::Nil);
    producer.push(&job("jid-000001", "q"));
    assert_eq!(worker.fetch("q"), None);
    assert_eq!(producer.fetch_jid("q"), "jid-000001");
}

#[test]
fn quiet_worker_may_still_acknowledge_and_fail() {
    let server = Server::start();
    let mut worker = server.worker("worker-1");
    for jid in ["jid-000001", "jid-000002"] {
        worker.push(&job(jid, "q"));
        worker.fetch_now("q");
    }
    worker.cmd(state("worker-1", "quiet")).bulk();
    worker.ack("jid-000001");
    worker.fail("jid-000002");
    assert_eq!(worker.task_size("Busy"), 0);
}

#[test]
fn worker_is_running_again_after_all_its_connections_went() {
    let server = Server::start();
    let mut producer = server.client();
    let mut worker = server.worker("worker-1");
    worker.cmd(state("worker-1", "quiet")).bulk();
    drop(worker);
    producer.wait_for_info(|info| info["faktory"]["tasks"]["Workers"]["size"] == 0);
    producer.push(&job("jid-000001", "q"));
    let mut worker = server.worker("worker-1");
    assert_eq!(worker.beat("worker-1"), Reply::ok());
    assert_eq!(worker.fetch_jid("q"), "jid-000001");
}

#[test]
fn connections_without_a_wid_are_no_workers() {
    let server = Server::start();
    let mut producer = server.client();
    let mut empty = server.worker("");
    assert_eq!(empty.task_size("Workers"), 0);
    empty.push(&job("jid-000001", "q"));
    assert_eq!(producer.fetch_jid("q"), "jid-000001");
    empty.ack("jid-000001");
    assert_eq!(empty.task_size("Busy"), 0);
}
