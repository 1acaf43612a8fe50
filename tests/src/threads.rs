//! The two ways in which a server works: in one thread, as on machines with one or two cores, or in several.

use crate::cycles::number;

/// How many threads serve connections in the servers under test, if set. Otherwise they choose by themselves.
const VARIABLE: &str = "WORKMILL_TEST_THREADS";

/// The server's own variable.
const SERVER_VARIABLE: &str = "TOKIO_WORKER_THREADS";

/// How many threads [`Threads::Several`] are: more than many a machine has cores, so that they get into each other's way.
const SEVERAL: u64 = 4;

/// Which threads a server has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Threads {
    /// One serves the connections and runs their commands.
    One,
    /// Four serve the connections, and another one runs their commands.
    Several,
}

/// Which threads a server has from start to start.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) enum ThreadsPlan {
    /// Those of this run of the tests.
    #[default]
    OfRun,
    /// The same at every start.
    Always(Threads),
    /// One and several in turn; the number of the next start.
    InTurn(u64),
}

impl Threads {
    /// The threads of the start with this number, if one and several take turns.
    pub fn in_turn(number: u64) -> Self {
        match number.is_multiple_of(2) {
            true => Self::One,
            false => Self::Several,
        }
    }

    /// The environment that gives a server these threads.
    pub fn environment(self) -> (&'static str, String) {
        let threads = match self {
            Self::One => 1,
            Self::Several => SEVERAL,
        };
        (SERVER_VARIABLE, threads.to_string())
    }
}

impl ThreadsPlan {
    /// The environment for the next start; none if the server is to choose.
    pub(crate) fn next(&mut self) -> Option<(&'static str, String)> {
        match self {
            Self::OfRun => number(VARIABLE).map(|threads| (SERVER_VARIABLE, threads.to_string())),
            Self::Always(threads) => Some(threads.environment()),
            Self::InTurn(number) => {
                let threads = Threads::in_turn(*number);
                *number = number.wrapping_add(1);
                println!("the server starts with threads: {threads:?}");
                Some(threads.environment())
            }
        }
    }
}
