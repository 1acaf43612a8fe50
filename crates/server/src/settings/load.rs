//! Puts the settings together.

use std::path::Path;
use std::time::Duration;

use clap::ValueEnum as _;
use workmill_engine::Rules;
use workmill_proto::limits::LINE_BYTES_MAX_DEFAULT;
use workmill_store::sqlite::Durability;

use super::bounds::{
    CONNECTIONS_MAX_DEFAULT, CONNECTIONS_RANGE, CRON_MISSED_SECS_RANGE, DEAD_JOBS_RANGE,
    DEAD_TTL_SECS_RANGE, INPUT_BYTES_MAX_DEFAULT, INPUT_BYTES_RANGE, INTERVAL_MS_DEFAULT,
    INTERVAL_MS_RANGE, LINE_BYTES_RANGE,
};
use super::paths::Variables;
use super::reader::{Found, Reader, refuse, value_or};
use super::{Provenance, Settings, SettingsError};
use super::{conf_dir, cron, features, metrics, paths, throttles, warnings};
use crate::cli::{CONFIG_DIR_DEFAULT, Cli, DurabilityKind, STORAGE_DIR_DEFAULT};
use crate::environment::Environment;
use crate::password::{Password, PasswordError, PasswordSources};
use crate::shown::first_lines;

/// The name of the password file in a configuration directory.
const PASSWORD_FILE: &str = "password";

/// What [`Settings::load`] brings.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The settings.
    pub settings: Settings,
    /// What the operator should know though the server can start: one line each.
    pub warnings: Vec<String>,
    /// Why metrics are off though they are asked for: what is said of them cannot be used. No reason not to start.
    pub metrics_fault: Option<String>,
    /// Where the settings come from.
    pub origins: Provenance,
}

impl Settings {
    /// Puts together what the command line, the environment variables and `conf.d/*.toml` say.
    pub fn load(cli: &Cli, env: Variables<'_>) -> Result<Loaded, SettingsError> {
        let mut warnings = Vec::new();
        let environment = paths::choose_environment(cli, env)?;
        let storage_dir = paths::choose_dir(
            cli.storage_dir.as_deref(),
            STORAGE_DIR_DEFAULT,
            environment,
            env,
            ".faktory/db",
        )?;
        let config_dir = paths::choose_dir(
            cli.config_dir.as_deref(),
            CONFIG_DIR_DEFAULT,
            environment,
            env,
            ".faktory",
        )?;
        let mut reader = Reader::new(conf_dir::read(&config_dir)?);
        warnings.extend(conf_dir::warn_of_unread(&config_dir));
        let line_bytes_max = value_or(
            reader.integer("limits", "line_bytes_max", LINE_BYTES_RANGE)?,
            LINE_BYTES_MAX_DEFAULT,
        );
        let connections_max = reader.integer("limits", "connections_max", CONNECTIONS_RANGE)?;
        let (throttles, throttle_origins) =
            throttles::choose_throttles(&mut reader, &mut warnings)?;
        let mut cron_warnings = Vec::new();
        let (cron, cron_origins) = cron::choose_cron(&mut reader, &mut cron_warnings)?;
        warnings.extend(first_lines(cron_warnings, "warnings of cron entries"));
        let (metrics, metrics_fault) =
            match metrics::choose_metrics(&mut reader, env, &mut warnings) {
                Ok(metrics) => (metrics, None),
                Err(error) => (None, Some(error.to_string())),
            };
        let settings = Self {
            binding: paths::choose_binding(cli, &mut reader)?,
            environment,
            password: choose_password(environment, &config_dir, &mut reader, env, &mut warnings)?,
            durability: choose_durability(cli, &mut reader)?,
            tls: paths::choose_tls(&config_dir, &mut reader, &mut warnings)?,
            connections_max: value_or(connections_max, CONNECTIONS_MAX_DEFAULT),
            line_bytes_max,
            input_bytes_max: choose_input_bytes_max(&mut reader, line_bytes_max)?,
            rules: Rules {
                observed: metrics.is_some(),
                ..choose_rules(&mut reader)?
            },
            cron,
            metrics,
            recover_lost: value_or(reader.boolean("workers", "recover_lost")?, false),
            uniq: features::choose_uniq(&mut reader)?,
            batch: features::choose_batch(&mut reader, &mut warnings)?,
            throttles,
            storage_dir,
            config_dir,
        };
        let mut origins = Provenance::new(&reader);
        origins.note_named("throttles", throttle_origins);
        origins.note_named("cron", cron_origins);
        origins.note_arguments(cli, env, &settings);
        warnings.extend(reader.warn_of_unknown_keys());
        warnings.extend(warnings::warn(cli, &settings, env));
        Ok(Loaded {
            settings,
            warnings,
            metrics_fault,
            origins,
        })
    }
}

