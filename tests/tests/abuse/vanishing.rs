//! Clients that vanish while a job is on its way to them.

use std::thread;
use std::time::{Duration, Instant};

use rand::rngs::SmallRng;
use rand::{Rng as _, SeedableRng as _};
use serde_json::json;
use workmill_tests::{Client, Reply, Server, job, seed};

/// How often clients vanish.
const ROUNDS: usize = 300;

/// How a client goes.
#[derive(Clone, Copy, Debug)]
enum Exit {
    /// It closes its socket after it has asked.
    Closes,
    /// The same with bytes unread, so that the system resets the connection.
    Resets,
    /// It closes once its FETCH waits.
    ClosesLater,
}

/// A client asks for a job and is gone before there is one.
fn ask_and_vanish(server: &Server, observer: &mut Client, exit: Exit) {
    let mut client = server.worker("ghost");
    match exit {
        Exit::Closes => client.send("FETCH haunted"),
        Exit::Resets => client.send("INFO\r\nFETCH haunted"),
        Exit::ClosesLater => client.park(observer, "haunted"),
    }
}

/// Demand 4.
#[test]
fn job_for_a_client_that_is_gone_is_there_for_the_next_at_once() {
    let server = Server::start();
    let mut good = server.client();
    for round in 0..ROUNDS {
        let exit = [Exit::Closes, Exit::Resets, Exit::ClosesLater][round % 3];
        let jid = format!("jid-{round:06}");
        ask_and_vanish(&server, &mut good, exit);
        good.push(&job(&jid, "haunted"));
        assert_eq!(
            good.fetch("haunted").map(|job| job["jid"].clone()),
            Some(jid.as_str().into()),
            "{exit:?}"
        );
        good.ack(&jid);
    }
    good.wait_for_info(|info| info["server"]["connections"] == 1);
    assert_eq!(good.task_size("Busy"), 0);
    assert_eq!(good.queue_size("haunted"), Some(0));
}

/// The client stops sending at about the moment when the job comes, and reads on to the end. Either it reads the
/// job, which is its own then; or the job is there for the next.
#[test]
fn job_that_a_leaving_client_does_not_read_is_not_stuck() {
    let mut rng = SmallRng::seed_from_u64(seed());
    let server = Server::start();
    let mut good = server.client();
    let (mut delivered, mut returned) = (0, 0);
    for round in 0..ROUNDS {
        let jid = format!("jid-{round:06}");
        let pause = Duration::from_micros(rng.random_range(0..1_500));
        let mut leaving = server.worker("leaving");
        leaving.send("FETCH haunted");
        let reply = thread::scope(|scope| {
            let leaver = scope.spawn(|| {
                let start = Instant::now();
                while start.elapsed() < pause {
                    std::hint::spin_loop();
                }
                leaving.shut_down_sending();
                leaving.read_reply()
            });
            good.push(&job(&jid, "haunted"));
            leaver.join().expect("the leaving client does not panic")
        });
        match reply {
            Reply::Bulk(_) => delivered += 1,
            Reply::Nil | Reply::Closed => {
                assert_eq!(good.fetch_jid("haunted"), jid, "round {round}");
                returned += 1;
            }
            other => panic!("FETCH was answered {other:?}"),
        }
        good.ack(&jid);
        assert_eq!(good.task_size("Busy"), 0, "round {round}");
    }
    println!("{delivered} jobs delivered, {returned} returned");
    assert!(returned > 0, "no client ever left before its job came");
}

/// More than the system of a client takes in that reads nothing, and less than the server's keeps for it.
const LARGE_JOB_BYTES: usize = 500_000;

/// A job that does not arrive as long as nobody reads it.
fn large_job(jid: &str) -> serde_json::Value {
    let mut large = job(jid, "haunted");
    large["args"] = json!(["x".repeat(LARGE_JOB_BYTES)]);
    large
}

/// A client is sent a job and reads nothing of it.
fn ask_and_read_nothing(server: &Server, observer: &mut Client, round: u64) -> Client {
    let mut client = server.worker("ghost");
    // The PUSH comes after the last byte of the job.
    let marker = job(&format!("marker-{round:06}"), "marker");
    client.send(format!("FETCH haunted\r\nPUSH {marker}"));
    observer.wait_for_info(|info| info["faktory"]["queues"]["marker"] == round + 1);
    assert_eq!(observer.task_size("Busy"), 1);
    client
}

#[test]
fn job_that_lies_unsent_when_the_connection_breaks_is_there_for_the_next() {
    let server = Server::start();
    let mut good = server.client();
    for round in 0..6 {
        let jid = format!("jid-{round:06}");
        good.push(&large_job(&jid));
        let client = ask_and_read_nothing(&server, &mut good, round);
        match round % 3 {
            0 => client.reset(),
            // With bytes unread it is a reset too.
            1 => drop(client),
            _ => {
                let mut client = client;
                client.send("END");
                good.wait_for_info(|info| info["faktory"]["tasks"]["Busy"]["size"] == 0);
            }
        }
        assert_eq!(good.fetch_jid("haunted"), jid, "round {round}");
        good.ack(&jid);
    }
}

#[test]
fn jobs_that_lie_unsent_go_back_in_their_order() {
    let server = Server::start();
    let mut good = server.client();
    let jids: Vec<String> = (0..100).map(|n| format!("jid-{n:06}")).collect();
    for jid in &jids {
        let mut job = job(jid, "haunted");
        job["args"] = json!(["x".repeat(LARGE_JOB_BYTES / 100)]);
        good.push(&job);
    }
    let mut client = server.worker("ghost");
    let marker = job("marker-000000", "marker");
    client.send(format!("{}PUSH {marker}", "FETCH haunted\r\n".repeat(100)));
    good.wait_for_info(|info| info["faktory"]["queues"]["marker"] == 1);
    client.reset();
    good.wait_for_info(|info| info["server"]["connections"] == 1);
    // The first of them have arrived.
    let first = good.fetch_jid("haunted");
    let kept = jids.iter().position(|jid| *jid == first).expect("a job");
    assert!(kept < 90, "{first}");
    for jid in jids.iter().skip(kept + 1) {
        assert_eq!(good.fetch_jid("haunted"), *jid);
    }
}

#[test]
fn job_that_a_client_has_read_stays_its_own_however_it_leaves() {
    let server = Server::start();
    let mut good = server.client();
    for round in 0..ROUNDS {
        let jid = format!("jid-{round:06}");
        good.push(&job(&jid, "haunted"));
        let mut client = server.worker("leaving");
        match round % 3 {
            0 => {
                assert_eq!(client.fetch_jid("haunted"), jid);
                client.reset();
            }
            1 => {
                assert_eq!(client.fetch_jid("haunted"), jid);
                drop(client);
            }
            _ => {
                // It leaves the answer to INFO unread, so its system resets the connection.
                client.send("FETCH haunted\r\nINFO");
                assert_eq!(client.read_reply().json()["jid"], jid);
                drop(client);
            }
        }
        good.wait_for_info(|info| info["server"]["connections"] == 1);
        assert_eq!(good.task_size("Busy"), 1, "round {round}");
        good.ack(&jid);
    }
}
