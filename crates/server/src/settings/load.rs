//! Puts the settings together.

use std::path::Path;
use std::time::Duration;

use clap::ValueEnum as _;
use workmill_engine::Rules;
use workmill_proto::limits::LINE_BYTES_MAX_DEFAULT;
use workmill_store::sqlite::Durability;

use super::bounds::{INTERVAL_MS_DEFAULT, INTERVAL_MS_RANGE};
use super::paths::Variables;
use super::reader::{Found, Reader, refuse, value_or};
use super::{
    BatchSettings, CONNECTIONS_MAX_DEFAULT, INPUT_BYTES_MAX_DEFAULT, Provenance, Settings,
    SettingsError,
};
use super::{cluster, conf_dir, cron, database, metrics, paths, scalars, throttles, warnings, web};
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
        let database = database::choose_database(&mut reader)?;
        let mut settings = Self {
            binding: paths::choose_binding(cli, &mut reader)?,
            environment,
            password: choose_password(environment, &config_dir, &mut reader, env, &mut warnings)?,
            durability: choose_durability(cli, &mut reader)?,
            cluster: cluster::choose_cluster(&mut reader, &mut warnings, database.is_some())?,
            database,
            tls: paths::choose_tls(&config_dir, &mut reader, &mut warnings)?,
            connections_max: CONNECTIONS_MAX_DEFAULT,
            line_bytes_max: LINE_BYTES_MAX_DEFAULT,
            input_bytes_max: INPUT_BYTES_MAX_DEFAULT,
            rules: Rules {
                observed: metrics.is_some(),
                ..Rules::default()
            },
            cron,
            metrics,
            recover_lost: false,
            uniq: true,
            batch: BatchSettings::default(),
            throttles,
            web: web::choose_web(cli, &mut reader, &mut warnings)?,
            storage_dir,
            config_dir,
        };
        scalars::read(&mut reader, &mut settings)?;
        fit_input_bytes(&reader, &mut settings)?;
        warn_of_ignored(&mut reader, &mut warnings)?;
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

/// What all connections may have sent is as much as one line may hold, at least.
fn fit_input_bytes(reader: &Reader, settings: &mut Settings) -> Result<(), SettingsError> {
    let line_bytes_max = settings.line_bytes_max;
    if settings.input_bytes_max >= line_bytes_max {
        return Ok(());
    }
    let Some(origin) = reader.origin("limits", "input_bytes_max") else {
        settings.input_bytes_max = line_bytes_max;
        return Ok(());
    };
    let allowed = format!("at least limits.line_bytes_max, which is {line_bytes_max}");
    let found = settings.input_bytes_max;
    Err(refuse(origin, "limits", "input_bytes_max", &allowed, found))
}

/// Keys of Faktory that are known and have no effect.
fn warn_of_ignored(reader: &mut Reader, warnings: &mut Vec<String>) -> Result<(), SettingsError> {
    if let Some(origin) = reader.ignored("batch", "child_search_depth")? {
        warnings.push(format!(
            "{origin}: batch.child_search_depth has no effect: batches are looked through as deep as they are"
        ));
    }
    Ok(())
}
