//! FETCH: which queue, which job, and what happens while it waits.

use std::collections::BTreeSet;
use std::thread;

use serde_json::json;
use workmill_tests::{Client, Reply, Server, job};

#[test]
fn leftmost_queue_with_a_job_wins() {
    let server = Server::start();
    let mut client = server.client();
    for (jid, queue) in [
        ("jid-low-1", "low"),
        ("jid-high-1", "high"),
        ("jid-mid-1", "mid"),
        ("jid-high-2", "high"),
    ] {
        client.push(&job(jid, queue));
    }
    assert_eq!(client.fetch_jid("high mid low"), "jid-high-1");
    assert_eq!(client.fetch_jid("empty high mid low"), "jid-high-2");
    assert_eq!(client.fetch_jid("high mid low"), "jid-mid-1");
    assert_eq!(client.fetch_jid("high mid low"), "jid-low-1");
}

#[test]
fn queue_named_twice_is_no_fault() {
    let server = Server::start();
    let mut client = server.client();
    client.push(&job("jid-000001", "q"));
    assert_eq!(client.fetch_jid("other q q other"), "jid-000001");
}

#[test]
fn thousands_of_queues_may_be_named() {
    let server = Server::start();
    let mut client = server.client();
    let names: Vec<String> = (0..5_000)
        .map(|number| format!("tenant-{number}"))
        .collect();
    let names = names.join(" ");
    assert_eq!(client.fetch(&names), None);
    client.push(&job("jid-000001", "tenant-4999"));
    assert_eq!(client.fetch_jid(&names), "jid-000001");
}

#[test]
fn fetch_does_not_make_a_queue() {
    let server = Server::start();
    let mut client = server.client();
    assert_eq!(client.fetch("never-pushed-to"), None);
    assert_eq!(client.info()["faktory"]["queues"], json!({}));
}

#[test]
fn empty_fetch_is_nil_and_nothing_more() {
    let server = Server::start();
    let mut client = server.client();
    assert_eq!(client.cmd("FETCH q"), Reply::Nil);
    // The next reply is INFO's: nothing stray was left on the wire.
    client.info();
}

#[test]
fn job_that_is_there_is_fetched_before_later_commands_of_others() {
    let server = Server::start();
    let mut client = server.client();
    client.push(&job("jid-000001", "q"));
    assert_eq!(client.fetch_jid("q"), "jid-000001");
    let info = client.info();
    assert_eq!(info["faktory"]["queues"]["q"], 0);
    assert_eq!(info["faktory"]["tasks"]["Busy"]["size"], 1);
}

#[test]
fn parked_fetch_is_served_by_a_push_to_any_of_its_queues() {
    let server = Server::start();
    let mut pusher = server.client();
    for queue in ["a", "b", "c"] {
        let mut waiting = server.client();
        waiting.park(&mut pusher, "a b c");
        pusher.push(&job("jid-000001", queue));
        let fetched = waiting.read_reply().json();
        assert_eq!(
            (&fetched["jid"], &fetched["queue"]),
            (&json!("jid-000001"), &json!(queue))
        );
        waiting.ack("jid-000001");
    }
}

#[test]
fn parked_fetch_is_served_by_a_bulk_push() {
    let server = Server::start();
    let mut pusher = server.client();
    let mut first = server.client();
    let mut second = server.client();
    first.park(&mut pusher, "q");
    second.park(&mut pusher, "q");
    pusher.push_bulk(&[
        job("jid-000001", "q"),
        job("jid-000002", "q"),
        job("jid-000003", "q"),
    ]);
    assert_eq!(first.read_reply().json()["jid"], "jid-000001");
    assert_eq!(second.read_reply().json()["jid"], "jid-000002");
    assert_eq!(pusher.queue_size("q"), Some(1));
}

#[test]
fn parked_fetches_are_served_in_the_order_they_came() {
    let server = Server::start();
    let mut pusher = server.client();
    let mut waiting: Vec<Client> = (0..8).map(|_| server.client()).collect();
    for client in &mut waiting {
        client.park(&mut pusher, "q");
    }
    for number in 0..waiting.len() {
        pusher.push(&job(&format!("jid-{number:06}"), "q"));
    }
    for (number, client) in waiting.iter_mut().enumerate() {
        assert_eq!(
            client.read_reply().json()["jid"],
            format!("jid-{number:06}")
        );
    }
}

