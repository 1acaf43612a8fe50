//! What was acknowledged is on disk: the system calls of the server, as `strace` sees them, show that between the
//! arrival of a command that changes something and its reply the write-ahead log was written and then synced; and
//! that what changes nothing syncs nothing.

use std::path::PathBuf;
use std::thread;
use std::time::Instant;

use serde_json::json;
use workmill_tests::{
    Client, Event, Server, ServerBuilder, Threads, job, read_trace, wait_for_trace,
};

/// Clients that push at the same time.
const CLIENTS: usize = 8;

/// Jobs each of them sees through.
const JOBS_PER_CLIENT: usize = 25;

/// The commands of [`see_through`], each of which changes something.
const CHANGES: [&str; 6] = ["PUSH ", "PUSHB ", "FETCH ", "ACK ", "FAIL ", "MUTATE "];

/// How often the server keeps how far its clocks are, in seconds; and once at its start.
const CLOCKS_KEPT_EVERY_SECS: u64 = 10;

struct Traced {
    server: Server,
    trace: PathBuf,
}

impl Traced {
    fn start(durability: &str) -> Self {
        Self::start_as(Server::builder().durability(durability))
    }

    fn start_as(builder: ServerBuilder) -> Self {
        let trace = builder.files_ref().home_dir().join("trace");
        let calls = "trace=fsync,fdatasync,read,recvfrom,recvmsg,sendto,sendmsg,write,writev,pwrite64,pwritev";
        // As a grandchild of the test (-D), so that the pid the harness knows is the server's.
        let mut wrapper: Vec<_> = ["strace", "-D", "-f", "-y", "-s", "64", "-e", calls, "-o"]
            .map(Into::into)
            .into();
        wrapper.push(trace.clone().into_os_string());
        let server = builder.wrapped_in(&wrapper).start();
        Self { server, trace }
    }

    /// Kills the server and reads what it did.
    fn finish(mut self) -> Vec<Event> {
        let last = format!("{} ", self.server.pid());
        self.server.kill9();
        read_trace(&wait_for_trace(&self.trace, |text| {
            text.lines()
                .any(|line| line.starts_with(&last) && line.contains("+++ killed by SIGKILL"))
        }))
    }
}

fn is_change(command: &str) -> bool {
    CHANGES.iter().any(|verb| command.starts_with(verb))
}

/// Sees a job through, by commands that each change something.
fn see_through(client: &mut Client, queue: &str, jid: &str) {
    client.push(&job(jid, queue));
    client.fetch_jid(queue);
    client.fail(jid);
    client.ok(format!(
        "MUTATE {}",
        json!({"cmd": "requeue", "target": "retries", "filter": {"jids": [jid]}})
    ));
    client.fetch_jid(queue);
    client.ack(jid);
    client.push_bulk(&[job(jid, queue)]);
    client.fetch_jid(queue);
    client.ack(jid);
}

/// The replies to commands that change something.
#[derive(Debug, Default)]
struct Replies {
    /// Those that came after a sync of what was written since the command had come.
    synced: usize,
    /// Those that did not.
    unsynced: usize,
    /// How many of the former came when something else was not synced.
    others_unsynced: u64,
}

fn replies_to_lonely_client(traced: Traced) -> Replies {
    let mut client = traced.server.worker("worker-1");
    for number in 0..JOBS_PER_CLIENT {
        see_through(&mut client, "q", &format!("jid-{number:06}"));
    }
    let mut replies = Replies::default();
    let (mut writes, mut synced, mut older) = (0, 0, None);
    for event in traced.finish() {
        match event {
            Event::LogWritten => writes += 1,
            Event::LogSynced { writes_before } => synced = writes_before,
            Event::Received { text, .. } if is_change(&text) => older = Some(writes),
            // The greeting and the answer to HELLO acknowledge nothing.
            Event::Sent { .. } => match older.take() {
                Some(older) if synced > older => {
                    replies.synced += 1;
                    replies.others_unsynced += u64::from(writes > synced);
                }
                Some(_) => replies.unsynced += 1,
                None => {}
            },
            Event::Received { .. } | Event::OtherSynced => {}
        }
    }
    replies
}

