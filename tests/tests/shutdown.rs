//! How the server stops, and that nothing is missing when it starts again.

use std::thread;
use std::time::Duration;

use nix::sys::signal::Signal;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use serde_json::json;
use workmill_tests::{Client, Reply, Server, instant_in, job, seed};

#[test]
fn parked_fetches_are_answered_nil_and_the_server_ends_well() {
    let mut server = Server::start();
    let mut observer = server.client();
    let mut waiting: Vec<Client> = (0..5).map(|_| server.client()).collect();
    for client in &mut waiting {
        client.park(&mut observer, "q");
    }
    let ended = server.stop();
    assert_eq!(ended.status.code(), Some(0), "{}", ended.log);
    for client in &mut waiting {
        assert_eq!(client.read_reply(), Reply::Nil);
        assert_eq!(client.read_reply(), Reply::Closed);
    }
    assert_eq!(observer.read_reply(), Reply::Closed);
}

/// One thread, and several, as on small machines and on large ones.
const THREADS: [&str; 2] = ["1", "4"];

fn start_with_threads(threads: &str) -> Server {
    Server::builder()
        .env("TOKIO_WORKER_THREADS", threads)
        .start()
}

/// Tells the server to stop, and waits until it knows.
fn begin_stop(server: &Server) {
    server.signal(Signal::SIGTERM);
    server.wait_for_log("stopping on SIGTERM");
}

