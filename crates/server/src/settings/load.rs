//! Puts the settings together.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::ValueEnum as _;
use workmill_engine::Rules;
use workmill_proto::limits::LINE_BYTES_MAX_DEFAULT;
use workmill_store::sqlite::Durability;

use super::bounds::{
    CONNECTIONS_MAX_DEFAULT, CONNECTIONS_RANGE, DEAD_JOBS_RANGE, DEAD_TTL_SECS_RANGE,
    INPUT_BYTES_MAX_DEFAULT, INPUT_BYTES_RANGE, INTERVAL_MS_DEFAULT, INTERVAL_MS_RANGE,
    LINE_BYTES_RANGE,
};
use super::conf_dir;
use super::reader::{Found, Reader, refuse};
use super::{Binding, Environment, Loaded, Settings, SettingsError, TlsFiles};
use crate::cli::{BINDING_DEFAULT, CONFIG_DIR_DEFAULT, Cli, DurabilityKind, STORAGE_DIR_DEFAULT};
use crate::password::{Password, PasswordError, PasswordSources};

/// The names of the TLS pair in the configuration directory, as in Faktory.
const CERTIFICATE_FILE: &str = "public.cert.pem";
const PRIVATE_KEY_FILE: &str = "private.key.pem";

/// The name of the password file in a configuration directory.
const PASSWORD_FILE: &str = "password";

/// The environment variables, as a function so that tests can bring their own.
type Variables<'a> = &'a dyn Fn(&str) -> Option<String>;

impl Settings {
    /// Puts together what the command line, the environment variables and `conf.d/*.toml` say.
    pub fn load(cli: &Cli, env: Variables<'_>) -> Result<Loaded, SettingsError> {
        let mut warnings = Vec::new();
        let environment = choose_environment(cli, env)?;
        let storage_dir = choose_dir(
            cli.storage_dir.as_deref(),
            STORAGE_DIR_DEFAULT,
            environment,
            env,
            ".faktory/db",
        )?;
        let config_dir = choose_dir(
            cli.config_dir.as_deref(),
            CONFIG_DIR_DEFAULT,
            environment,
            env,
            ".faktory",
        )?;
        let mut reader = Reader::new(conf_dir::read(&config_dir)?);
        let line_bytes_max = value_or(
            reader.integer("limits", "line_bytes_max", LINE_BYTES_RANGE)?,
            LINE_BYTES_MAX_DEFAULT,
        );
        let connections_max = reader.integer("limits", "connections_max", CONNECTIONS_RANGE)?;
        let settings = Self {
            binding: choose_binding(cli, &mut reader)?,
            environment,
            password: choose_password(environment, &config_dir, &mut reader, env, &mut warnings)?,
            durability: choose_durability(cli, &mut reader)?,
            tls: choose_tls(&config_dir, &mut reader, &mut warnings)?,
            connections_max: value_or(connections_max, CONNECTIONS_MAX_DEFAULT),
            line_bytes_max,
            input_bytes_max: choose_input_bytes_max(&mut reader, line_bytes_max)?,
            rules: choose_rules(&mut reader)?,
            recover_lost: value_or(reader.boolean("workers", "recover_lost")?, false),
            storage_dir,
            config_dir,
        };
        warnings.extend(reader.warn_of_the_rest());
        warnings.extend(warn_of_risks(cli, &settings, env));
        Ok(Loaded { settings, warnings })
    }
}

fn value_or<T>(found: Option<Found<T>>, default: T) -> T {
    found.map_or(default, |found| found.value)
}

/// A variable that is set to nothing counts as not set.
fn variable(env: Variables<'_>, name: &str) -> Option<String> {
    env(name).filter(|value| !value.is_empty())
}

fn choose_environment(cli: &Cli, env: Variables<'_>) -> Result<Environment, SettingsError> {
    let (name, value) = match &cli.environment {
        Some(value) => ("-e", Some(value.clone())),
        None => ("FAKTORY_ENV", variable(env, "FAKTORY_ENV")),
    };
    let Some(value) = value else {
        return Ok(Environment::Development);
    };
    Environment::from_str(&value, false).map_err(|_| SettingsError::Argument {
        name,
        what: format!("the environment must be development, staging or production, not {value:?}"),
    })
}

/// In development a directory at its default is one below the home directory. As in Faktory, naming the default is the
/// same as naming nothing.
fn choose_dir(
    asked: Option<&Path>,
    default: &str,
    environment: Environment,
    env: Variables<'_>,
    below_home: &str,
) -> Result<PathBuf, SettingsError> {
    let path = asked.unwrap_or(Path::new(default));
    if environment != Environment::Development || path != Path::new(default) {
        return Ok(path.to_owned());
    }
    let home = variable(env, "HOME").ok_or(SettingsError::NoHome)?;
    Ok(Path::new(&home).join(below_home))
}