fn choose_password(
    environment: Environment,
    config_dir: &Path,
    reader: &mut Reader,
    env: Variables<'_>,
    warnings: &mut Vec<String>,
) -> Result<Option<Password>, SettingsError> {
    let config = reader
        .string("faktory", "password", "a text, or the path of a file")?
        .map(|found| found.value);
    let mut files = vec![
        config_dir.join(PASSWORD_FILE),
        Path::new(CONFIG_DIR_DEFAULT).join(PASSWORD_FILE),
    ];
    files.dedup();
    let insists = environment != Environment::Development;
    let sources = PasswordSources {
        variable: env("FAKTORY_PASSWORD").as_deref(),
        config: config.as_deref(),
        files: if insists { &files } else { &[] },
    }
    .find(warnings)?;
    let skipped = matches!(
        env("FAKTORY_SKIP_PASSWORD").as_deref(),
        Some("1" | "true" | "yes")
    );
    match sources {
        None if insists && !skipped => {
            let file = config_dir.join(PASSWORD_FILE);
            Err(PasswordError::Missing { environment, file }.into())
        }
        password => Ok(password),
    }
}

fn choose_durability(cli: &Cli, reader: &mut Reader) -> Result<Durability, SettingsError> {
    let allowed = "\"always\" or \"interval\"";
    let config = match reader.string("storage", "durability", allowed)? {
        None => DurabilityKind::Always,
        Some(Found { value, origin }) => DurabilityKind::from_str(&value, false).map_err(|_| {
            refuse(
                origin,
                "storage",
                "durability",
                allowed,
                format!("{value:?}"),
            )
        })?,
    };
    let interval_ms = value_or(
        reader.integer("storage", "interval_ms", INTERVAL_MS_RANGE)?,
        INTERVAL_MS_DEFAULT,
    );
    Ok(match cli.durability.unwrap_or(config) {
        DurabilityKind::Always => Durability::Always,
        DurabilityKind::Interval => Durability::Interval(Duration::from_millis(interval_ms as u64)),
    })
}

fn choose_input_bytes_max(
    reader: &mut Reader,
    line_bytes_max: usize,
) -> Result<usize, SettingsError> {
    match reader.integer("limits", "input_bytes_max", INPUT_BYTES_RANGE)? {
        None => Ok(INPUT_BYTES_MAX_DEFAULT.max(line_bytes_max)),
        Some(Found { value, origin }) if value < line_bytes_max => {
            let allowed = format!("at least limits.line_bytes_max, which is {line_bytes_max}");
            Err(refuse(origin, "limits", "input_bytes_max", &allowed, value))
        }
        Some(found) => Ok(found.value),
    }
}

fn choose_rules(reader: &mut Reader) -> Result<Rules, SettingsError> {
    let mut rules = Rules::default();
    if let Some(found) = reader.integer("dead", "max_jobs", DEAD_JOBS_RANGE)? {
        rules.dead_jobs_max = found.value as u64;
    }
    if let Some(found) = reader.duration_secs("dead", "ttl", DEAD_TTL_SECS_RANGE)? {
        rules.dead_ttl_secs = found.value.cast_signed();
    }
    let within = reader.duration_secs("cron_plugin", "missed_within", CRON_MISSED_SECS_RANGE)?;
    if let Some(found) = within {
        rules.cron_missed_within_secs = found.value.cast_signed();
    }
    Ok(rules)
}
