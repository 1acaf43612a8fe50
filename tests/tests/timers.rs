//! What takes a minute: the end of a reservation, of a silent worker, and of what a lost worker held.
//!
//! The rules have tests with a clock of their own in the engine and the server; this one shows that the timers run. It
//! is one test, as its waits can be shared.

use std::thread;
use std::time::Duration;

use nix::sys::signal::Signal;
use serde_json::json;
use workmill_tests::{Client, Reply, Server, ServerFiles, WallClock, instant_in, job};

/// Longer than anything here takes.
const MINUTES: Duration = Duration::from_secs(150);

/// FETCHes that find nothing pace the waiting, about two seconds each.
const FETCHES_MAX: usize = 75;

#[test]
fn reservations_silent_workers_and_lost_ones_end_after_a_minute() {
    let server = Server::start();
    let recovering = Server::builder()
        .config("[workers]\nrecover_lost = true\n")
        .start();
    thread::scope(|scope| {
        scope.spawn(|| expired_reservation_is_a_failure(&server));
        scope.spawn(|| silent_worker_is_removed_and_a_beating_one_stays(&server));
        scope.spawn(|| job_of_a_lost_worker_comes_back_without_a_failure(&recovering));
        scope.spawn(extended_reservation_outlives_a_killed_server);
        scope.spawn(reservation_ends_after_a_start_under_another_clock);
        scope.spawn(workers_of_a_frozen_server_are_heard_when_it_wakes);
    });
}

