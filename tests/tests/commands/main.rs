//! The command line: verbs, missing, wrong, huge, nested and binary arguments.
//!
//! Whatever a client sends, it gets an answer, the answer says what was wrong, and the connection goes on.

mod arguments;
mod hostile;
mod verbs;

use serde_json::json;
use workmill_tests::{Client, Server};

/// No error is longer than this, whatever it quotes.
const ERROR_BYTES_MAX: usize = 4096;

/// Every verb that wants an argument, with what makes it wrong below.
const VERBS: [&str; 10] = [
    "PUSH", "PUSHB", "ACK", "FAIL", "BEAT", "MUTATE", "QUEUE", "REQUEUE", "BATCH", "TRACK",
];

fn assert_refusal(client: &mut Client, line: &[u8]) -> String {
    let error = client.refused(line);
    let line = String::from_utf8_lossy(&line[..line.len().min(200)]).into_owned();
    assert!(error.starts_with("ERR "), "{line:?}: {error}");
    assert!(
        error.len() > "ERR ".len() + 3,
        "{line:?}: {error} says nothing"
    );
    assert!(
        error.len() <= ERROR_BYTES_MAX,
        "{line:?}: an error of {} bytes",
        error.len()
    );
    assert!(!error.contains("internal error"), "{line:?}: {error}");
    assert!(!error.to_lowercase().contains("panic"), "{line:?}: {error}");
    assert!(
        !error.contains(char::is_control),
        "{line:?}: {error:?} is not plain text"
    );
    error
}

fn assert_refusals(lines: &[impl AsRef<[u8]>]) {
    let server = Server::start();
    let mut client = server.client();
    for line in lines {
        let error = assert_refusal(&mut client, line.as_ref());
        assert!(!error.contains("unknown command"), "{error}");
    }
    let info = client.info();
    assert_eq!(
        info["faktory"]["queues"],
        json!({}),
        "a refused command has no effect"
    );
    assert_eq!(
        info["faktory"]["sets"],
        json!({"scheduled": 0, "retries": 0, "working": 0, "dead": 0})
    );
}
