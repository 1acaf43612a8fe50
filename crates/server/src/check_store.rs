//! `workmill check-store`: whether all that a stopped server has kept agrees.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context as _, bail};
use workmill_store::check::{Findings, Problem};
use workmill_store::sqlite::check_stopped;

use crate::settings::{Loaded, Reloader};
use crate::storage_dir::StorageDir;

/// What errors begin with.
const NO_CHECK: &str = "the store cannot be checked";

/// What is said of a store, and whether everything in it agrees.
#[derive(Debug)]
pub struct StoreReport {
    /// For people.
    pub text: String,
    /// Whether nothing is wrong.
    pub is_sound: bool,
}

/// Checks the store in the storage directory of the configuration. An error is one that keeps it from being checked.
///
/// Changes nothing in the directory. No server can start in it meanwhile.
pub fn report(reloader: &Reloader) -> anyhow::Result<StoreReport> {
    let Loaded { settings, .. } = reloader
        .load()
        .context("cannot tell where the storage directory is")?;
    if let Some(target) = &settings.database {
        bail!("{NO_CHECK}: jobs are kept in {target}, which looks after its files itself");
    }
    report_of(&settings.storage_dir)
}

fn report_of(dir: &Path) -> anyhow::Result<StoreReport> {
    // Until the end.
    let hold = StorageDir::hold(dir).context(NO_CHECK)?;
    let findings = check_stopped(dir, hold.predecessor()).context(NO_CHECK)?;
    Ok(StoreReport {
        text: text_of(dir, &findings),
        is_sound: findings.are_none(),
    })
}

fn text_of(dir: &Path, findings: &Findings) -> String {
    let mut out = format!("Checked {}:\n", dir.display());
    let counts = findings.counts().iter();
    let width = counts.map(|count| count.count.to_string().len()).max();
    let width = width.unwrap_or(0);
    for count in findings.counts() {
        // Writing into a text cannot fail.
        let _ = writeln!(out, "  {:>width$} {}", count.count, count.what);
    }
    for (kind, Problem { count, examples }) in findings.problems() {
        let (meaning, remedy) = (kind.meaning(), kind.remedy());
        let _ = writeln!(out, "\nPROBLEM {meaning} ({count})\n  To do: {remedy}");
        for example in examples {
            let _ = writeln!(out, "  - {example}");
        }
        let more = count.saturating_sub(examples.len() as u64);
        if more > 0 {
            let _ = writeln!(out, "  and {more} more");
        }
    }
    out.push_str(match findings.problems().len() {
        0 => "Everything agrees.\n",
        _ => "\nNothing was changed. docs/durability.md says how to restore a backup.\n",
    });
    out
}
