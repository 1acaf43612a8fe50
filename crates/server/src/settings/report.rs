//! The settings for people to read.

use workmill_store::postgres::Target;
use workmill_store::sqlite::Durability;

use super::{Binding, ClusterSettings, Settings, WebSettings, scalars};
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
            database,
            tls,
            // In the table of scalars.
            connections_max: _,
            line_bytes_max: _,
            input_bytes_max: _,
            rules: _,
            recover_lost: _,
            uniq: _,
            batch: _,
            throttles: _,
            web,
            cron: _,
            metrics,
            cluster,
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
        lines.extend(web_lines(web));
        lines.extend(tls_lines(tls.as_ref()));
        lines.extend(cluster_lines(cluster));
        lines.extend(durability_lines(*durability));
        lines.extend(database_lines(database.as_ref()));
        lines.extend(scalars::lines(self));
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

fn web_lines(web: &WebSettings) -> [Line; 7] {
    let binding = web.binding.as_ref().map(ToString::to_string);
    let password = match web.password {
        Some(_) => "needed, not shown here",
        None if web.users.is_empty() => "that of the server",
        None => "none: users only",
    };
    let proxies: Vec<_> = web.proxies.iter().map(ToString::to_string).collect();
    let list = |values: &[String]| match values.is_empty() {
        true => String::from("none"),
        false => values.join(", "),
    };
    [
        (
            "web.binding",
            binding.unwrap_or_else(|| String::from("off")),
        ),
        ("web.password", password.to_owned()),
        ("web.authentication", web.authentication.to_string()),
        ("web.proxies", list(&proxies)),
        ("web.hosts", list(&web.hosts)),
        ("web_user", web.users.len().to_string()),
        ("redact", web.redactions.len().to_string()),
    ]
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

/// Never the password.
fn database_lines(database: Option<&Target>) -> [Line; 4] {
    let [url, schema, pooler, command] = match database {
        Some(target) => [
            target.to_string(),
            target.schema().to_owned(),
            target.has_pooler().to_string(),
            String::from(match target.has_password_command() {
                true => "one, not shown here",
                false => "none",
            }),
        ],
        None => [
            "none: a file in the storage directory",
            "of no effect",
            "of no effect",
            "of no effect",
        ]
        .map(String::from),
    };
    [
        ("storage.url", url),
        ("storage.schema", schema),
        ("storage.pooler", pooler),
        ("storage.password_command", command),
    ]
}

fn cluster_lines(cluster: &ClusterSettings) -> [Line; 4] {
    let shown = |address: &Option<Binding>| {
        let shown = address.as_ref().map(ToString::to_string);
        shown.unwrap_or_else(|| String::from("none"))
    };
    let secret = match cluster.secret {
        Some(_) => "needed, not shown here",
        None => "none",
    };
    [
        ("cluster.leader", shown(&cluster.leader)),
        ("cluster.binding", shown(&cluster.binding)),
        ("cluster.address", shown(&cluster.address)),
        ("cluster.secret", secret.to_owned()),
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
