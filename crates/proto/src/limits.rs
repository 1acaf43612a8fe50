//! How large anything may be that a client sends.
//!
//! Each limit keeps one client from using up memory or time that belongs to all of them.

/// The longest command line, in bytes without its line end, unless configured otherwise. Faktory has no
/// limit; the largest jobs seen in practice have a few megabytes.
pub const LINE_BYTES_MAX_DEFAULT: usize = 64 * 1024 * 1024;

/// The longest first line, in bytes without its line end: whoever sends it has not yet said who he is.
pub const LINE_BYTES_BEFORE_HELLO_MAX: usize = 64 * 1024;

/// The longest queue name, in bytes. Names are keys of indexes and labels of metrics.
pub const QUEUE_NAME_BYTES_MAX: usize = 256;

/// The shortest job id, in bytes. Faktory's own limit.
pub const JID_BYTES_MIN: usize = 8;

/// The longest job id, in bytes. Ids are keys of indexes.
pub const JID_BYTES_MAX: usize = 512;

/// The longest job type, in bytes.
pub const JOBTYPE_BYTES_MAX: usize = 1024;

/// The deepest JSON, in arrays and objects within each other. The limit of Go's decoder, so of Faktory.
pub const JSON_DEPTH_MAX: usize = 10_000;

/// How many top-level fields a job may have that are none of the protocol's. Each is looked at when
/// repeated keys are sought, so they must not be millions.
pub const JOB_FIELDS_UNKNOWN_MAX: usize = 10_000;

/// The longest time a job may be reserved for, in seconds: one day. Faktory's own limit.
pub const RESERVE_FOR_SECS_MAX: i64 = 86_400;

/// The longest error text, in bytes. Errors are read by people and kept in logs.
pub const ERROR_TEXT_BYTES_MAX: usize = 1_000;

/// How much of what a client sent an error text repeats, in bytes.
pub const ECHO_BYTES_MAX: usize = 200;

/// The longest error type of a failure, in bytes; the rest is cut off. Faktory's own limit.
pub const ERRTYPE_BYTES_MAX: usize = 100;

/// The longest error message of a failure, in bytes; the rest is cut off. Faktory's own limit.
pub const MESSAGE_BYTES_MAX: usize = 1_000;

/// The most lines of a failure's backtrace; the rest is dropped. Faktory's own limit.
pub const BACKTRACE_LINES_MAX: usize = 50;

/// The longest line of a failure's backtrace, in bytes; the rest is cut off. With the limit of lines it
/// keeps a failure, which is stored with its job, below 50 KB.
pub const BACKTRACE_LINE_BYTES_MAX: usize = 1_000;

/// The most queues one FETCH may name, repeated names counted once. Each is looked at, and a FETCH that waits is noted at
/// each.
pub const FETCH_QUEUES_MAX: usize = 10_000;

/// The most queues one QUEUE command may name.
pub const QUEUE_NAMES_MAX: usize = 10_000;

/// The most jobs one PUSHB may bring. Each takes about half a kilobyte beside its text, so that all of the smallest take about
/// twice as much memory as the longest line. About a thousand at a time are advised.
pub const PUSHB_JOBS_MAX: usize = 250_000;

/// The most job ids one MUTATE may name.
pub const MUTATE_JIDS_MAX: usize = 100_000;

/// The longest MUTATE pattern, in bytes. It is kept while the jobs of a set are held against it.
pub const GLOB_BYTES_MAX: usize = 1_024;

/// The most `?` and classes in one MUTATE pattern. Each part with some takes 4 KiB while it is matched.
pub const GLOB_WILDCARDS_MAX: usize = 64;

/// The longest part of a MUTATE pattern between two `*` that has `?` or classes, in bytes of the text it
/// matches. As many matches can be followed at the same time in one machine operation or two.
pub const GLOB_PART_BYTES_MAX: usize = 128;

/// The longest batch id looked for, in bytes. Those that were given out have 16.
pub const BID_BYTES_MAX: usize = 64;

/// The longest description of a batch, in bytes. It is kept as long as the batch.
pub const BATCH_DESCRIPTION_BYTES_MAX: usize = 64 * 1024;

/// The longest description of a job's progress, in bytes. There is one for every job that is tracked.
pub const TRACK_DESC_BYTES_MAX: usize = 16 * 1024;

/// The longest time a job may be unique for, or may take to expire, in seconds: a hundred years.
pub const CUSTOM_SECS_MAX: u64 = 100 * 365 * 86_400;

/// The longest delay a custom back-off may ask for, in seconds: a year.
pub const RETRY_DELAY_SECS_MAX: i64 = 365 * 86_400;

/// The most entries `custom.retry_delays` may have.
pub const RETRY_DELAYS_MAX: usize = 100;

/// The most members that the objects in the args of a unique job may have together. To bring them into one order, each
/// takes up to 100 bytes of memory.
pub const UNIQUE_MEMBERS_MAX: usize = 1_000_000;

/// The longest worker id, in bytes. It is kept with every reservation of the worker.
pub const WID_BYTES_MAX: usize = 256;

/// The most labels one worker may have.
pub const LABELS_MAX: usize = 1_000;

/// The longest host name, label, user name or password proof of a HELLO, in bytes; the rest is cut off. They
/// are kept as long as the worker is known. A proof that is right has 64.
pub const HELLO_TEXT_BYTES_MAX: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    /// What people read before they move over is true.
    #[test]
    fn limits_that_faktory_has_not_are_documented_as_they_are() {
        let page = include_str!("../../../docs/migrating-from-faktory.md");
        for (what, most) in [
            ("bytes of a queue's name", QUEUE_NAME_BYTES_MAX),
            ("bytes of a `jid`", JID_BYTES_MAX),
            ("bytes of a `jobtype`", JOBTYPE_BYTES_MAX),
            ("bytes of a `wid`", WID_BYTES_MAX),
            ("labels of a worker", LABELS_MAX),
            (
                "fields of a job that the protocol does not know",
                JOB_FIELDS_UNKNOWN_MAX,
            ),
            ("queues in a `FETCH`", FETCH_QUEUES_MAX),
            ("queues in a `QUEUE`", QUEUE_NAMES_MAX),
            ("jobs in a `PUSHB`", PUSHB_JOBS_MAX),
            ("`jids` in a `MUTATE`", MUTATE_JIDS_MAX),
            ("bytes of a `MUTATE` pattern", GLOB_BYTES_MAX),
            ("bytes of a line of a backtrace", BACKTRACE_LINE_BYTES_MAX),
            (
                "bytes of a batch's description",
                BATCH_DESCRIPTION_BYTES_MAX,
            ),
            ("bytes of `desc` in `TRACK SET`", TRACK_DESC_BYTES_MAX),
            (
                "members of all objects in the `args` of a job with `unique_for`",
                UNIQUE_MEMBERS_MAX,
            ),
        ] {
            let row = format!("| {what} | {} |", with_commas(most));
            assert!(page.contains(&row), "no such row: {row}");
        }
    }

    fn with_commas(number: usize) -> String {
        let digits = number.to_string();
        let head = digits.len() % 3;
        let (head, rest) = digits.split_at(head);
        let mut parts: Vec<&str> = (0..rest.len())
            .step_by(3)
            .map(|at| &rest[at..at + 3])
            .collect();
        if !head.is_empty() {
            parts.insert(0, head);
        }
        parts.join(",")
    }
}
