//! The disk is full: an answer, not an end.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;
use workmill_tests::{
    Checked, Client, Disk, Fleet, FleetPlan, Ledger, REPLY_WAIT, Reply, Server, ServerFiles, job,
    seed,
};

/// How long the fleet works in each state of the disk.
const WORK: Duration = Duration::from_millis(700);

struct Room {
    disk: Disk,
    server: Server,
    ledger: Arc<Ledger>,
}

impl Room {
    fn new() -> Self {
        let files = ServerFiles::new();
        let disk = Disk::under(&files);
        // What is kept of jobs that are done is refused with them, and takes no more room than it may.
        let config = "[history]\ncompleted = \"1h\"\ncompleted_jobs = 500\n";
        let server = disk
            .carry(Server::builder().files(files).config(config))
            .start();
        Self {
            disk,
            server,
            ledger: Arc::default(),
        }
    }

    fn fleet(&self, name: &str) -> Fleet {
        let plan = FleetPlan {
            producers: 4,
            workers: 6,
            errors_expected: true,
        };
        Fleet::start(self.server.addr(), &self.ledger, plan, name, seed())
    }

    /// Waits until the fleet has met more of this than it had.
    fn wait_for(&self, count: impl Fn(Checked) -> u64) {
        let before = count(self.ledger.checked());
        let deadline = Instant::now() + REPLY_WAIT;
        while count(self.ledger.checked()) <= before {
            assert!(
                Instant::now() < deadline,
                "what was waited for never came: {:?}",
                self.ledger.checked()
            );
            thread::sleep(Duration::from_millis(5));
        }
    }

    fn audit(&self) {
        self.ledger.audit(&mut self.server.client());
        self.ledger.assert_kept("after the disk was full");
    }
}

/// Pushes large jobs until the files have no room left in them; returns how many were taken, and the refusal.
fn push_until_full(client: &mut Client) -> (u64, String) {
    let filler = "x".repeat(1_000_000);
    for number in 0..1_000 {
        let big = json!({"jid": format!("jid-big-{number:04}"), "queue": "big", "jobtype": "Big", "args": [filler]});
        match client.cmd(format!("PUSH {big}")) {
            Reply::Error(error) => return (number, error),
            reply => assert!(reply.is_ok(), "{reply:?}"),
        }
    }
    panic!("a thousand megabytes went onto a full disk");
}

fn push_until_taken(client: &mut Client, jid: &str) {
    let deadline = Instant::now() + REPLY_WAIT;
    while !client.cmd(format!("PUSH {}", job(jid, "late"))).is_ok() {
        assert!(
            Instant::now() < deadline,
            "there is space again, but nothing is taken"
        );
    }
}

#[test]
fn full_disk_is_an_answer_and_what_was_refused_did_not_happen() {
    let room = Room::new();
    let mut client = room.server.client();
    client.push(&job("jid-before", "early"));
    room.disk.fill_up();
    let (taken, error) = push_until_full(&mut client);
    assert!(
        error.contains("full") && error.contains("nothing was changed"),
        "{error}"
    );
    assert_eq!(client.queue_size("big").unwrap_or(0), taken);
    assert_eq!(client.queue_size("early"), Some(1));
    room.disk.make_space();
    push_until_taken(&mut client, "jid-after");
    assert_eq!(client.fetch_jid("early late"), "jid-before");
    assert_eq!(client.fetch_jid("early late"), "jid-after");
    client.ack("jid-before");
    client.ack("jid-after");
}

#[test]
fn nothing_acknowledged_is_lost_while_the_disk_is_full_and_work_goes_on_after_it() {
    let mut room = Room::new();
    let fleet = room.fleet("fleet");
    for _ in 0..3 {
        thread::sleep(WORK);
        room.disk.fill_up();
        room.wait_for(|checked| checked.commands_refused);
        room.disk.make_space();
        room.wait_for(|checked| checked.acks_kept);
    }
    thread::sleep(WORK);
    fleet.stop();
    assert!(room.server.is_running());
    room.audit();
    println!("{:?}", room.ledger.checked());
}

#[test]
fn nothing_acknowledged_is_lost_when_the_server_is_killed_on_a_full_disk() {
    let mut room = Room::new();
    for cycle in 0..3 {
        let fleet = room.fleet(&format!("c{cycle}"));
        thread::sleep(WORK);
        room.disk.fill_up();
        room.wait_for(|checked| checked.commands_refused);
        room.server.kill9();
        fleet.stop();
        room.disk.make_space();
        room.server.start_again();
        room.audit();
    }
    println!("{:?}", room.ledger.checked());
}

#[test]
fn what_changes_nothing_is_answered_on_a_full_disk_however_long_it_is_full() {
    let room = Room::new();
    let mut client = room.server.client();
    room.disk.fill_up();
    push_until_full(&mut client);
    // Not even a small change has room.
    while client
        .cmd(format!("PUSH {}", job("jid-small", "small")))
        .is_ok()
    {}
    // Longer than the server goes on without keeping how far its clocks are, which it cannot.
    let full_since = Instant::now();
    while full_since.elapsed() < Duration::from_secs(13) {
        client.info();
        assert_eq!(client.fetch("nothing-is-ever-pushed-here"), None);
    }
}