#[test]
fn push_to_another_queue_leaves_a_fetch_parked() {
    let server = Server::start();
    let mut pusher = server.client();
    let mut waiting = server.client();
    waiting.park(&mut pusher, "q");
    pusher.push(&job("jid-other1", "other"));
    pusher.push(&job("jid-000001", "q"));
    assert_eq!(waiting.read_reply().json()["jid"], "jid-000001");
}

#[test]
fn parked_fetch_is_answered_nil_in_time_and_served_no_job_afterwards() {
    let server = Server::start();
    let mut pusher = server.client();
    let mut waiting = server.client();
    waiting.park(&mut pusher, "q");
    assert_eq!(waiting.read_reply(), Reply::Nil);
    pusher.push(&job("jid-000001", "q"));
    assert_eq!(pusher.queue_size("q"), Some(1), "nobody waits any more");
    assert_eq!(waiting.fetch_jid("q"), "jid-000001");
}

/// Demand 4: a job went to a client that was gone.
#[test]
fn job_for_many_vanished_clients_reaches_the_one_that_is_left() {
    let server = Server::start();
    let mut pusher = server.client();
    let mut gone: Vec<Client> = (0..20).map(|_| server.client()).collect();
    for client in &mut gone {
        client.park(&mut pusher, "q");
    }
    let mut left = server.client();
    left.park(&mut pusher, "q");
    drop(gone);
    pusher.wait_for_info(|info| info["server"]["connections"] == 2);
    pusher.push(&job("jid-000001", "q"));
    assert_eq!(left.read_reply().json()["jid"], "jid-000001");
}

#[test]
fn clients_that_leave_in_the_midst_lose_no_job() {
    let server = Server::start();
    let mut client = server.client();
    let jobs: Vec<_> = (0..300)
        .map(|number| job(&format!("jid-{number:06}"), "q"))
        .collect();
    client.push_bulk(&jobs);
    for round in 0..200 {
        let mut leaving = server.client();
        let fetches = "FETCH q\r\n".repeat(round % 3 + 1);
        leaving.send_raw(fetches.as_bytes()).unwrap();
        if round % 2 == 0 {
            leaving.read_reply().json();
        }
    }
    client.wait_for_info(|info| info["server"]["connections"] == 1);
    let mut fetched = BTreeSet::new();
    while client.queue_size("q") > Some(0) {
        let jid = client.fetch_jid("q");
        client.ack(&jid);
        assert!(fetched.insert(jid), "a job was fetched twice");
    }
    // What was delivered to a client that then left waits for the end of its reservation.
    let delivered = client.task_size("Busy");
    assert!(delivered >= 100, "every second client has read a job");
    assert_eq!(fetched.len() as u64 + delivered, 300);
}

#[test]
fn commands_behind_a_parked_fetch_wait_for_it() {
    let server = Server::start();
    let mut pusher = server.client();
    let mut waiting = server.client();
    waiting.park(&mut pusher, "q");
    waiting.send(format!("PUSH {}", job("jid-behind", "behind")));
    assert_eq!(pusher.queue_size("behind"), None);
    pusher.push(&job("jid-000001", "q"));
    assert_eq!(waiting.read_reply().json()["jid"], "jid-000001");
    assert_eq!(waiting.read_reply(), Reply::ok());
    assert_eq!(pusher.queue_size("behind"), Some(1));
}

