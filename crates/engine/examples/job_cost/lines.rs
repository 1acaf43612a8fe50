//! The commands of the workload, as a client sends them.

use std::ops::Range;

/// Asks for a job.
pub(crate) const FETCH: &[u8] = b"FETCH default\r\n";

/// The arguments of every job: they make its payload about 300 bytes long.
const ARGUMENT: &str = concat!(
    "0123456789abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz",
    "0123456789abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz",
    "0123456789abcdefghijklmnopqrs",
);

/// Pushes a job.
pub(crate) fn push(number: usize) -> Vec<u8> {
    format!("PUSH {}\r\n", job(number)).into_bytes()
}

/// Pushes several jobs at once.
pub(crate) fn push_bulk(numbers: Range<usize>) -> Vec<u8> {
    let jobs: Vec<String> = numbers.map(job).collect();
    format!("PUSHB [{}]\r\n", jobs.join(",")).into_bytes()
}

/// Says that a job is done.
pub(crate) fn ack(number: usize) -> Vec<u8> {
    format!("ACK {{\"jid\":\"{number:024}\"}}\r\n").into_bytes()
}

fn job(number: usize) -> String {
    format!(
        r#"{{"jid":"{number:024}","queue":"default","jobtype":"SendEmail","args":[{number},"{ARGUMENT}"],"retry":25}}"#
    )
}
