//! Bugs that hurt users of Faktory and of comparable systems, each with a test that it is none of ours.
//!
//! The numbers are those of the list of demands. Tests that belong to an area live in its file, with their number in
//! their doc comment:
//!
//! | number | where |
//! |---|---|
//! | 1, 3, 5, 6, 10, 12, 13, 22 | here |
//! | 2, 18 | `crash*.rs` and `power*.rs`; the store's suite with faults |
//! | 4 | here, and `fetch.rs` with many clients |
//! | 7, 24 | `mutate.rs` |
//! | 8 | `jobs` |
//! | 9 | `queues.rs` |
//! | 11 | `commands` |
//! | 14 | `crates/web/src/tests/pages/forms.rs` |
//! | 15 | `workers.rs` |
//! | 16 | `crates/web/src/tests/pages/shown.rs` |
//! | 17 | `config.rs` |
//! | 19 | `timers.rs`; the half of it without TRACK: `shutdown.rs` |
//! | 20 | `features/unique.rs` |
//! | 21 | `features/batches/progress.rs` |
//! | 23 | a returning worker: `workers.rs`; the time of its BEATs: `timers.rs` and the server's registry |
//! | 25 | `crates/web/src/tests/views.rs`, `crates/web/src/tests/guard.rs` |
//! | 26 | `features/throttles.rs` |
//! | 27 | here; `timers.rs`; of the engine's rules `a_late_word_does_not_touch_a_job_that_is_somebody_elses`, `all_due_jobs_move_however_many` and `an_unreadable_job_blocks_nobody_and_keeps_its_bytes` |

use std::fs;
use std::thread;

use serde_json::{Value, json};
use workmill_tests::{Client, Reply, Server, instant_in, job};

/// Demand 1: the process died of concurrent map access.
#[test]
fn info_is_answered_while_queues_appear() {
    let server = Server::start();
    let addr = server.addr();
    let pushers: Vec<_> = (0..3)
        .map(|pusher| {
            thread::spawn(move || {
                let mut client = Client::producer(addr);
                for number in 0..100 {
                    client.push(&job("12345678", &format!("queue-{pusher}-{number}")));
                }
            })
        })
        .collect();
    let mut client = server.client();
    while pushers.iter().any(|pusher| !pusher.is_finished()) {
        let info = client.info();
        let queues = info["faktory"]["queues"].as_object().unwrap();
        assert_eq!(info["faktory"]["total_queues"], queues.len());
        assert_eq!(
            info["faktory"]["total_enqueued"],
            queues.len(),
            "one job per queue"
        );
    }
    for pusher in pushers {
        pusher.join().unwrap();
    }
    assert_eq!(client.info()["faktory"]["total_queues"], 300);
}

/// Demand 3: such a job was accepted, and lost at its promotion.
#[test]
fn job_for_later_with_an_illegal_queue_name_is_refused() {
    let server = Server::start();
    let mut client = server.client();
    let mut later = job("12345678", "a b");
    later["at"] = json!(instant_in(3600));
    let text = r#"cannot get "a b" queue: queue names must match \A[a-zA-Z0-9._-]+\z"#;
    assert_eq!(
        client.refused(format!("PUSH {later}")),
        format!("ERR {text}")
    );
    assert_eq!(client.push_bulk(&[later]), json!({"12345678": text}));
    assert_eq!(client.task_size("Scheduled"), 0);
}

/// Demand 4: the next job was reserved for nobody, and stuck for half an hour.
#[test]
fn client_that_vanished_while_parked_gets_no_job() {
    let server = Server::start();
    let mut pusher = server.client();
    let mut waiting = server.worker("vanishing");
    waiting.park(&mut pusher, "q");
    drop(waiting);
    pusher.wait_for_info(|info| info["server"]["connections"] == 1);
    pusher.push(&job("jid-000001", "q"));
    assert_eq!(
        pusher.task_size("Busy"),
        0,
        "the job is reserved for nobody"
    );
    assert_eq!(pusher.fetch_jid("q"), "jid-000001");
}

