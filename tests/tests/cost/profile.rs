//! What callgrind has counted.

use std::collections::HashMap;
use std::ops::Sub;

/// What belongs to history has this in its name, as a function, or in its path, where it became part of another one.
const HISTORY: [&str; 2] = ["::history::", "/src/history/"];

/// Instructions of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Instructions {
    pub(crate) all: u64,
    /// Those that count what happens to jobs over time.
    pub(crate) of_history: u64,
}

impl Instructions {
    /// Reads a profile, in the format of callgrind 1.
    pub(crate) fn parse(text: &str) -> Self {
        let mut counted = Self::default();
        let (mut files, mut functions) = (Names::default(), Names::default());
        let (mut file, mut function) = (false, false);
        let mut lines = text.lines();
        while let Some(line) = lines.next() {
            match line.split_once('=') {
                Some(("fl" | "fi" | "fe", name)) => file = files.is_of_history(name),
                Some(("cfl" | "cfi", name)) => {
                    files.is_of_history(name);
                }
                Some(("fn", name)) => function = functions.is_of_history(name),
                Some(("cfn", name)) => {
                    functions.is_of_history(name);
                }
                // What a call has cost was counted where it led to.
                Some(("calls", _)) => {
                    lines.next();
                }
                _ if line
                    .starts_with(|first: char| "+-*".contains(first) || first.is_ascii_digit()) =>
                {
                    let cost = line.split(' ').nth(1).and_then(|cost| cost.parse().ok());
                    let cost: u64 = cost.unwrap_or_else(|| panic!("{line:?} says no cost"));
                    counted.all += cost;
                    if file || function {
                        counted.of_history += cost;
                    }
                }
                _ => {}
            }
        }
        assert!(counted.all > 0, "callgrind writes what it has counted");
        counted
    }

    /// The same for each of so many jobs.
    pub(crate) fn per(self, jobs: u64) -> Self {
        Self {
            all: self.all / jobs,
            of_history: self.of_history / jobs,
        }
    }
}

impl Sub for Instructions {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self {
            all: self.all - other.all,
            of_history: self.of_history - other.of_history,
        }
    }
}

/// Names that are written out once, `(7) name`, and are `(7)` from then on.
#[derive(Debug, Default)]
struct Names<'a>(HashMap<&'a str, bool>);

impl<'a> Names<'a> {
    fn is_of_history(&mut self, text: &'a str) -> bool {
        let (number, name) = text.split_once(' ').unwrap_or((text, ""));
        let is_new = HISTORY.iter().any(|part| name.contains(part));
        *self.0.entry(number).or_insert(is_new)
    }
}

#[test]
fn history_is_told_apart_by_function_and_by_file() {
    let profile = "version: 1\npositions: line\nevents: Ir\n\n\
        fl=(1) /w/engine/src/group.rs\nfn=(1) engine::group::run\n5 100\n\
        fi=(2) /w/engine/src/history/pending.rs\n+2 20\nfe=(1)\n-2 3\n\
        cfi=(3) /core/vec.rs\ncfn=(2) engine::history::names::series\ncalls=2 9\n+1 4000\n\n\
        fl=(3)\nfn=(2)\n9 7\n* 1\n\ntotals: 131\n";
    let counted = Instructions::parse(profile);
    let expected = Instructions {
        all: 131,
        of_history: 28,
    };
    assert_eq!(counted, expected);
}
