//! What can be meant, but has cost people their data or their peace.

use std::path::Path;

use super::places::{Variables, variable};
use super::{Environment, Settings};
use crate::cli::{Cli, STORAGE_DIR_DEFAULT};

/// One line for each risk the settings run.
pub(super) fn warn(cli: &Cli, settings: &Settings, env: Variables<'_>) -> Vec<String> {
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
