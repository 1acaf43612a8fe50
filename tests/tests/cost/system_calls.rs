//! System calls of the server per 1,000 jobs.

use serde_json::{Value, json};
use workmill_tests::{Client, Reply, Threads, job};

use crate::calls::calls_of;
use crate::figure::{Figure, Tolerance, check};

/// What the figures below count, in their order.
const KINDS: [Kind; 5] = [
    Kind {
        what: "syncs",
        calls: &["fsync", "fdatasync"],
        tolerance: Tolerance {
            percent: 5,
            absolute: 1,
        },
        wakes: false,
    },
    Kind {
        what: "writes to files",
        calls: &["pwrite64", "pwritev", "pwritev2"],
        tolerance: Tolerance {
            percent: 5,
            absolute: 10,
        },
        wakes: false,
    },
    // Not `read`, by which alarms are taken note of: the longer a run takes, the more of them ring.
    Kind {
        what: "receives",
        calls: &["recvfrom", "recvmsg", "readv"],
        tolerance: Tolerance {
            percent: 5,
            absolute: 4,
        },
        wakes: false,
    },
    // Threads wake each other by `write`, more or less often.
    Kind {
        what: "sends and wake-ups",
        calls: &["sendto", "sendmsg", "write", "writev"],
        tolerance: Tolerance {
            percent: 10,
            absolute: 20,
        },
        wakes: true,
    },
    // How often threads wait for each other differs from run to run, and so does the start by some calls. Timers tick
    // more often the longer a run takes.
    Kind {
        what: "all system calls",
        calls: &[],
        tolerance: Tolerance {
            percent: 15,
            absolute: 150,
        },
        wakes: true,
    },
];

/// What a workload takes: syncs, writes to files, receives, sends and wake-ups, all.
struct Committed {
    one_thread: [u64; KINDS.len()],
    several_threads: [u64; KINDS.len()],
}

// As measured on 2026-11-26 with one thread, on 2026-11-28 with several.
const ONE_BY_ONE: Committed = Committed {
    one_thread: [3_024, 4_042, 3_000, 3_025, 34_700],
    several_threads: [3_030, 4_040, 3_000, 9_000, 63_500],
};
const PIPELINED: Committed = Committed {
    one_thread: [1_071, 2_097, 80, 1_075, 11_900],
    several_threads: [1_071, 2_097, 80, 2_850, 20_000],
};
const BULK: Committed = Committed {
    one_thread: [1, 8, 8, 4, 54],
    several_threads: [1, 8, 9, 6, 210],
};

/// The jobs of each workload.
const JOBS: usize = 1_000;

/// Commands that a pipelining client sends before it reads their replies.
const PIPELINE_COMMANDS: usize = 50;

/// The bytes of a job's argument; with it a payload has about 300 bytes.
const ARGUMENT_BYTES: usize = 210;

struct Kind {
    what: &'static str,
    /// Their names; all calls if there are none.
    calls: &'static [&'static str],
    tolerance: Tolerance,
    /// Whether threads make them to wait for each other.
    wakes: bool,
}

impl Kind {
    /// Several threads wake each other the more often, the more of them are asleep: that differs from machine to machine.
    fn tolerance(&self, threads: Threads) -> Tolerance {
        let Tolerance { percent, absolute } = self.tolerance;
        match threads {
            Threads::Several if self.wakes => Tolerance {
                percent: 2 * percent,
                absolute: 2 * absolute,
            },
            _ => self.tolerance,
        }
    }
}

/// Holds what the server does for a workload, beyond its start and a HELLO, against the figures.
fn check_workload(title: &str, committed: &Committed, workload: fn(&mut Client)) {
    check_threads(title, Threads::One, committed.one_thread, workload);
    check_threads(title, Threads::Several, committed.several_threads, workload);
}

fn check_threads(
    title: &str,
    threads: Threads,
    committed: [u64; KINDS.len()],
    workload: fn(&mut Client),
) {
    let idle = calls_of(threads, |_| {});
    let busy = calls_of(threads, workload);
    let figures: Vec<Figure> = KINDS
        .iter()
        .zip(committed)
        .map(|(kind, committed)| Figure {
            what: kind.what,
            committed,
            measured: busy
                .count(kind.calls)
                .saturating_sub(idle.count(kind.calls)),
            tolerance: kind.tolerance(threads),
        })
        .collect();
    let title = format!("{title}, per {JOBS} jobs, threads: {threads:?}");
    check(&title, &figures);
}

fn jid(number: usize) -> String {
    format!("jid-{number:020}")
}

fn sized_job(number: usize) -> Value {
    let mut job = job(&jid(number), "default");
    job["args"] = json!([number, "x".repeat(ARGUMENT_BYTES)]);
    job
}

fn pipelined(client: &mut Client, commands: impl Iterator<Item = String>) {
    let commands: Vec<String> = commands.collect();
    client
        .send_raw(commands.concat().as_bytes())
        .expect("send commands");
    for command in commands {
        let reply = client.read_reply();
        assert!(
            reply.is_ok() || matches!(reply, Reply::Bulk(_)),
            "{reply:?} to {command:?}"
        );
    }
}

#[test]
fn jobs_one_by_one_take_no_more_system_calls_than_committed() {
    check_workload("PUSH, FETCH, ACK one by one", &ONE_BY_ONE, |client| {
        for number in 0..JOBS {
            client.push(&sized_job(number));
            client.fetch_jid("default");
            client.ack(&jid(number));
        }
    });
}

#[test]
fn pipelined_commands_take_no_more_system_calls_than_committed() {
    check_workload("PUSH, FETCH, ACK pipelined", &PIPELINED, |client| {
        for first in (0..JOBS).step_by(PIPELINE_COMMANDS) {
            let numbers = first..first + PIPELINE_COMMANDS;
            let pushes = numbers
                .clone()
                .map(|number| format!("PUSH {}\r\n", sized_job(number)));
            pipelined(client, pushes);
            pipelined(
                client,
                numbers.clone().map(|_| "FETCH default\r\n".to_owned()),
            );
            let acks = numbers.map(|number| format!("ACK {}\r\n", json!({"jid": jid(number)})));
            pipelined(client, acks);
        }
    });
}

#[test]
fn bulk_takes_no_more_system_calls_than_committed() {
    check_workload("PUSHB", &BULK, |client| {
        let jobs: Vec<Value> = (0..JOBS).map(sized_job).collect();
        assert_eq!(client.push_bulk(&jobs), json!({}), "what was refused");
    });
}