fn choose_binding(cli: &Cli, reader: &mut Reader) -> Result<Binding, SettingsError> {
    let allowed = "an address as host:port";
    let config = reader.string("faktory", "binding", allowed)?;
    let config = config
        .map(|found| {
            Binding::parse(&found.value)
                .map_err(|what| refuse(found.origin, "faktory", "binding", allowed, what))
        })
        .transpose()?;
    // As in Faktory, the flag counts unless it is at its default.
    let flag = cli
        .binding
        .as_deref()
        .filter(|flag| *flag != BINDING_DEFAULT);
    match (flag, config) {
        (None, Some(config)) => Ok(config),
        (flag, _) => Binding::parse(flag.unwrap_or(BINDING_DEFAULT))
            .map_err(|what| SettingsError::Argument { name: "-b", what }),
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

/// `[tls]` names the pair, or it lies in the configuration directory. Half a pair there means plain TCP, as in Faktory,
/// but hardly on purpose.
fn choose_tls(
    config_dir: &Path,
    reader: &mut Reader,
    warnings: &mut Vec<String>,
) -> Result<Option<TlsFiles>, SettingsError> {
    let certificate = reader.string("tls", "certificate", "the path of a PEM file")?;
    let private_key = reader.string("tls", "private_key", "the path of a PEM file")?;
    let half = |at, present, missing| {
        Err(SettingsError::Half {
            at,
            table: "tls",
            present,
            missing,
        })
    };
    match (certificate, private_key) {
        (Some(certificate), Some(private_key)) => Ok(Some(TlsFiles {
            certificate: config_dir.join(certificate.value),
            private_key: config_dir.join(private_key.value),
        })),
        (Some(found), None) => half(found.origin, "certificate", "private_key"),
        (None, Some(found)) => half(found.origin, "private_key", "certificate"),
        (None, None) => {
            let files = TlsFiles {
                certificate: config_dir.join(CERTIFICATE_FILE),
                private_key: config_dir.join(PRIVATE_KEY_FILE),
            };
            let (present, missing) = match (files.certificate.exists(), files.private_key.exists())
            {
                (true, true) => return Ok(Some(files)),
                (false, false) => return Ok(None),
                (true, false) => (files.certificate, files.private_key),
                (false, true) => (files.private_key, files.certificate),
            };
            warnings.push(format!(
                "TLS is off: there is {} but no {}",
                present.display(),
                missing.display()
            ));
            Ok(None)
        }
    }
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
    Ok(rules)
}

/// What can be meant, but has cost people their data or their peace.
fn warn_of_risks(cli: &Cli, settings: &Settings, env: Variables<'_>) -> Vec<String> {
    let mut warnings = Vec::new();
    if settings.password.is_none() && settings.binding.is_public() {
        warnings.push(format!(
            "NO PASSWORD: everybody who can reach {} can read, run and delete all jobs; set a password, or bind to localhost",
            settings.binding
        ));
    }
    if cli
        .web_binding
        .as_deref()
        .is_some_and(|binding| !binding.ends_with(":0"))
    {
        warnings.push(String::from(
            "-w is ignored: this version does not serve web pages yet",
        ));
    }
    if cli
        .config_dir
        .as_deref()
        .is_some_and(|dir| dir == settings.config_dir && !dir.is_dir())
    {
        warnings.push(format!(
            "there is no configuration directory {}",
            settings.config_dir.display()
        ));
    }
    if settings.environment == Environment::Development {
        warnings.extend(warn_of_storage(cli, settings, env));
    }
    warnings
}

fn warn_of_storage(cli: &Cli, settings: &Settings, env: Variables<'_>) -> Option<String> {
    let storage_dir = settings.storage_dir.display();
    if cli.storage_dir.as_deref() == Some(Path::new(STORAGE_DIR_DEFAULT)) {
        return Some(format!(
            "in development mode -d {STORAGE_DIR_DEFAULT} means {storage_dir}; for data that matters use -e production"
        ));
    }
    let home = variable(env, "HOME")?;
    let absolute = std::path::absolute(&settings.storage_dir).ok()?;
    (!absolute.starts_with(home)).then(|| {
        format!("the server runs in development mode, but {storage_dir} is not below the home directory; for data that matters use -e production")
    })
}
