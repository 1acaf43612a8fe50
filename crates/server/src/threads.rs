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

/// Which threads there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Threads {
    /// One serves the connections and runs their commands.
    One,
    /// So many serve the connections, another one runs their commands.
    Many(usize),
}

impl Threads {
    /// What suits this machine, unless the environment says otherwise.
    pub fn choose(variable: impl Fn(&str) -> Option<String>) -> Self {
        let cores = available_parallelism().map_or(1, usize::from);
        Self::of(variable(VARIABLE).as_deref(), cores)
    }

    fn of(wanted: Option<&str>, cores: usize) -> Self {
        match wanted.and_then(|wanted| wanted.parse().ok()) {
            Some(0 | 1) => Self::One,
            Some(wanted) => Self::Many(wanted),
            None if cores <= CORES_FEW => Self::One,
            None => Self::Many(cores),
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
            (None, 1, Threads::One),
            (None, 2, Threads::One),
            (None, 3, Threads::Many(3)),
            (Some("1"), 8, Threads::One),
            (Some("4"), 2, Threads::Many(4)),
            (Some("many"), 2, Threads::One),
        ] {
            assert_eq!(Threads::of(wanted, cores), threads, "{wanted:?} {cores}");
        }
    }
}
