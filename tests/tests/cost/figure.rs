//! Figures that may not rise, and how they are held against what was measured.

use std::fmt::Write as _;
use std::io::{self, Write as _};

/// How far above a figure what is measured may be: the larger of both.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tolerance {
    /// In percent of the figure.
    pub(crate) percent: u64,
    /// In units of the figure.
    pub(crate) absolute: u64,
}

impl Tolerance {
    fn of(self, committed: u64) -> u64 {
        self.absolute.max(committed * self.percent / 100)
    }
}

/// One line of a table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Figure {
    pub(crate) what: &'static str,
    pub(crate) committed: u64,
    pub(crate) measured: u64,
    pub(crate) tolerance: Tolerance,
}

impl Figure {
    fn ceiling(self) -> u64 {
        self.committed + self.tolerance.of(self.committed)
    }

    fn is_too_high(self) -> bool {
        self.measured > self.ceiling()
    }

    fn has_fallen(self) -> bool {
        self.measured + self.tolerance.of(self.committed) < self.committed
    }

    fn verdict(self) -> &'static str {
        if self.is_too_high() {
            "TOO HIGH"
        } else if self.has_fallen() {
            "has fallen: write it down"
        } else {
            ""
        }
    }
}

/// Prints the figures, also when all is well, and fails if one is too high.
pub(crate) fn check(title: &str, figures: &[Figure]) {
    let table = table(title, figures);
    // Not by `print!`: what a test that passes prints that way is never seen.
    io::stderr()
        .write_all(table.as_bytes())
        .expect("write to standard error");
    assert!(
        !figures.iter().any(|figure| figure.is_too_high()),
        "a job costs more than was committed; what to do is told at the top of tests/tests/cost/main.rs\n{table}"
    );
}

fn table(title: &str, figures: &[Figure]) -> String {
    let mut text = format!(
        "\n{title}\n  {:<24}{:>10}{:>11}{:>10}\n",
        "", "measured", "committed", "at most"
    );
    for figure in figures {
        let _ = writeln!(
            text,
            "  {:<24}{:>10}{:>11}{:>10}  {}",
            figure.what,
            figure.measured,
            figure.committed,
            figure.ceiling(),
            figure.verdict()
        );
    }
    text
}

#[test]
fn figure_may_be_off_by_its_tolerance_and_no_more() {
    let figure = |measured| Figure {
        what: "syncs",
        committed: 1_000,
        measured,
        tolerance: Tolerance {
            percent: 10,
            absolute: 5,
        },
    };
    assert!(!figure(1_100).is_too_high());
    assert!(figure(1_101).is_too_high());
    assert!(!figure(900).has_fallen());
    assert!(figure(899).has_fallen());
}

#[test]
fn tolerance_of_a_small_figure_is_absolute() {
    let tolerance = Tolerance {
        percent: 10,
        absolute: 5,
    };
    assert_eq!((tolerance.of(10), tolerance.of(100)), (5, 10));
}