/// Demand 5: deleting a job that was gone deleted the other one of that instant.
#[test]
fn deleting_one_of_two_jobs_for_the_same_instant_spares_the_other() {
    let server = Server::start();
    let mut client = server.client();
    let at = instant_in(3600);
    for jid in ["jid-goes01", "jid-stays1"] {
        let mut later = job(jid, "q");
        later["at"] = json!(at);
        client.push(&later);
    }
    for _ in 0..3 {
        client.ok(
            r#"MUTATE {"cmd":"discard","target":"scheduled","filter":{"jids":["jid-goes01"]}}"#,
        );
        assert_eq!(client.task_size("Scheduled"), 1);
    }
    client.ok(r#"MUTATE {"cmd":"requeue","target":"scheduled"}"#);
    assert_eq!(client.fetch_jid("q"), "jid-stays1");
}

/// Demand 6: a job whose arguments held the jid was hit too.
#[test]
fn mutate_by_jid_spares_jobs_that_only_mention_it() {
    let server = Server::start();
    let mut client = server.client();
    for (jid, args) in [
        ("jid-target", json!([])),
        ("jid-others", json!(["jid-target", {"jid": "jid-target"}])),
        ("jid-target-2", json!([])),
    ] {
        let mut later = job(jid, "q");
        later["args"] = args;
        later["custom"] = json!({"jid": "jid-target"});
        later["at"] = json!(instant_in(3600));
        client.push(&later);
    }
    client.ok(r#"MUTATE {"cmd":"discard","target":"scheduled","filter":{"jids":["jid-target"]}}"#);
    client.ok(r#"MUTATE {"cmd":"requeue","target":"scheduled"}"#);
    let mut left = [client.fetch_jid("q"), client.fetch_jid("q")];
    left.sort();
    assert_eq!(left, ["jid-others", "jid-target-2"]);
    assert_eq!(client.queue_size("q"), Some(0));
}

/// Demand 10: all of the line was buffered.
#[test]
fn endless_line_is_not_buffered() {
    let server = Server::builder()
        .config("[limits]\nline_bytes_max = 1000000\n")
        .start();
    let mut client = server.client();
    let before = resident_bytes_peak(&server);
    let piece = vec![b'x'; 1 << 20];
    // The server may read on for a while, so that its error arrives, or refuse to: both is well.
    let _ = (0..200)
        .take_while(|_| client.send_raw(&piece).is_ok())
        .count();
    let mut other = server.client();
    other.wait_for_info(|info| info["server"]["connections"] == 1);
    let grown = resident_bytes_peak(&server) - before;
    assert!(
        grown < 32 << 20,
        "a line over 1 MB took {grown} bytes of memory"
    );
}

/// The most memory the server ever used, in bytes, as the system counts it.
fn resident_bytes_peak(server: &Server) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", server.pid())).unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .expect("a line VmHWM");
    let kilobytes: u64 = line.trim().trim_end_matches(" kB").parse().unwrap();
    kilobytes * 1024
}

/// Demand 12: the other copy stayed busy for ever.
#[test]
fn each_copy_of_a_jid_can_be_acknowledged() {
    let server = Server::start();
    let mut client = server.client();
    client.push(&job("same-jid", "q"));
    client.push(&job("same-jid", "q"));
    assert_eq!(client.fetch_jid("q"), "same-jid");
    assert_eq!(client.fetch_jid("q"), "same-jid");
    assert_eq!(client.task_size("Busy"), 2);
    client.ack("same-jid");
    assert_eq!(client.task_size("Busy"), 1);
    client.ack("same-jid");
    assert_eq!(client.task_size("Busy"), 0);
    assert_eq!(client.info()["faktory"]["total_processed"], 2);
}

/// Demand 13: `retry: 0` of one job was the default of all later ones.
#[test]
fn retry_of_one_job_does_not_change_the_default_of_others() {
    let server = Server::start();
    let mut client = server.client();
    let mut once = job("jid-000001", "q");
    once["retry"] = json!(0);
    client.push(&once);
    client.push(&job("jid-000002", "q"));
    client.push_bulk(&[once, job("jid-000003", "q")]);
    let retries: Vec<Value> = (0..4)
        .map(|_| client.fetch_now("q")["retry"].clone())
        .collect();
    assert_eq!(retries, [0, 25, 0, 25]);
}

/// Demand 22: queues after the first were passed over.
#[test]
fn fetch_looks_at_every_queue_it_names() {
    let server = Server::start();
    let mut client = server.client();
    let queues: Vec<String> = (0..30).map(|number| format!("queue-{number}")).collect();
    for queue in queues.iter().rev() {
        client.push(&job("12345678", queue));
    }
    let line = queues.join(" ");
    for queue in &queues {
        assert_eq!(client.fetch_now(&line)["queue"], *queue);
    }
    client.push(&job("12345678", "queue-29"));
    assert_eq!(client.fetch_now(&line)["queue"], "queue-29");
}

/// Demand 22: big replies came with NUL bytes in them.
#[test]
fn big_replies_are_whole() {
    let server = Server::start();
    let mut client = server.client();
    for kilobytes in [1, 4, 64, 65, 1024, 8 * 1024] {
        let mut big = job("12345678", "q");
        big["args"] = json!(["0123456789abcdef".repeat(64 * kilobytes)]);
        client.push(&big);
        let Reply::Bulk(bytes) = client.cmd("FETCH q") else {
            panic!("no job")
        };
        assert!(!bytes.contains(&0));
        let fetched: Value = serde_json::from_slice(&bytes).unwrap();
        assert!(
            fetched["args"] == big["args"],
            "{kilobytes} KiB came back changed"
        );
        client.ack("12345678");
    }
}

/// Demand 27: a rescuer must not touch a job that was completed meanwhile, nor a late report one that somebody else
/// has by now.
#[test]
fn late_acknowledgement_leaves_a_copy_in_other_hands_alone() {
    let server = Server::start();
    let mut first = server.worker("worker-1");
    let mut second = server.worker("worker-2");
    first.push(&job("12345678", "q"));
    first.fetch_now("q");
    first.fail("12345678");
    first.ok(r#"MUTATE {"cmd":"requeue","target":"retries"}"#);
    second.fetch_now("q");
    // The first worker's reservation has ended, but not by expiring: the only one there is now is the second's.
    assert_eq!(first.task_size("Busy"), 1);
    second.ack("12345678");
    assert_eq!(
        first.refused(r#"FAIL {"jid":"12345678"}"#),
        "ERR Job not found 12345678"
    );
    assert_eq!(first.task_size("Retries"), 0);
    assert_eq!(first.info()["faktory"]["total_processed"], 2);
}
