//! Where things are: the environment, directories, the address, the TLS files.

use std::path::{Path, PathBuf};

use clap::ValueEnum as _;

use super::reader::{Reader, refuse_because};
use super::{Binding, SettingsError};
use crate::cli::{BINDING_DEFAULT, Cli};
use crate::environment::Environment;
use crate::tls::TlsFiles;

/// The names of the TLS pair in the configuration directory, as in Faktory.
const CERTIFICATE_FILE: &str = "public.cert.pem";
const PRIVATE_KEY_FILE: &str = "private.key.pem";

/// The environment variables, as a function so that tests can bring their own.
pub(super) type Variables<'a> = &'a dyn Fn(&str) -> Option<String>;

/// A variable that is set to nothing counts as not set.
pub(super) fn variable(env: Variables<'_>, name: &str) -> Option<String> {
    env(name).filter(|value| !value.is_empty())
}

pub(super) fn choose_environment(
    cli: &Cli,
    env: Variables<'_>,
) -> Result<Environment, SettingsError> {
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
pub(super) fn choose_dir(
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

/// As in Faktory, the flag counts unless it is at its default.
pub(super) fn binding_flag(cli: &Cli) -> Option<&str> {
    let flag = cli.binding.as_deref();
    flag.filter(|flag| *flag != BINDING_DEFAULT)
}

pub(super) fn choose_binding(cli: &Cli, reader: &mut Reader) -> Result<Binding, SettingsError> {
    let allowed = "an address as host:port";
    let config = reader.string("faktory", "binding", allowed)?;
    let config = config
        .map(|found| {
            Binding::parse(&found.value)
                .map_err(|what| refuse_because(found.origin, "faktory", "binding", what))
        })
        .transpose()?;
    match (binding_flag(cli), config) {
        (None, Some(config)) => Ok(config),
        (flag, _) => Binding::parse(flag.unwrap_or(BINDING_DEFAULT))
            .map_err(|what| SettingsError::Argument { name: "-b", what }),
    }
}

/// `[tls]` names the pair, or it lies in the configuration directory. Half a pair there means plain TCP, as in Faktory,
/// but hardly on purpose.
pub(super) fn choose_tls(
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
