//! Too much input, and too little reading.

use std::io::Write as _;
use std::thread;
use std::time::Duration;

use serde_json::json;
use workmill_tests::{Client, Memory, Reply, Server, job};

use crate::attack::attack_while_others_work;

const MIB: u64 = 1 << 20;

/// The line that nobody should ever send, in bytes.
const LINE_BYTES: u64 = 400_000_000;

/// Clients that send one at the same time.
const LINE_SENDERS: usize = 12;

/// The most memory that they may cost: what all connections together have sent has a budget of 256 MiB; a buffer is
/// copied when it grows, and what it was copied from may be given back later; and the server itself needs some.
const LONG_LINES_MEMORY_MAX: u64 = 3 * 256 * MIB + 128 * MIB;

/// The most memory that clients may cost who read nothing.
const UNREAD_MEMORY_MAX: u64 = 128 * MIB;

/// Bytes of a line full of small JSON values.
const LARGE_JSON_BYTES: usize = 4 << 20;

/// The most memory that one or two of these in a line may cost, with what is given back later. A tree of the values of one
/// would take twice as much.
const LARGE_JSON_MEMORY_MAX: u64 = 100 * MIB;

/// How long a client that reads nothing goes on sending after the server has stopped taking anything in.
const STALL: Duration = Duration::from_millis(500);

/// Sends an endless line until the server closes, and returns what it said before.
fn send_long_line(mut client: Client) -> Reply {
    let mut sender = client
        .socket()
        .try_clone()
        .expect("a second handle to the socket");
    let sending = thread::spawn(move || {
        let chunk = vec![b'x'; 1 << 20];
        let mut left = LINE_BYTES;
        if sender.write_all(b"PUSH ").is_err() {
            return left;
        }
        // The server closes in the middle of it, so a refused write is what is wanted.
        while left > 0 && sender.write_all(&chunk).is_ok() {
            left = left.saturating_sub(chunk.len() as u64);
        }
        left
    });
    let reply = client.read_reply();
    assert_eq!(client.read_reply(), Reply::Closed);
    drop(client);
    sending.join().expect("the sending thread does not panic");
    reply
}

/// Demand 10.
#[test]
fn line_of_400_megabytes_is_refused_before_it_is_buffered() {
    attack_while_others_work(Server::builder(), LONG_LINES_MEMORY_MAX, |server| {
        let senders: Vec<_> = (0..LINE_SENDERS)
            .map(|_| {
                let client = server.client();
                thread::spawn(move || send_long_line(client))
            })
            .collect();
        for sender in senders {
            let error = sender.join().expect("a sender does not panic").error();
            assert!(error.starts_with("ERR "), "{error}");
        }
        0
    });
}

#[test]
fn line_before_hello_is_refused_much_sooner() {
    attack_while_others_work(Server::builder(), UNREAD_MEMORY_MAX, |server| {
        for _ in 0..20 {
            let reply = send_long_line(Client::connect(server.addr()));
            assert!(
                matches!(reply, Reply::Error(_) | Reply::Closed),
                "{reply:?}"
            );
        }
        0
    });
}

/// Sends this line again and again until the server takes in no more.
fn send_until_stalled(client: &mut Client, line: &[u8], lines_max: usize) -> usize {
    client
        .socket()
        .set_write_timeout(Some(STALL))
        .expect("set a timeout");
    (0..lines_max)
        .take_while(|_| client.send_raw(line).is_ok())
        .count()
}

#[test]
fn client_that_reads_nothing_stops_being_served_and_costs_no_memory() {
    attack_while_others_work(Server::builder(), UNREAD_MEMORY_MAX, |server| {
        let line = b"INFO\r\n".repeat(1_000);
        let mut greedy: Vec<_> = (0..4).map(|_| server.client()).collect();
        for client in &mut greedy {
            let lines = send_until_stalled(client, &line, 2_000);
            assert!(
                lines < 2_000,
                "the server took in {lines} thousand commands whose replies nobody reads"
            );
        }
        let memory = Memory::of(server.pid());
        assert!(memory.peak_bytes <= UNREAD_MEMORY_MAX, "{memory:?}");
        0
    });
}

