//! Which threads there are: a machine with few cores is served best by few threads.
//!
//! To hand a command from one thread to another and its answer back costs more than to run it. On one or two
//! cores the threads would only take turns, so one thread serves the connections and runs
//! their commands; another waits for the disk where that takes long, or where more clients can be served meanwhile. With more
//! cores many threads serve the connections, and one of its own runs their commands.

use std::io;
use std::thread::available_parallelism;

use tokio::runtime::{Builder, Runtime};

/// Up to so many cores one thread does everything.
const CORES_FEW: usize = 2;

/// Sets how many threads serve connections, for who knows better. The name is tokio's.
const VARIABLE: &str = "TOKIO_WORKER_THREADS";

/// More threads than this are a slip of the pen: no machine serves anybody better with them, and their stacks alone
/// would take gigabytes of address space.
const THREADS_MAX: usize = 1_024;

/// Which threads there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Threads {
    /// One serves the connections and runs their commands.
    One,
    /// So many serve the connections, another one runs their commands.
    Many(usize),
}

impl Threads {
    /// What suits this machine, unless the environment says otherwise; and what is wrong with what that says.
    pub fn choose(variable: impl Fn(&str) -> Option<String>) -> (Self, Option<String>) {
        let cores = available_parallelism().map_or(1, usize::from);
        Self::of(variable(VARIABLE).as_deref().unwrap_or_default(), cores)
    }

    fn of(wanted: &str, cores: usize) -> (Self, Option<String>) {
        let suitable = match cores {
            ..=CORES_FEW => Self::One,
            _ => Self::Many(cores.min(THREADS_MAX)),
        };
        match wanted.parse() {
            Ok(0 | 1) => (Self::One, None),
            Ok(wanted @ ..=THREADS_MAX) => (Self::Many(wanted), None),
            _ if wanted.is_empty() => (suitable, None),
            _ => {
                let warning = format!(
                    "{VARIABLE} is no number up to {THREADS_MAX} and does not count: \"{}\"",
                    wanted.escape_default()
                );
                (suitable, Some(warning))
            }
        }
    }

    /// The runtime that serves the connections.
    ///
    /// # Errors
    /// If the system gives no threads or descriptors.
    pub fn runtime(self) -> io::Result<Runtime> {
        match self {
            Self::One => Builder::new_current_thread().enable_all().build(),
            Self::Many(threads) => Builder::new_multi_thread()
                .worker_threads(threads)
                .enable_all()
                .build(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_cores_are_one_thread_unless_more_are_wanted() {
        for (wanted, cores, threads) in [
            ("", 1, Threads::One),
            ("", 2, Threads::One),
            ("", 3, Threads::Many(3)),
            ("", 5_000, Threads::Many(THREADS_MAX)),
            ("0", 8, Threads::One),
            ("1", 8, Threads::One),
            ("4", 2, Threads::Many(4)),
            ("1024", 2, Threads::Many(1_024)),
        ] {
            assert_eq!(
                Threads::of(wanted, cores),
                (threads, None),
                "{wanted} {cores}"
            );
        }
    }

    #[test]
    fn what_is_no_number_of_threads_does_not_count_and_is_told_of() {
        for wanted in ["many", "1025", "99999999999999999999", "-1", "4 ", "é"] {
            for (cores, threads) in [(2, Threads::One), (8, Threads::Many(8))] {
                let (chosen, warning) = Threads::of(wanted, cores);
                assert_eq!(chosen, threads, "{wanted} {cores}");
                let warning = warning.unwrap();
                let shown = wanted.escape_default().to_string();
                assert!(warning.contains(&shown) && warning.is_ascii(), "{warning}");
            }
        }
    }
}
