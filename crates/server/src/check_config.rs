//! `workmill check-config`: what the server would start with.

use std::fmt::Write as _;

use anyhow::{Context as _, bail};

use crate::clock;
use crate::settings::{Loaded, Provenance, RateSettings, Reloader, Settings, ThrottleSettings};
use crate::storage_dir::StorageDir;
use crate::tls::TlsReloader;

/// What errors begin with.
const NO_START: &str = "workmill cannot start with this configuration";

/// Reads the configuration as the server does when it starts, the TLS files too, looks at where the data is to lie, and says what it found: settings, tables,
/// warnings. An error is one that the server would not start with, or start without what was asked for.
pub fn report(reloader: &Reloader) -> anyhow::Result<String> {
    let Loaded {
        settings,
        mut warnings,
        metrics_fault,
        origins,
    } = reloader.load().context(NO_START)?;
    if let Some(fault) = metrics_fault {
        bail!("workmill would start without metrics: {fault}");
    }
    if settings.keeps_files() {
        warnings.extend(StorageDir::check(&settings.storage_dir).context(NO_START)?);
    }
    if let Some(files) = &settings.tls {
        let tls = TlsReloader::open(files).context(NO_START)?;
        warnings.extend(tls.warnings());
    }
    let mut out = String::new();
    write_table(&mut out, &setting_rows(&settings, &origins));
    if !settings.throttles.is_empty() {
        out.push('\n');
        write_table(&mut out, &throttle_rows(&settings, &origins));
    }
    if !settings.cron.is_empty() {
        out.push('\n');
        write_table(&mut out, &cron_rows(&settings, &origins));
    }
    out.push('\n');
    for warning in &warnings {
        // Writing into a text cannot fail.
        let _ = writeln!(out, "WARNING {warning}");
    }
    out.push_str(match warnings.len() {
        0 => "The configuration is good.\n",
        _ => "The server would start, with these warnings.\n",
    });
    Ok(out)
}

fn setting_rows(settings: &Settings, origins: &Provenance) -> Vec<Vec<String>> {
    let mut rows = vec![["SETTING", "VALUE", "FROM"].map(String::from).to_vec()];
    for (key, value) in settings.lines() {
        rows.push(vec![key.to_owned(), value, origins.of(key).to_owned()]);
    }
    rows
}

fn throttle_rows(settings: &Settings, origins: &Provenance) -> Vec<Vec<String>> {
    let names = [
        "THROTTLE",
        "WORKER",
        "CONCURRENCY",
        "TIMEOUT",
        "RATE",
        "BURST",
        "FROM",
    ];
    let mut rows = vec![names.map(String::from).to_vec()];
    for (queue, throttle) in &settings.throttles {
        let ThrottleSettings {
            worker,
            concurrency,
            timeout_secs,
            rate,
        } = throttle;
        let or_none = |value: Option<String>| value.unwrap_or_else(|| String::from("-"));
        let (rate, burst) = match rate {
            Some(RateSettings { rate, per, burst }) => {
                (Some(format!("{rate} per {per:?}")), Some(burst.to_string()))
            }
            None => (None, None),
        };
        rows.push(vec![
            queue.clone(),
            or_none(worker.map(|count| count.to_string())),
            or_none(concurrency.map(|count| count.to_string())),
            or_none(timeout_secs.map(|secs| format!("{secs}s"))),
            or_none(rate),
            or_none(burst),
            origins.of(&format!("throttles.{queue}")).to_owned(),
        ]);
    }
    rows
}

/// The recurring jobs, and when each would run next if the server ran now.
fn cron_rows(settings: &Settings, origins: &Provenance) -> Vec<Vec<String>> {
    let now = clock::wall();
    let names = ["CRON ENTRY", "NEXT RUN", "CATCH UP", "FROM"];
    let mut rows = vec![names.map(String::from).to_vec()];
    for (name, entry) in settings.cron.iter() {
        let next = entry.schedule.next_after(now);
        rows.push(vec![
            name.to_string(),
            next.map_or_else(|| String::from("never"), |at| at.to_string()),
            entry.catch_up.to_string(),
            origins.of(&format!("cron.{name}")).to_owned(),
        ]);
    }
    rows
}