#[test]
fn job_put_back_into_play_serves_a_parked_fetch() {
    let server = Server::start();
    let mut operator = server.client();
    operator.push(&job("jid-000001", "q"));
    operator.fetch_now("q");
    operator.fail("jid-000001");
    let mut waiting = server.client();
    waiting.park(&mut operator, "q");
    operator.ok(r#"MUTATE {"cmd":"requeue","target":"retries"}"#);
    assert_eq!(waiting.read_reply().json()["jid"], "jid-000001");
}

#[test]
fn resumed_queue_serves_a_parked_fetch() {
    let server = Server::start();
    let mut operator = server.client();
    operator.ok("QUEUE PAUSE q");
    operator.push(&job("jid-000001", "q"));
    let mut waiting = server.client();
    waiting.park(&mut operator, "q");
    operator.ok("QUEUE RESUME q");
    assert_eq!(waiting.read_reply().json()["jid"], "jid-000001");
}

#[test]
fn job_is_given_to_one_worker_only() {
    let server = Server::start();
    let addr = server.addr();
    let mut pusher = server.client();
    let jids: BTreeSet<String> = (0..400).map(|number| format!("jid-{number:06}")).collect();
    let fetchers: Vec<_> = (0..8)
        .map(|number| {
            thread::spawn(move || {
                let mut client = Client::with_wid(addr, &format!("worker-{number}"));
                let mut fetched = Vec::new();
                while let Some(job) = client.fetch("q") {
                    let jid = job["jid"].as_str().unwrap().to_owned();
                    client.ack(&jid);
                    fetched.push(jid);
                }
                fetched
            })
        })
        .collect();
    for jid in &jids {
        pusher.push(&job(jid, "q"));
    }
    let mut fetched: Vec<String> = fetchers
        .into_iter()
        .flat_map(|fetcher| fetcher.join().unwrap())
        .collect();
    fetched.sort();
    assert!(
        fetched.iter().eq(jids.iter()),
        "{} jobs fetched of {}",
        fetched.len(),
        jids.len()
    );
    assert_eq!(pusher.info()["faktory"]["total_processed"], 400);
}

#[test]
fn hundreds_of_parked_fetches_are_all_answered() {
    let server = Server::start();
    let mut pusher = server.client();
    let mut waiting: Vec<Client> = (0..400).map(|_| server.client()).collect();
    for client in &mut waiting {
        client.send("FETCH q");
    }
    let jobs: Vec<_> = (0..200)
        .map(|number| job(&format!("jid-{number:06}"), "q"))
        .collect();
    pusher.push_bulk(&jobs);
    let mut jids = BTreeSet::new();
    let mut nils = 0;
    for client in &mut waiting {
        match client.read_reply() {
            Reply::Nil => nils += 1,
            reply => assert!(jids.insert(reply.json()["jid"].as_str().unwrap().to_owned())),
        }
    }
    // Those answered nil before the push came may have left jobs in the queue, but none is lost and none doubled.
    let left = pusher.queue_size("q").unwrap();
    assert_eq!(jids.len() as u64 + left, 200);
    assert_eq!(nils + jids.len(), 400);
}

#[test]
fn any_connection_may_acknowledge_what_another_fetched() {
    let server = Server::start();
    let mut producer = server.client();
    let mut worker = server.worker("worker-1");
    let mut other = server.worker("worker-2");
    for jid in ["jid-000001", "jid-000002", "jid-000003"] {
        producer.push(&job(jid, "q"));
        worker.fetch_now("q");
    }
    producer.ack("jid-000001");
    other.ack("jid-000002");
    other.fail("jid-000003");
    let info = producer.info();
    assert_eq!(info["faktory"]["tasks"]["Busy"]["size"], 0);
    assert_eq!(info["faktory"]["total_processed"], 3);
    assert_eq!(info["faktory"]["total_failures"], 1);
}

#[test]
fn of_equal_jids_each_worker_ends_its_own() {
    let server = Server::start();
    let mut producer = server.client();
    let mut first = server.worker("worker-1");
    let mut second = server.worker("worker-2");
    for number in 1..=2 {
        let mut job = job("same-jid", "q");
        job["args"] = json!([number]);
        producer.push(&job);
    }
    assert_eq!(first.fetch_now("q")["args"], json!([1]));
    assert_eq!(second.fetch_now("q")["args"], json!([2]));
    second.fail("same-jid");
    first.ack("same-jid");
    producer.ok(r#"MUTATE {"cmd":"requeue","target":"retries"}"#);
    assert_eq!(
        producer.fetch_now("q")["args"],
        json!([2]),
        "the second worker's copy failed"
    );
}
