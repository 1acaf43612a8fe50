//! The system calls of one run of a server.

use std::collections::BTreeMap;

use workmill_tests::{Client, Server, ServerFiles, Threads, wait_for_trace};

/// How often each system call was made.
pub(crate) struct Calls(BTreeMap<String, u64>);

impl Calls {
    /// How often these were made; how often any was, if none is named.
    pub(crate) fn count(&self, names: &[&str]) -> u64 {
        let counted = self
            .0
            .iter()
            .filter(|(name, _)| names.is_empty() || names.contains(&name.as_str()));
        counted.map(|(_, count)| count).sum()
    }
}

/// Starts a server with these threads, lets a worker do its work and kills the server.
pub(crate) fn calls_of(threads: Threads, work: impl FnOnce(&mut Client)) -> Calls {
    // A server whose syncs are slow hands them to another thread, which takes other calls.
    let files = ServerFiles::in_memory();
    let summary = files.home_dir().join("calls");
    // As a grandchild of the test (-D), so that the pid the harness knows is the server's.
    let mut wrapper: Vec<_> = ["strace", "-D", "-f", "-c", "-o"].map(Into::into).into();
    wrapper.push(summary.clone().into_os_string());
    let mut server = Server::builder()
        .files(files)
        .durability("always")
        .threads(threads)
        .wrapped_in(&wrapper)
        .start();
    work(&mut server.worker("worker-1"));
    server.kill9();
    read_summary(&wait_for_trace(&summary, |text| {
        text.lines().any(|line| line.ends_with(" total"))
    }))
}

/// Reads lines of `% time, seconds, µs per call, calls, errors if there were any, name`.
fn read_summary(text: &str) -> Calls {
    let rows = text.lines().map(|line| line.split_whitespace().collect());
    let rows = rows.filter_map(|columns: Vec<&str>| {
        let name = *columns.last()?;
        let count = columns.get(3)?.parse().ok()?;
        Some((name.to_owned(), count))
    });
    let mut calls: BTreeMap<String, u64> = rows.collect();
    let total = calls.remove("total");
    // Calls that were not understood would be missing, and no figure would ever be too high.
    assert_eq!(Some(calls.values().sum()), total, "all calls of\n{text}");
    Calls(calls)
}