#[test]
fn work_that_ends_while_the_server_stops_is_taken() {
    for threads in THREADS {
        let mut server = start_with_threads(threads);
        let mut worker = server.worker("worker-1");
        let bid = worker
            .cmd(r#"BATCH NEW {"complete":{"jid":"callback-1","jobtype":"C","queue":"c","args":[]}}"#)
            .text();
        for number in 0..4 {
            worker.push(&job(&format!("jid-{number:06}"), "q"));
            worker.fetch_now("q");
        }
        begin_stop(&server);
        let commands = [
            r#"ACK {"jid":"jid-000000"}"#.to_owned(),
            r#"FAIL {"jid":"jid-000001","errtype":"E","message":"m"}"#.to_owned(),
            r#"REQUEUE {"jid":"jid-000002"}"#.to_owned(),
            r#"TRACK SET {"jid":"jid-000003","percent":50}"#.to_owned(),
            format!("BATCH COMMIT {bid}"),
            r#"BEAT {"wid":"worker-1"}"#.to_owned(),
        ];
        worker.send(commands.join("\r\n"));
        for command in &commands {
            assert_eq!(worker.read_reply(), Reply::ok(), "{threads}: {command}");
        }
        let ended = server.wait_exit();
        assert_eq!(ended.status.code(), Some(0), "{}", ended.log);
        server.start_again();
        let mut client = server.client();
        assert_eq!(
            client.info()["faktory"]["sets"],
            json!({"scheduled": 0, "retries": 1, "working": 1, "dead": 0}),
            "{threads}"
        );
        assert_eq!(client.fetch_jid("q"), "jid-000002");
        assert_eq!(client.fetch_jid("c"), "callback-1");
        let track = client.cmd("TRACK GET jid-000003").json();
        assert_eq!(track["percent"], 50);
    }
}

#[test]
fn idle_connections_are_told_that_nothing_new_is_begun() {
    for threads in THREADS {
        let mut server = start_with_threads(threads);
        let mut holder = server.worker("worker-1");
        holder.push(&job("jid-first", "q"));
        let commands = [
            format!("PUSH {}", job("jid-later", "q")),
            format!("PUSHB [{}]", job("jid-bulk1", "q")),
            "FETCH q".to_owned(),
            r#"BATCH NEW {"success":{"jobtype":"C","args":[]}}"#.to_owned(),
            "QUEUE REMOVE q".to_owned(),
            r#"MUTATE {"cmd":"clear","target":"dead"}"#.to_owned(),
            "INFO".to_owned(),
            "FLUSH".to_owned(),
        ];
        let mut idle: Vec<Client> = commands.iter().map(|_| server.client()).collect();
        begin_stop(&server);
        for (client, command) in idle.iter_mut().zip(&commands) {
            client.send(command);
        }
        for (client, command) in idle.iter_mut().zip(&commands) {
            assert_eq!(
                client.read_reply().error(),
                "ERR shutdown in progress",
                "{threads}: {command}"
            );
            assert_eq!(client.read_reply(), Reply::Closed, "{command}");
        }
        let ended = server.wait_exit();
        assert_eq!(ended.status.code(), Some(0), "{}", ended.log);
        server.start_again();
        let mut client = server.client();
        assert_eq!(client.queue_size("q"), Some(1));
        assert_eq!(client.fetch_jid("q"), "jid-first");
    }
}

/// A worker acknowledges one job after the other, however the stop falls: none it was told `+OK` of comes back, and none
/// is refused.
#[test]
fn no_ack_is_refused_while_the_server_stops() {
    for threads in THREADS {
        let mut server = start_with_threads(threads);
        let mut worker = server.worker("worker-1");
        let held: Vec<String> = (0..300).map(|n| format!("jid-{n:06}")).collect();
        let jobs: Vec<_> = held.iter().map(|jid| job(jid, "q")).collect();
        worker.push_bulk(&jobs);
        worker.send("FETCH q\r\n".repeat(held.len() - 1) + "FETCH q");
        for jid in &held {
            assert_eq!(worker.read_reply().json()["jid"], **jid);
        }
        server.signal(Signal::SIGTERM);
        let mut acknowledged = 0;
        for jid in &held {
            match worker.cmd(format!("ACK {{\"jid\":\"{jid}\"}}")) {
                Reply::Closed => break,
                reply => assert_eq!(reply, Reply::ok(), "{threads}: {jid}"),
            }
            acknowledged += 1;
        }
        server.wait_exit();
        server.start_again();
        let working = server.client().task_size("Busy");
        // The last one may have been taken whose answer was not read.
        assert!(
            (acknowledged..=acknowledged + 1).contains(&(held.len() as u64 - working)),
            "{threads}: {acknowledged} acknowledged, {working} left"
        );
        assert_ne!(acknowledged, 0);
    }
}

#[test]
fn interrupt_ends_the_server_like_term() {
    let mut server = Server::start();
    server.client().push(&job("12345678", "q"));
    server.signal(Signal::SIGINT);
    let ended = server.wait_exit();
    assert_eq!(ended.status.code(), Some(0), "{}", ended.log);
    server.start_again();
    assert_eq!(server.client().queue_size("q"), Some(1));
}

#[test]
fn idle_and_half_said_connections_do_not_hold_up_the_end() {
    let mut server = Server::start();
    let mut idle = server.client();
    let mut silent = Client::connect(server.addr());
    let mut cut = server.client();
    cut.send_raw(b"PUSH {\"jid\":").unwrap();
    let ended = server.stop();
    assert_eq!(ended.status.code(), Some(0), "{}", ended.log);
    for client in [&mut idle, &mut silent, &mut cut] {
        // A connection may be told why it is closed.
        let reply = client.read_reply();
        assert!(
            matches!(reply, Reply::Closed | Reply::Error(_)),
            "{reply:?}"
        );
    }
}

#[test]
fn new_connections_are_refused_once_it_ended() {
    let mut server = Server::start();
    let addr = server.addr();
    server.stop();
    assert!(Client::try_connect(addr).is_err());
}

/// Leaves a job in every place a job can be in.
fn fill_every_place(server: &Server) {
    let mut client = server.worker("worker-1");
    let mut later = job("jid-later", "q");
    later["at"] = json!(instant_in(3600));
    client.push(&later);
    for (jid, retry) in [
        ("jid-retry", 25),
        ("jid-dead1", -1),
        ("jid-busy1", 25),
        ("jid-queue1", 25),
        ("jid-queue2", 25),
    ] {
        let mut job = job(jid, "q");
        job["retry"] = json!(retry);
        client.push(&job);
    }
    client.fetch_now("q");
    client.fail("jid-retry");
    client.fetch_now("q");
    client.fail("jid-dead1");
    client.fetch_now("q");
    client.ok("QUEUE PAUSE paused");
    client.push(&job("jid-paused", "paused"));
}

fn assert_every_place(server: &Server) {
    let mut client = server.worker("worker-1");
    let info = client.info();
    assert_eq!(
        info["faktory"]["sets"],
        json!({"scheduled": 1, "retries": 1, "working": 1, "dead": 1})
    );
    assert_eq!(info["faktory"]["queues"], json!({"q": 2, "paused": 1}));
    assert_eq!(info["faktory"]["total_processed"], 2);
    assert_eq!(info["faktory"]["total_failures"], 2);
    assert_eq!(
        client.fetch_jid("paused q"),
        "jid-queue1",
        "the queue is still paused"
    );
    assert_eq!(client.fetch_jid("q"), "jid-queue2");
    client.ack("jid-busy1");
    client.ok("QUEUE RESUME paused");
    assert_eq!(client.fetch_jid("paused"), "jid-paused");
    for (target, jid) in [
        ("scheduled", "jid-later"),
        ("retries", "jid-retry"),
        ("dead", "jid-dead1"),
    ] {
        client.ok(format!(r#"MUTATE {{"cmd":"requeue","target":"{target}"}}"#));
        assert_eq!(client.fetch_jid("q"), jid);
    }
    assert_eq!(
        client.info()["faktory"]["sets"],
        json!({"scheduled": 0, "retries": 0, "working": 6, "dead": 0})
    );
}

#[test]
fn restart_finds_every_job_where_it_was() {
    let mut server = Server::start();
    fill_every_place(&server);
    server.restart();
    assert_every_place(&server);
}

#[test]
fn killed_server_finds_every_job_where_it_was() {
    for durability in ["always", "interval"] {
        let mut server = Server::builder().durability(durability).start();
        fill_every_place(&server);
        server.kill9();
        server.start_again();
        assert_every_place(&server);
    }
}

/// Fetches until the server says no more; how many jobs came.
fn fetch_to_the_end(mut client: Client) -> u64 {
    let mut jobs = 0;
    loop {
        match client.cmd("FETCH q") {
            Reply::Bulk(_) => jobs += 1,
            Reply::Nil => {}
            _ => return jobs,
        }
    }
}

/// Pushes until the server says no more; how many jobs are there for certain, and how many perhaps.
fn push_to_the_end(mut client: Client, name: &str) -> (u64, u64) {
    for number in 0.. {
        let job = job(&format!("{name}-{number:06}"), "q");
        match client.cmd(format!("PUSH {job}")) {
            reply if reply.is_ok() => {}
            Reply::Closed => return (number, 1),
            _ => return (number, 0),
        }
    }
    unreachable!("a server is stopped before its clients tire")
}

/// A FETCH that is served at the moment of a stop gets its job, or the job is there for the next.
#[test]
fn stop_leaves_no_job_with_a_client_that_did_not_get_it() {
    let seed = seed();
    println!("WORKMILL_CRASH_SEED={seed}");
    let mut rng = SmallRng::seed_from_u64(seed);
    let mut server = Server::builder().threads_in_turn(seed).start();
    let (mut fetched, mut pushed, mut perhaps_pushed) = (0, 0, 0);
    for round in 0..20 {
        let fetching: Vec<_> = (0..24)
            .map(|_| server.client())
            .map(|client| thread::spawn(|| fetch_to_the_end(client)))
            .collect();
        let pushing: Vec<_> = (0..8)
            .map(|index| (server.client(), format!("jid-{round}-{index}")))
            .map(|(client, name)| thread::spawn(move || push_to_the_end(client, &name)))
            .collect();
        thread::sleep(Duration::from_millis(rng.random_range(10..100)));
        let ended = server.stop();
        assert!(
            ended.status.success() && !ended.log.contains("ERROR"),
            "{}\n{}",
            ended.status,
            ended.log
        );
        for client in fetching {
            fetched += client.join().expect("a client does not panic");
        }
        for client in pushing {
            let (certain, perhaps) = client.join().expect("a client does not panic");
            pushed += certain;
            perhaps_pushed += perhaps;
        }
        server.start_again();
        let mut observer = server.client();
        assert_eq!(observer.task_size("Busy"), fetched, "round {round}");
        let jobs = fetched + observer.queue_size("q").unwrap_or(0);
        assert!(
            (pushed..=pushed + perhaps_pushed).contains(&jobs),
            "round {round}: {jobs} jobs, {pushed} pushed, and {perhaps_pushed} perhaps"
        );
    }
    assert!(fetched > 10, "{fetched} jobs in all rounds");
}

/// Demand 19: FAIL said OK after a restart, and the job was gone.
#[test]
fn job_fetched_before_a_restart_may_fail_after_it() {
    let mut server = Server::start();
    let mut worker = server.worker("worker-1");
    worker.push(&job("12345678", "q"));
    worker.fetch_now("q");
    server.restart();
    let mut worker = server.worker("worker-1");
    worker.fail("12345678");
    assert_eq!(worker.task_size("Retries"), 1);
    assert_eq!(worker.task_size("Busy"), 0);
}

#[test]
fn order_of_a_queue_survives_restarts() {
    let mut server = Server::start();
    let mut client = server.client();
    for number in 0..30 {
        client.push(&job(&format!("jid-{number:06}"), "q"));
    }
    for number in 0..30 {
        if number % 10 == 5 {
            server.restart();
            client = server.client();
            client.push(&job(&format!("jid-late-{number}"), "q"));
        }
        assert_eq!(client.fetch_jid("q"), format!("jid-{number:06}"));
    }
    for number in [5, 15, 25] {
        assert_eq!(client.fetch_jid("q"), format!("jid-late-{number}"));
    }
}

#[test]
fn payload_survives_a_restart_byte_for_byte() {
    let mut server = Server::start();
    let payload = r#""args":[12345678901234567890,{"z":1.0,"a":"\u003c"}],"zulu":[1e400]}"#;
    server.client().ok(format!(
        r#"PUSH {{"jid":"12345678","queue":"q","jobtype":"T",{payload}"#
    ));
    server.restart();
    let text = server.client().cmd("FETCH q").text();
    assert!(text.ends_with(payload), "{text}");
}
