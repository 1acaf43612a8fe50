//! Throttles.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use nix::sys::signal::Signal;
use serde_json::{Value, json};
use workmill_tests::{Client, Reply, Server, job};

use crate::kill_and_start;

fn throttled(throttle: &str) -> Server {
    let config = format!("[throttles]\nq = {{ {throttle} }}\n");
    Server::builder().config(&config).start()
}

fn push_some(client: &mut Client, count: u32) {
    for number in 0..count {
        client.push(&job(&format!("jid-{number:06}"), "q"));
    }
}

/// A FETCH that finds nothing comes back after two seconds; one that does is given so many tries.
fn fetch_within(client: &mut Client, tries: u32) -> String {
    let fetched = (0..tries).find_map(|_| client.fetch("q"));
    let job = fetched.unwrap_or_else(|| panic!("no job in {tries} tries"));
    job["jid"].as_str().expect("a job has a jid").to_owned()
}

#[test]
fn a_worker_waits_for_a_slot_and_has_it_when_another_is_done() {
    let server = throttled("concurrency = 2");
    let (mut first, mut second) = (server.worker("worker-1"), server.worker("worker-2"));
    let mut pusher = server.client();
    push_some(&mut pusher, 5);
    pusher.push(&job("jid-others", "unlimited"));
    first.fetch_now("q");
    first.fetch_now("q");
    assert_eq!(second.fetch_jid("q unlimited"), "jid-others");
    let endings = [
        r#"ACK {"jid":"jid-000000"}"#,
        r#"FAIL {"jid":"jid-000001"}"#,
        r#"REQUEUE {"jid":"jid-000002"}"#,
    ];
    for (ending, wanted) in endings
        .iter()
        .zip(["jid-000002", "jid-000003", "jid-000002"])
    {
        second.park(&mut pusher, "q");
        first.ok(ending);
        assert_eq!(second.read_reply().json()["jid"], wanted, "{ending}");
    }
    assert_eq!(pusher.queue_size("q"), Some(1));
}

#[test]
fn a_worker_counts_over_its_connections_and_a_connection_without_a_name_by_itself() {
    let server = throttled("worker = 1");
    let mut pusher = server.client();
    push_some(&mut pusher, 10);
    let mut one = server.worker("worker-1");
    let mut same = server.worker("worker-1");
    let mut other = server.worker("worker-2");
    one.fetch_now("q");
    assert_eq!(same.fetch("q"), None);
    other.fetch_now("q");
    let (mut nameless, mut another) = (server.client(), server.client());
    nameless.fetch_now("q");
    another.fetch_now("q");
    assert_eq!(nameless.fetch("q"), None);
    assert_eq!(another.fetch("q"), None);
    // Those that wait and may not have one do not hold up the one that may.
    nameless.park(&mut pusher, "q");
    same.park(&mut pusher, "q");
    one.ack("jid-000000");
    assert_eq!(same.read_reply().json()["jid"], "jid-000004");
}

#[test]
fn a_slot_is_free_after_its_time_and_its_job_goes_on() {
    let server = throttled("concurrency = 1, timeout = 1");
    let mut client = server.client();
    push_some(&mut client, 2);
    assert_eq!(client.fetch_jid("q"), "jid-000000");
    assert_eq!(fetch_within(&mut client, 10), "jid-000001");
    assert_eq!(client.task_size("Busy"), 2);
    client.ack("jid-000000");
}

#[test]
fn a_killed_server_remembers_who_has_a_slot() {
    let mut server = throttled("concurrency = 1");
    let mut client = server.client();
    push_some(&mut client, 2);
    client.fetch_now("q");
    let mut client = kill_and_start(&mut server);
    assert_eq!(client.fetch("q"), None);
    client.ack("jid-000000");
    assert_eq!(client.fetch_jid("q"), "jid-000001");
}

#[test]
fn a_rate_begins_with_nothing_and_lets_jobs_go_as_it_fills() {
    let server = Server::builder()
        .config("[throttles]\nq = { rate = 1, per = \"1s\" }\nslow = { rate = 1, per = \"24h\", burst = 100 }\n")
        .start();
    let mut client = server.client();
    client.push(&job("jid-slow00", "slow"));
    assert_eq!(client.fetch("slow"), None);
    push_some(&mut client, 2);
    assert_eq!(fetch_within(&mut client, 10), "jid-000000");
    assert_eq!(fetch_within(&mut client, 10), "jid-000001");
}

#[test]
fn hup_changes_throttles_and_serves_who_waits() {
    let server = throttled("concurrency = 1");
    let mut client = server.client();
    let mut observer = server.client();
    push_some(&mut client, 3);
    client.fetch_now("q");
    client.park(&mut observer, "q");
    let reload = |config: &str| {
        server.files().write_config("50-test.toml", config);
        let mark = server.log().mark();
        server.signal(Signal::SIGHUP);
        server.wait_for_log_after(mark, "throttles");
    };
    reload("[throttles]\nq = { concurrency = 2 }\n");
    // It may have come back with nothing while the server read its files.
    let next = match client.read_reply() {
        Reply::Nil => client.fetch_now("q"),
        reply => reply.json(),
    };
    assert_eq!(next["jid"], "jid-000001");
    assert_eq!(client.fetch("q"), None);
    reload("[throttles]\n");
    assert_eq!(client.fetch_jid("q"), "jid-000002");
}

/// Demand 26: slots leaked, and the server crashed, when many workers wanted them.
#[test]
fn no_slot_leaks_and_none_is_given_twice_however_many_want_it() {
    const SLOTS: u64 = 3;
    const JOBS: usize = 300;
    let server = throttled("concurrency = 3, worker = 1");
    let mut client = server.client();
    let jobs: Vec<Value> = (0..JOBS)
        .map(|number| {
            let mut job = job(&format!("jid-{number:06}"), "q");
            job["retry"] = json!(0);
            job
        })
        .collect();
    assert_eq!(client.push_bulk(&jobs), json!({}));
    let done = AtomicUsize::new(0);
    thread::scope(|scope| {
        for number in 0..10 {
            let (server, done) = (&server, &done);
            // Each worker has two connections that want its one slot.
            let mut worker = server.worker(&format!("worker-{}", number / 2));
            scope.spawn(move || {
                while done.load(Ordering::SeqCst) < JOBS {
                    let Some(job) = worker.fetch("q") else {
                        continue;
                    };
                    let running = worker.task_size("Busy");
                    assert!(running <= SLOTS, "{running} jobs at a time");
                    let jid = job["jid"].as_str().expect("a job has a jid");
                    match done.fetch_add(1, Ordering::SeqCst) % 3 {
                        0 => worker.fail(jid),
                        _ => worker.ack(jid),
                    }
                }
            });
        }
    });
    let info = client.info();
    assert_eq!(info["faktory"]["total_processed"], JOBS);
    assert_eq!(info["faktory"]["tasks"]["Busy"]["size"], 0);
    push_some(&mut client, 3);
    for number in 0..SLOTS {
        server.worker(&format!("last-{number}")).fetch_now("q");
    }
}