/// The reply to the command that `events` begin with comes after a sync that began after a write, both after the
/// command. `writes` says how many writes there had been before.
fn assert_synced_before_reply(events: &[Event], writes: usize, connection: &str, command: &str) {
    let mut is_synced = false;
    for event in &events[1..] {
        match event {
            Event::LogSynced { writes_before } if *writes_before > writes => is_synced = true,
            Event::Sent { socket, .. } if socket == connection => {
                assert!(
                    is_synced,
                    "{command:?} was answered before what it wrote was synced"
                );
                return;
            }
            _ => {}
        }
    }
    panic!("{command:?} was never answered");
}

#[test]
fn reply_follows_the_sync_of_what_it_acknowledges() {
    let traced = Traced::start("always");
    let clients: Vec<_> = (0..CLIENTS)
        .map(|index| {
            let mut client = traced.server.worker(&format!("worker-{index}"));
            thread::spawn(move || {
                for number in 0..JOBS_PER_CLIENT {
                    see_through(
                        &mut client,
                        &format!("q{index}"),
                        &format!("jid-{index}-{number:04}"),
                    );
                }
            })
        })
        .collect();
    for client in clients {
        client.join().expect("a client does not panic");
    }
    let events = traced.finish();
    let (mut compared, mut writes) = (0, 0);
    for (index, event) in events.iter().enumerate() {
        match event {
            Event::LogWritten => writes += 1,
            Event::Received { socket, text } if is_change(text) => {
                assert_synced_before_reply(&events[index..], writes, socket, text);
                compared += 1;
            }
            _ => {}
        }
    }
    assert_eq!(
        compared,
        CLIENTS * JOBS_PER_CLIENT * 9,
        "commands whose replies were looked at"
    );
}

/// Beside a lonely client nobody writes but the server itself, which keeps how far its clocks are: so each command needs a
/// sync of what was written since it came, and hardly ever is anything else unsynced when it is answered.
#[test]
fn nothing_of_its_own_is_unsynced_when_a_lonely_client_is_answered() {
    for threads in [Threads::One, Threads::Several] {
        let begun = Instant::now();
        let builder = Server::builder().durability("always").threads(threads);
        let replies = replies_to_lonely_client(Traced::start_as(builder));
        let clocks_kept_max = begun.elapsed().as_secs() / CLOCKS_KEPT_EVERY_SECS + 1;
        assert_eq!(replies.unsynced, 0, "{threads:?}: {replies:?}");
        assert!(
            replies.others_unsynced <= clocks_kept_max,
            "{threads:?}: {replies:?}"
        );
        assert_eq!(replies.synced, JOBS_PER_CLIENT * 9, "{threads:?}");
    }
}

#[test]
fn what_changes_nothing_syncs_nothing() {
    let traced = Traced::start("always");
    let mut client = traced.server.worker("worker-1");
    client.push(&job("jid-at-begin", "begin"));
    for _ in 0..20 {
        client.info();
        client.ack("jid-unknown");
        client.refused(format!("FAIL {}", json!({"jid": "jid-unknown"})));
        client.refused("PUSH {}");
        client.cmd("QUEUE LATENCY begin").json();
        client.beat("worker-1");
    }
    assert_eq!(client.fetch("nothing-here"), None);
    client.push(&job("jid-at-end", "end"));
    let events = traced.finish();
    let place = |jid: &str| {
        let found = events
            .iter()
            .position(|event| matches!(event, Event::Received { text, .. } if text.contains(jid)));
        found.unwrap_or_else(|| panic!("{jid} was never received"))
    };
    let (begin, end) = (place("jid-at-begin"), place("jid-at-end"));
    let first_reply = events[begin..]
        .iter()
        .position(|event| matches!(event, Event::Sent { .. }))
        .expect("a reply");
    let quiet = &events[begin + first_reply..end];
    let syncs: Vec<_> = quiet
        .iter()
        .filter(|event| matches!(event, Event::LogSynced { .. } | Event::OtherSynced))
        .collect();
    let writes = quiet
        .iter()
        .filter(|event| **event == Event::LogWritten)
        .count();
    assert_eq!(
        (syncs.len(), writes),
        (0, 0),
        "syncs and writes of commands that change nothing"
    );
    let replies = quiet
        .iter()
        .filter(|event| matches!(event, Event::Sent { .. }))
        .count();
    assert_eq!(replies, 1 + 20 * 6 + 1);
}

/// Canary: without the sync of each group the first test would fail.
#[test]
fn interval_durability_answers_before_it_syncs() {
    let replies = replies_to_lonely_client(Traced::start("interval"));
    assert!(replies.unsynced > 0, "{replies:?}");
}
