//! The settings for people to read.

use workmill_engine::Rules;
use workmill_store::sqlite::Durability;

use super::{BatchSettings, Settings};
use crate::tls::TlsFiles;

/// A key and its value.
type Line = (&'static str, String);

impl Settings {
    /// Every setting but those that are tables of their own: its key and its value. Secrets are not shown.
    pub fn lines(&self) -> Vec<Line> {
        let Self {
            binding,
            environment,
            storage_dir,
            config_dir,
            password,
            durability,
            tls,
            connections_max,
            line_bytes_max,
            input_bytes_max,
            rules,
            recover_lost,
            uniq,
            batch,
            throttles: _,
            cron: _,
            metrics,
        } = self;
        let password = match password {
            Some(_) => "needed, not shown here",
            None => "none: everybody is let in",
        };
        let mut lines = vec![
            ("environment", environment.to_string()),
            ("storage directory", storage_dir.display().to_string()),
            ("configuration directory", config_dir.display().to_string()),
            ("faktory.binding", binding.to_string()),
            ("faktory.password", password.to_owned()),
        ];
        lines.extend(tls_lines(tls.as_ref()));
        lines.extend(durability_lines(*durability));
        lines.extend([
            ("limits.connections_max", connections_max.to_string()),
            ("limits.line_bytes_max", line_bytes_max.to_string()),
            ("limits.input_bytes_max", input_bytes_max.to_string()),
        ]);
        lines.extend(dead_lines(rules));
        let missed_within = format!("{}s", rules.cron_missed_within_secs);
        lines.push(("cron_plugin.missed_within", missed_within));
        lines.push(("workers.recover_lost", recover_lost.to_string()));
        lines.push(("uniq.enabled", uniq.to_string()));
        lines.extend(batch_lines(*batch));
        lines.push((
            "metrics",
            match metrics {
                Some(metrics) => format!("go to {metrics}"),
                None => String::from("off"),
            },
        ));
        lines
    }
}

fn tls_lines(files: Option<&TlsFiles>) -> [Line; 2] {
    let [certificate, private_key] = match files {
        Some(files) => {
            [&files.certificate, &files.private_key].map(|path| path.display().to_string())
        }
        None => ["none: plain TCP"; 2].map(String::from),
    };
    [
        ("tls.certificate", certificate),
        ("tls.private_key", private_key),
    ]
}

fn durability_lines(durability: Durability) -> [Line; 2] {
    let (durability, interval_ms) = match durability {
        Durability::Always => ("always", String::from("of no effect")),
        Durability::Interval(interval) => ("interval", interval.as_millis().to_string()),
    };
    [
        ("storage.durability", durability.to_owned()),
        ("storage.interval_ms", interval_ms),
    ]
}

fn dead_lines(rules: &Rules) -> [Line; 2] {
    let ttl = match rules.dead_ttl_secs {
        secs if secs % 86_400 == 0 => format!("{}d", secs / 86_400),
        secs => format!("{secs}s"),
    };
    [
        ("dead.max_jobs", rules.dead_jobs_max.to_string()),
        ("dead.ttl", ttl),
    ]
}

fn batch_lines(batch: BatchSettings) -> [Line; 3] {
    let BatchSettings {
        enabled,
        uncommitted_timeout_minutes,
        committed_timeout_days,
    } = batch;
    [
        ("batch.enabled", enabled.to_string()),
        (
            "batch.uncommitted_timeout_minutes",
            uncommitted_timeout_minutes.to_string(),
        ),
        (
            "batch.committed_timeout_days",
            committed_timeout_days.to_string(),
        ),
    ]
}
