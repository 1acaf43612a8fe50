//! The disk hangs: what was asked of it neither succeeds nor fails. It is told of, whoever connects is greeted, nothing is
//! acknowledged that is not synced, and the server can be stopped.

use std::io::ErrorKind;
use std::thread;

use nix::sys::signal::Signal;
use workmill_tests::{Client, Disk, Reply, Server, ServerFiles, Threads, job};

/// With one thread, the one that serves the connections is stuck itself.
const THREADS: [Threads; 2] = [Threads::One, Threads::Several];

/// How a disk can hang.
const HANGS: [fn(&Disk); 2] = [Disk::hang, Disk::hang_writes];

fn start(threads: Threads, durability: &str) -> (Disk, Server) {
    let files = ServerFiles::new();
    let disk = Disk::under(&files);
    let builder = Server::builder().files(files).threads(threads);
    let server = disk.carry(builder.durability(durability)).start();
    (disk, server)
}

/// A server that has taken in one job, and whose disk hangs since.
fn hung(threads: Threads, hang: fn(&Disk)) -> (Disk, Server, Client) {
    let (disk, server) = start(threads, "always");
    let mut client = server.client();
    // What the server writes by itself at its start must not be what hangs.
    client.push(&job("jid-00000", "q"));
    hang(&disk);
    (disk, server, client)
}

/// The server has ended; starts it again, and counts its jobs.
fn jobs_after_restart(server: &mut Server) -> Option<u64> {
    server.start_again();
    server.client().queue_size("q")
}

/// Both ways and all kinds of hanging at the same time: most of it is waiting.
fn for_all(test: impl Fn(Threads, fn(&Disk)) + Copy + Send + Sync) {
    thread::scope(|scope| {
        for threads in THREADS {
            for hang in HANGS {
                scope.spawn(move || test(threads, hang));
            }
        }
    });
}

fn send_push(client: &mut Client, jid: &str) {
    client.send(format!("PUSH {}", job(jid, "q")));
}

/// The server has told of the hang, so whatever it would answer has been answered.
fn assert_unanswered(client: &Client) {
    let socket = client.socket();
    socket.set_nonblocking(true).unwrap();
    let peeked = socket.peek(&mut [0]).map_err(|error| error.kind());
    socket.set_nonblocking(false).unwrap();
    assert_eq!(peeked, Err(ErrorKind::WouldBlock));
}

#[test]
fn a_disk_that_hangs_is_told_of_and_everybody_is_greeted_and_answered_when_it_goes_on() {
    for_all(|threads, hang| {
        let (disk, mut server) = start(threads, "always");
        let mut clients = [server.client(), server.client()];
        clients[0].push(&job("jid-00000", "q"));
        hang(&disk);
        send_push(&mut clients[0], "jid-00001");
        let line = server.wait_for_log("the disk hangs");
        assert!(
            line.contains("WARN") && line.contains("nothing is acknowledged"),
            "{line}"
        );
        send_push(&mut clients[1], "jid-00002");
        let mut newcomer = server.worker("worker-1");
        send_push(&mut newcomer, "jid-00003");
        for number in 0..50 {
            let greeting = Client::connect(server.addr()).greeting().to_owned();
            assert!(
                greeting.starts_with("+HI"),
                "{threads:?}, {number}: {greeting}"
            );
        }
        for client in clients.iter().chain([&newcomer]) {
            assert_unanswered(client);
        }
        disk.go_on();
        for client in clients.iter_mut().chain([&mut newcomer]) {
            assert_eq!(client.read_reply(), Reply::ok(), "{threads:?}");
        }
        server.wait_for_log("the disk goes on");
        server.wait_for_log("the server stood still");
        // Who came meanwhile is served like everybody else.
        for client in clients.iter_mut().chain([&mut newcomer]) {
            let job = client.fetch_now("q");
            client.ack(job["jid"].as_str().unwrap());
        }
        assert_eq!(server.client().queue_size("q"), Some(1));
        let ended = server.stop();
        assert_eq!(ended.status.code(), Some(0), "{threads:?}: {}", ended.log);
        assert_eq!(newcomer.read_reply(), Reply::Closed);
        assert_eq!(
            ended.log.matches("the disk hangs").count(),
            1,
            "{}",
            ended.log
        );
        assert_eq!(jobs_after_restart(&mut server), Some(1));
    });
}

#[test]
fn a_server_on_a_disk_that_hangs_can_be_stopped_and_loses_nothing() {
    for_all(|threads, hang| {
        let (disk, mut server, mut client) = hung(threads, hang);
        send_push(&mut client, "jid-00001");
        server.wait_for_log("the disk hangs");
        server.signal(Signal::SIGINT);
        let line = server.wait_for_log("came while the disk hangs");
        assert!(line.contains("SIGINT"), "{line}");
        let ended = server.wait_exit();
        assert_eq!(ended.status.code(), Some(1), "{threads:?}: {}", ended.log);
        let last = ended.log.lines().last().unwrap();
        assert!(
            last.contains("ERROR workmill stops: the disk has hung"),
            "{}",
            ended.log
        );
        assert_eq!(client.read_reply(), Reply::Closed);
        disk.go_on();
        let size = jobs_after_restart(&mut server);
        assert!(matches!(size, Some(1 | 2)), "{threads:?}: {size:?}");
    });
}

#[test]
fn a_stop_that_finds_an_idle_disk_hung_ends_too() {
    for_all(|threads, hang| {
        let (disk, mut server, _) = hung(threads, hang);
        let ended = server.stop();
        assert_eq!(ended.status.code(), Some(1), "{threads:?}: {}", ended.log);
        disk.go_on();
        assert_eq!(jobs_after_restart(&mut server), Some(1));
    });
}

#[test]
fn a_stop_that_was_held_up_by_the_disk_goes_on_with_it() {
    for_all(|threads, hang| {
        let (disk, mut server, mut client) = hung(threads, hang);
        send_push(&mut client, "jid-00001");
        server.wait_for_log("the disk hangs");
        server.signal(Signal::SIGTERM);
        server.wait_for_log("SIGTERM came while the disk hangs");
        disk.go_on();
        assert_eq!(client.read_reply(), Reply::ok(), "{threads:?}");
        let ended = server.wait_exit();
        assert_eq!(ended.status.code(), Some(0), "{threads:?}: {}", ended.log);
        assert_eq!(jobs_after_restart(&mut server), Some(2));
    });
}

#[test]
fn syncs_at_an_interval_that_hang_are_told_of_though_nobody_waits_for_them() {
    let (disk, mut server) = start(Threads::One, "interval");
    disk.hang();
    let mut client = server.client();
    client.push(&job("jid-00000", "q"));
    let line = server.wait_for_log("the disk hangs");
    assert!(line.contains("loss of power"), "{line}");
    client.push(&job("jid-00001", "q"));
    let ended = server.stop();
    assert_eq!(ended.status.code(), Some(1), "{}", ended.log);
    disk.go_on();
    assert_eq!(jobs_after_restart(&mut server), Some(2));
}