/// The text of the lock file.
fn lock_text(server: &Server) -> String {
    fs::read_to_string(lock_path(server)).expect("read the lock file")
}

fn lock_path(server: &Server) -> PathBuf {
    server.files().storage_dir().join("workmill.lock")
}

#[test]
fn a_server_starts_and_stops_on_a_full_disk() {
    let mut room = Room::new();
    let mut client = room.server.client();
    client.push(&job("jid-early", "early"));
    room.disk.fill_up();
    let (taken, _) = push_until_full(&mut client);
    room.server.kill9();
    for _ in 0..2 {
        room.server.start_again();
        let mut client = room.server.client();
        assert_eq!(client.queue_size("early"), Some(1));
        assert_eq!(client.queue_size("big").unwrap_or(0), taken);
        room.server.stop();
        assert_eq!(lock_text(&room.server), "stopped\n");
    }
    // A new one has no room for who holds it.
    fs::remove_file(lock_path(&room.server)).expect("remove the lock file");
    room.server.start_again();
    let line = room
        .server
        .wait_for_log("does not say which server uses the directory");
    assert!(line.contains("WARN"), "{line}");
    let log = room.server.stop().log;
    assert!(log.contains("does not say how the server ended"), "{log}");
    room.server.start_again();
    assert_eq!(room.server.client().queue_size("early"), Some(1));
    room.disk.make_space();
    push_until_taken(&mut room.server.client(), "jid-late");
    room.server.stop();
    assert_eq!(lock_text(&room.server), "stopped\n");
}

/// What a start on the full disk says before it ends. There is space afterwards, and a server.
fn refusal_of_start(room: &mut Room, files: ServerFiles) -> String {
    room.disk.fill_up();
    let refused = room.disk.carry(Server::builder().files(files)).try_start();
    room.disk.make_space();
    room.server.start_again();
    let log = refused.expect_err("it starts on a full disk").log;
    let errors: Vec<&str> = log.lines().filter(|line| line.contains("ERROR")).collect();
    assert_eq!(errors.len(), 1, "{log}");
    errors[0].to_owned()
}

/// The names of the files in the storage directory.
fn names(files: &ServerFiles) -> Vec<String> {
    let found = fs::read_dir(files.storage_dir()).expect("read the storage directory");
    let mut names: Vec<String> = found
        .map(|file| {
            file.expect("read a name")
                .file_name()
                .to_string_lossy()
                .into()
        })
        .collect();
    names.sort();
    names
}

#[test]
fn a_start_that_needs_space_says_so_and_loses_nothing() {
    let mut room = Room::new();
    for number in 0..20 {
        let jid = format!("jid-{number:06}");
        room.server.client().push(&job(&jid, "early"));
    }
    room.server.kill9();
    let files = room.server.files().clone();
    let file = |name: &str| files.storage_dir().join(name);
    // Somebody has removed it.
    fs::remove_file(file("workmill.db-shm")).expect("remove the index");
    let before = names(&files);
    let told = refusal_of_start(&mut room, files.clone());
    assert!(
        told.contains("workmill.db is full: free some space"),
        "{told}"
    );
    assert_eq!(room.server.client().queue_size("early"), Some(20));

    room.server.kill9();
    let log = file("workmill.db-wal");
    let whole = fs::read(&log).expect("read the log");
    let mut damaged = whole.clone();
    damaged[whole.len() / 2] ^= 1;
    fs::write(&log, &damaged).expect("damage the log");
    room.disk.fill_up();
    for _ in 0..2 {
        let refused = room
            .disk
            .carry(Server::builder().files(files.clone()))
            .try_start();
        let told = refused
            .expect_err("it starts without a copy of the log")
            .log;
        assert!(
            told.contains("is damaged and cannot be copied before it is used: free some space"),
            "{told}"
        );
    }
    assert_eq!(fs::read(&log).expect("read the log"), damaged);
    let mut expected = before;
    expected.push("workmill.db-shm".to_owned());
    expected.sort();
    assert_eq!(names(&files), expected);
    room.disk.make_space();
    fs::write(&log, whole).expect("mend the log");
    room.server.start_again();
    assert_eq!(room.server.client().queue_size("early"), Some(20));
}

#[test]
fn a_first_start_on_a_full_disk_says_so_and_the_next_one_makes_the_store() {
    let files = ServerFiles::new();
    let disk = Disk::under(&files);
    disk.fill_up();
    for _ in 0..2 {
        let refused = disk
            .carry(Server::builder().files(files.clone()))
            .try_start();
        let told = refused.expect_err("it starts without a store").log;
        assert!(
            told.contains("workmill.db is full: free some space"),
            "{told}"
        );
    }
    disk.make_space();
    let mut server = disk.carry(Server::builder().files(files)).start();
    server.client().push(&job("jid-000001", "early"));
    let log = server.stop().log;
    assert!(!log.contains("ERROR"), "{log}");
}