fn expired_reservation_is_a_failure(server: &Server) {
    let mut client = server.client();
    let mut short = job("jid-expires", "expiring");
    short["reserve_for"] = json!(1);
    client.push(&short);
    let mut long = job("jid-default", "expiring");
    long["reserve_for"] = json!(0);
    client.push(&long);
    client.fetch_now("expiring");
    client.fetch_now("expiring");
    wait_until(&mut client, |client| client.task_size("Retries") == 1);
    assert_eq!(
        client.task_size("Busy"),
        1,
        "the other is reserved for half an hour"
    );
    assert_eq!(
        client.refused(r#"FAIL {"jid":"jid-expires"}"#),
        "ERR Job not found jid-expires"
    );
    client.ack("jid-expires");
    let info = client.info();
    assert_eq!(
        info["faktory"]["total_processed"], 1,
        "the late report counted for nothing"
    );
    assert_eq!(info["faktory"]["total_failures"], 1);
    client.ok(r#"MUTATE {"cmd":"requeue","target":"retries"}"#);
    let failure = client.fetch_now("expiring")["failure"].clone();
    assert_eq!(failure["errtype"], "ReservationExpired");
    assert_eq!(failure["message"], "Faktory job reservation expired");
    assert_eq!(failure["retry_count"], 0);
    client.ack("jid-expires");
}

fn silent_worker_is_removed_and_a_beating_one_stays(server: &Server) {
    let mut silent = server.worker("silent");
    let mut beating = server.worker("beating");
    silent.socket().set_read_timeout(Some(MINUTES)).unwrap();
    wait_until(&mut beating, |beating| {
        assert_eq!(beating.beat("beating"), Reply::ok());
        beating.info()["faktory"]["tasks"]["Workers"]["reaped"] == 1
    });
    assert_eq!(silent.read_reply(), Reply::Closed);
    assert_eq!(beating.beat("silent").error(), "ERR unknown worker silent");
    let mut back = server.worker("silent");
    assert_eq!(back.beat("silent"), Reply::ok());
}

fn job_of_a_lost_worker_comes_back_without_a_failure(server: &Server) {
    let mut lost = server.worker("lost");
    lost.push(&job("jid-was-held", "q"));
    lost.push(&job("jid-was-next", "q"));
    lost.fetch_now("q");
    drop(lost);
    wait_until(&mut server.client(), |client| client.task_size("Busy") == 0);
    let mut other = server.worker("other");
    let recovered = other.fetch_now("q");
    assert_eq!(recovered["jid"], "jid-was-held", "at the front");
    assert!(recovered.get("failure").is_none(), "{recovered}");
    assert_eq!(other.info()["faktory"]["total_failures"], 0);
    // The lost worker's late report means a job that is somebody else's by now.
    server.worker("lost").ack("jid-was-held");
    assert_eq!(other.task_size("Busy"), 1);
    other.ack("jid-was-held");
    assert_eq!(other.task_size("Busy"), 0);
}

/// Demand 19: the server forgot in a restart that a reservation had been extended; the job's late FAIL was answered with
/// OK, and the job was gone.
fn extended_reservation_outlives_a_killed_server() {
    let mut server = Server::start();
    let mut client = server.client();
    for jid in ["jid-extended", "jid-as-it-is"] {
        let mut short = job(jid, "q");
        short["reserve_for"] = json!(1);
        client.push(&short);
        client.fetch_now("q");
    }
    let until = instant_in(3600);
    client.ok(format!(
        r#"TRACK SET {{"jid":"jid-extended","reserve_until":"{until}"}}"#
    ));
    server.kill9();
    server.start_again();
    let mut client = server.client();
    wait_until(&mut client, |client| client.task_size("Retries") == 1);
    assert_eq!(
        client.task_size("Busy"),
        1,
        "the extended one has not ended"
    );
    client.fail("jid-extended");
    assert_eq!(client.task_size("Retries"), 2);
}

fn reservation_ends_after_a_start_under_another_clock() {
    let files = ServerFiles::default();
    let clock = WallClock::of(&files, 8 * 3_600);
    let mut server = clock.carry(Server::builder().files(files)).start();
    let mut client = server.client();
    let mut short = job("jid-expires", "q");
    short["reserve_for"] = json!(1);
    client.push(&short);
    client.fetch_now("q");
    server.stop();
    clock.set(0);
    server.start_again();
    wait_until(&mut server.client(), |client| {
        client.task_size("Retries") == 1
    });
}

/// As a container that is paused, or a machine that is moved.
fn workers_of_a_frozen_server_are_heard_when_it_wakes() {
    let server = Server::builder()
        .config("[workers]\nrecover_lost = true\n")
        .start();
    let wids: Vec<String> = (0..10).map(|n| format!("frozen-{n}")).collect();
    let mut workers: Vec<Client> = wids.iter().map(|wid| server.worker(wid)).collect();
    for (wid, worker) in wids.iter().zip(&mut workers) {
        worker.push(&job(&format!("jid-of-{wid}"), "q"));
        worker.fetch_now("q");
        assert_eq!(worker.beat(wid), Reply::ok());
    }
    server.signal(Signal::SIGSTOP);
    for (wid, worker) in wids.iter().zip(&mut workers) {
        worker.send(format!(r#"BEAT {{"wid":"{wid}"}}"#));
    }
    // Longer than a worker may be silent: nothing can be awaited while the server stands still.
    thread::sleep(Duration::from_secs(62));
    server.signal(Signal::SIGCONT);
    server.wait_for_log("the server stood still");
    for (wid, worker) in wids.iter().zip(&mut workers) {
        assert_eq!(worker.read_reply(), Reply::ok(), "{wid}");
        worker.ack(&format!("jid-of-{wid}"));
    }
    let info = workers[0].info();
    assert_eq!(info["faktory"]["tasks"]["Workers"]["reaped"], 0, "{info}");
    assert_eq!(info["faktory"]["total_processed"], 10, "{info}");
}

fn wait_until(client: &mut Client, mut wanted: impl FnMut(&mut Client) -> bool) {
    for _ in 0..FETCHES_MAX {
        if wanted(client) {
            return;
        }
        assert_eq!(client.fetch("nothing-is-ever-pushed-here"), None);
    }
    panic!("it has not happened within {MINUTES:?}");
}