/// Writes rows with their columns below each other.
fn write_table(out: &mut String, rows: &[Vec<String>]) {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    for row in rows {
        let mut line = String::new();
        for (column, cell) in row.iter().enumerate() {
            let _ = write!(line, "{cell:<width$}  ", width = width(column));
        }
        let _ = writeln!(out, "{}", line.trim_end());
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use clap::Parser as _;

    use super::*;
    use crate::cli::Cli;
    use crate::descriptors::FilesMax;

    /// What is said of a configuration directory with this file in `conf.d`.
    fn check(dir: &Path, config: &str, flags: &[&str]) -> anyhow::Result<String> {
        fs::create_dir_all(dir.join("conf.d")).unwrap();
        fs::write(dir.join("conf.d/a.toml"), config).unwrap();
        let dir = dir.to_str().unwrap();
        let arguments = [&["workmill", "check-config", "-c", dir], flags].concat();
        let home = dir.to_owned();
        let env = move |name: &str| match name {
            "HOME" => Some(home.clone()),
            "FAKTORY_PASSWORD" => Some(String::from("hunter3")),
            _ => None,
        };
        let cli = Cli::try_parse_from(arguments).unwrap();
        report(&Reloader::new(cli, Box::new(env), FilesMax(100_000)))
    }

    /// The line that begins with this word, its spaces made one.
    fn line(report: &str, first: &str) -> String {
        let found = report
            .lines()
            .find(|line| line.split(' ').next() == Some(first));
        let words: Vec<_> = found.expect(first).split_whitespace().collect();
        words.join(" ")
    }

    #[test]
    fn every_setting_is_shown_with_where_it_comes_from() {
        let dir = tempfile::tempdir().unwrap();
        let config = "[dead]\nttl = \"2h\"\n[faktory]\nbinding = \"localhost:1\"\n";
        let report = check(dir.path(), config, &["-b", ":2", "-e", "staging"]).unwrap();
        let file = dir.path().join("conf.d/a.toml");
        let file = file.display();
        assert_eq!(
            line(&report, "dead.ttl"),
            format!("dead.ttl 7200s {file}, line 2")
        );
        assert_eq!(line(&report, "faktory.binding"), "faktory.binding :2 -b");
        assert_eq!(line(&report, "environment"), "environment staging -e");
        assert_eq!(
            line(&report, "dead.max_jobs"),
            "dead.max_jobs 100000 default"
        );
        assert!(
            report.ends_with("\n\nThe configuration is good.\n"),
            "{report}"
        );
        let lines: Vec<_> = report.lines().take_while(|line| !line.is_empty()).collect();
        let column = lines[0].find("VALUE").unwrap();
        assert!(
            lines.iter().all(|line| &line[column - 2..column] == "  "),
            "{report}"
        );
    }

    #[test]
    fn throttles_are_a_table_of_their_own() {
        let dir = tempfile::tempdir().unwrap();
        let config =
            "[throttles]\nr = { worker = 4, timeout = 90 }\nm = { rate = 0.5, per = \"1m\" }\n";
        let report = check(dir.path(), config, &[]).unwrap();
        let file = dir.path().join("conf.d/a.toml");
        let file = file.display();
        assert_eq!(line(&report, "r"), format!("r 4 - 90s - - {file}, line 2"));
        assert_eq!(
            line(&report, "m"),
            format!("m - - - 0.5 per 60s 1 {file}, line 3")
        );
        assert!(!check(dir.path(), "", &[]).unwrap().contains("THROTTLE"));
    }

    #[test]
    fn warnings_are_shown_and_secrets_are_not() {
        let dir = tempfile::tempdir().unwrap();
        let config = "[faktory]\npassword = \"hunter2\"\nx = 1\n";
        let report = check(dir.path(), config, &[]).unwrap();
        assert!(
            report.contains("\nWARNING ") && report.contains("unknown key faktory.x"),
            "{report}"
        );
        assert!(
            report.ends_with("The server would start, with these warnings.\n"),
            "{report}"
        );
        assert_eq!(
            line(&report, "faktory.password"),
            "faktory.password needed, not shown here FAKTORY_PASSWORD"
        );
        assert!(!report.contains("hunter"), "{report}");
    }

    #[test]
    fn metrics_that_were_asked_for_and_would_not_be_sent_are_an_error() {
        let dir = tempfile::tempdir().unwrap();
        let error = check(dir.path(), "[statsd]\nlocation = \"tcp://x\"\n", &[]).unwrap_err();
        let error = format!("{error:#}");
        assert!(
            error.starts_with("workmill would start without metrics: "),
            "{error}"
        );
        assert!(error.contains("line 2: statsd.location must be"), "{error}");
    }

    #[test]
    fn what_the_server_would_not_start_with_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        let error = |config, flags: &[&str]| {
            let error = check(dir.path(), config, flags).unwrap_err();
            format!("{error:#}")
        };
        assert!(error("[dead]\nttl = 0\n", &[]).starts_with(NO_START));
        let file = dir.path().join("conf.d/a.toml");
        for (path, told) in [
            (file.clone(), "is a file; name a directory with -d"),
            (file.join("below"), "cannot make the storage directory"),
        ] {
            let error = error("", &["-d", path.to_str().unwrap()]);
            assert!(
                error.starts_with(NO_START) && error.contains(told),
                "{error}"
            );
        }
        fs::write(dir.path().join("public.cert.pem"), "x").unwrap();
        fs::write(dir.path().join("private.key.pem"), "x").unwrap();
        assert!(check(dir.path(), "", &[]).is_err());
    }
}
