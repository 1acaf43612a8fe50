//! What `strace -f -y` saw of a server, as far as the order of writes, syncs and replies goes.

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

/// How long the tracer may take to write its last line.
const TRACE_WAIT: Duration = Duration::from_secs(30);

/// One system call that matters here, in the order they were seen.
///
/// A call counts where it ends, except for [`Event::Sent`], which counts where it begins: so whatever is
/// before it in the list had ended before the reply could leave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Bytes arrived from a client; the beginning of them.
    Received {
        /// Names the connection.
        socket: String,
        /// What arrived.
        text: String,
    },
    /// Bytes are about to leave to a client; the beginning of them.
    Sent {
        /// Names the connection.
        socket: String,
        /// What leaves.
        text: String,
    },
    /// The write-ahead log was written.
    LogWritten,
    /// The write-ahead log was synced, successfully. Only writes before its beginning are synced for certain, so it
    /// carries how many [`Event::LogWritten`] there were then.
    LogSynced {
        /// Writes seen before the sync began.
        writes_before: usize,
    },
    /// Any other file was synced.
    OtherSynced,
}

/// A call whose end has not been seen.
struct Begun {
    name: String,
    arguments: String,
    writes_before: usize,
}

/// What `strace` has written into a file, as soon as all of it is there. The server must have been killed before.
pub fn wait_for_trace(path: &Path, is_whole: impl Fn(&str) -> bool) -> String {
    let deadline = Instant::now() + TRACE_WAIT;
    loop {
        let text = fs::read_to_string(path).expect("strace writes its trace");
        if is_whole(&text) {
            return text;
        }
        assert!(
            Instant::now() < deadline,
            "strace has not seen the end of the server"
        );
        thread::sleep(Duration::from_millis(5));
    }
}

/// Reads the output of `strace -f -y -o`.
pub fn read_trace(text: &str) -> Vec<Event> {
    let mut events = Vec::new();
    let mut begun: HashMap<&str, Begun> = HashMap::new();
    let mut log_writes = 0;
    for line in text.lines() {
        let Some((pid, call)) = line.split_once(' ') else {
            continue;
        };
        let call = call.trim_start();
        let (finished, result) = if let Some(rest) = call.strip_prefix("<... ") {
            let Some(earlier) = begun.remove(pid) else {
                continue;
            };
            let end = rest.split_once(" resumed>").map_or(rest, |(_, end)| end);
            let arguments = format!("{}{end}", earlier.arguments);
            (
                Begun {
                    arguments,
                    ..earlier
                },
                end.to_owned(),
            )
        } else {
            let Some((name, arguments)) = call.split_once('(') else {
                continue;
            };
            let starting = Begun {
                name: name.to_owned(),
                arguments: arguments.to_owned(),
                writes_before: log_writes,
            };
            if is_send(name) && is_socket(arguments) {
                events.push(Event::Sent {
                    socket: socket(arguments),
                    text: quoted(arguments),
                });
            }
            if let Some(cut) = arguments.strip_suffix("<unfinished ...>") {
                begun.insert(
                    pid,
                    Begun {
                        arguments: cut.to_owned(),
                        ..starting
                    },
                );
                continue;
            }
            let result = starting.arguments.clone();
            (starting, result)
        };
        let event = ended(&finished, &result);
        log_writes += usize::from(event == Some(Event::LogWritten));
        events.extend(event);
    }
    events
}

fn ended(call: &Begun, result: &str) -> Option<Event> {
    let succeeded = !result.rsplit_once(" = ")?.1.starts_with('-');
    let is_log = file(&call.arguments).ends_with("-wal");
    match call.name.as_str() {
        _ if !succeeded => None,
        "recvfrom" | "recvmsg" | "read" if is_socket(&call.arguments) => Some(Event::Received {
            socket: socket(&call.arguments),
            text: quoted(&call.arguments),
        }),
        "fsync" | "fdatasync" if is_log => Some(Event::LogSynced {
            writes_before: call.writes_before,
        }),
        "fsync" | "fdatasync" => Some(Event::OtherSynced),
        "write" | "writev" | "pwrite64" | "pwritev" if is_log => Some(Event::LogWritten),
        _ => None,
    }
}

fn is_send(name: &str) -> bool {
    ["sendto", "sendmsg", "write", "writev"].contains(&name)
}

/// What `-y` says that the first argument is: `3</path>` or `7<socket:[123]>`.
fn file(arguments: &str) -> &str {
    let end = arguments.find('>').unwrap_or(0);
    arguments[..end]
        .split_once('<')
        .map_or("", |(_, file)| file)
}

fn is_socket(arguments: &str) -> bool {
    file(arguments).starts_with("socket:") || file(arguments).starts_with("TCP")
}

fn socket(arguments: &str) -> String {
    file(arguments).to_owned()
}

/// The first text in quotation marks, without escapes undone.
fn quoted(arguments: &str) -> String {
    let after = arguments.split_once('"').map_or("", |(_, after)| after);
    let mut text = String::new();
    let mut escaped = false;
    for character in after.chars() {
        if character == '"' && !escaped {
            break;
        }
        escaped = character == '\\' && !escaped;
        text.push(character);
    }
    text
}