/// Jobs of 100 KB are handed to a client that never reads them. Those that it could have got are its own; all others
/// go back when it leaves.
#[test]
fn jobs_that_a_client_does_not_read_go_back() {
    let jobs = 300;
    let server = Server::start();
    let mut good = server.client();
    for number in 0..jobs {
        let args = json!(["x".repeat(100_000)]);
        good.push(&json!({"jid": format!("jid-{number:06}"), "queue": "big", "jobtype": "Big", "args": args}));
    }
    let mut greedy = server.worker("greedy");
    let stalled = send_until_stalled(&mut greedy, b"FETCH big\r\n", jobs);
    assert_eq!(stalled, jobs, "FETCHes are short enough for any buffer");
    // One more is always on its way to a client that does not read.
    good.wait_for_info(|info| info["faktory"]["sets"]["working"].as_u64() > Some(0));
    let memory = Memory::of(server.pid());
    assert!(memory.peak_bytes <= UNREAD_MEMORY_MAX, "{memory:?}");
    drop(greedy);
    good.wait_for_info(|info| info["server"]["connections"] == 1);
    let mut fetched = 0;
    while good.queue_size("big") > Some(0) {
        let jid = good.fetch_jid("big");
        good.ack(&jid);
        fetched += 1;
    }
    let delivered = (0..jobs)
        .filter(|number| {
            good.cmd(format!(
                "FAIL {}",
                json!({"jid": format!("jid-{number:06}")})
            ))
            .is_ok()
        })
        .count();
    println!("{fetched} jobs went back, {delivered} had been sent completely");
    assert_eq!(fetched + delivered, jobs);
    assert!(
        fetched > 0,
        "all jobs fitted into the buffers of the connection"
    );
    assert_eq!(good.task_size("Busy"), 0);
}

/// What a job's `custom` and `args` ask for is read without keeping more of it than is allowed.
#[test]
fn large_json_that_is_refused_costs_little_more_than_its_line() {
    let filled = |text: &str| text.repeat(LARGE_JSON_BYTES / text.len());
    let push =
        |members: String| format!(r#"PUSH {{"jid":"large-0001","jobtype":"Large",{members}}}"#);
    let custom = |member: String| push(format!(r#""args":[],"custom":{{{member}}}"#));
    let pairs = filled(r#"{"a":1,"b":2},"#);
    let empty = filled("\"\",");
    let lines = [
        (
            custom(format!(r#""retry_delays":[{}1]"#, filled("1,"))),
            "ERR retry_delays must be",
        ),
        (
            custom(format!(
                r#""retry_backoff":{{{}"base":1}}"#,
                filled("\"a\":1,")
            )),
            "ERR retry_backoff must be",
        ),
        (
            custom(format!(r#""bid":[{}1]"#, filled("[],"))),
            "ERR custom.bid must be",
        ),
        (
            push(format!(
                r#""args":[{pairs}{pairs}1],"custom":{{"unique_for":1}}"#
            )),
            "ERR the objects in the args",
        ),
        (format!("PUSHB [{pairs}1]"), "ERR PUSHB takes at most"),
        (
            format!(r#"FAIL {{"jid":"large-0001","backtrace":[{empty}1]}}"#),
            "ERR invalid FAIL",
        ),
        (
            format!(r#"MUTATE {{"cmd":"kill","target":"dead","filter":{{"jids":[{empty}""]}}}}"#),
            "ERR MUTATE takes at most",
        ),
    ];
    let server = Server::start();
    let mut client = server.client();
    let before = Memory::of(server.pid()).peak_bytes;
    for (line, wanted) in lines {
        let error = client.refused(&line);
        assert!(error.starts_with(wanted), "{error}");
        let bytes = Memory::of(server.pid()).peak_bytes - before;
        println!("{bytes} bytes for a line of {}: {error}", line.len());
        assert!(
            bytes <= LARGE_JSON_MEMORY_MAX,
            "{bytes} bytes of memory: {error}"
        );
    }
}

/// The settings allow a budget for all connections that is no larger than one line: that line must fit.
#[test]
fn longest_line_fits_into_the_smallest_budget() {
    let bytes = 1 << 20;
    let limits = format!("[limits]\nline_bytes_max = {bytes}\ninput_bytes_max = {bytes}\n");
    let server = Server::builder().config(&limits).start();
    let mut client = server.client();
    for round in 0..3 {
        let jid = format!("jid-{round:06}");
        let line = |filler: usize| {
            let job =
                json!({"jid": jid, "queue": "q", "jobtype": "Long", "args": ["x".repeat(filler)]});
            format!("PUSH {job}")
        };
        let longest = line(bytes - line(0).len());
        assert_eq!(longest.len(), bytes);
        client.ok(&longest);
        assert_eq!(client.fetch_jid("q"), jid);
        client.ack(&jid);
    }
    assert!(
        client
            .cmd("x".repeat(bytes + 1))
            .error()
            .contains("at most 1048576 bytes")
    );
}

#[test]
fn line_limit_is_configurable_and_over_it_the_connection_ends() {
    let server = Server::builder()
        .config("[limits]\nline_bytes_max = 100000\n")
        .start();
    let mut client = server.client();
    let line = |bytes: usize| {
        let mut job = job("12345678", "q");
        let short = format!("PUSH {job}\r\n").len() + 2;
        job["args"] = json!(["x".repeat(bytes - short)]);
        format!("PUSH {job}\r\n")
    };
    client.send_raw(line(100_000).as_bytes()).unwrap();
    assert_eq!(client.read_reply(), Reply::ok());
    client.send_raw(&vec![b'x'; 100_001]).unwrap();
    assert!(client.read_reply().error().starts_with("ERR "));
    assert_eq!(client.read_reply(), Reply::Closed);
    Client::producer(server.addr()).info();
}
