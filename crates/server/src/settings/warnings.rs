//! What can be meant, but has cost people their data or their peace.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use super::Settings;
use super::paths::{Variables, variable};
use crate::cli::{Cli, STORAGE_DIR_DEFAULT};
use crate::environment::Environment;
use crate::threads::Threads;

/// One line for each risk the settings run.
pub(super) fn warn(cli: &Cli, settings: &Settings, env: Variables<'_>) -> Vec<String> {
    let mut warnings = Vec::new();
    if settings.password.is_none() && settings.binding.is_public() {
        warnings.push(format!(
            "NO PASSWORD: everybody who can reach {} can read, run and delete all jobs; set a password, or bind to localhost",
            settings.binding
        ));
    }
    if let Some(binding) = &settings.web.binding
        && settings.web_is_open()
        && binding.is_public()
    {
        let (what, remedy) = match settings.web.authentication {
            true => ("NO PASSWORD", "set a password"),
            false => (
                "NO AUTHENTICATION",
                "set web.authentication = true if no proxy stands before every way to them",
            ),
        };
        warnings.push(format!(
            "{what}: everybody who can reach {binding} can see and change all jobs on the web pages; {remedy}, bind them to localhost, or turn them off with -w :0"
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
    let (_, of_threads) = Threads::choose(env);
    warnings.extend(of_threads);
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
    let absolute = std::path::absolute(&settings.storage_dir).ok()?;
    let production = Path::new(STORAGE_DIR_DEFAULT).parent()?;
    if let Some(warning) = warn_of_unused_volume(production, &absolute) {
        return Some(warning);
    }
    let home = variable(env, "HOME")?;
    (!absolute.starts_with(home)).then(|| {
        format!("the server runs in development mode, but {storage_dir} is not below the home directory; for data that matters use -e production")
    })
}

/// A container whose volume lies where a server in production keeps its data loses what is written elsewhere.
fn warn_of_unused_volume(production: &Path, storage_dir: &Path) -> Option<String> {
    if storage_dir.starts_with(production) {
        return None;
    }
    let found = fs::metadata(production).ok()?;
    let parent = fs::metadata(production.parent()?).ok()?;
    let what = match found.dev() == parent.dev() {
        true => "exists",
        false => "is a mount point",
    };
    Some(format!(
        "{} {what}, but the server runs in development mode and keeps its data in {}; for data that matters use -e production",
        production.display(),
        storage_dir.display()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_of_production_is_noticed_unless_it_is_used() {
        let dir = tempfile::tempdir().unwrap();
        let production = dir.path().join("faktory");
        let elsewhere = dir.path().join("home/.faktory/db");
        assert_eq!(warn_of_unused_volume(&production, &elsewhere), None);
        fs::create_dir(&production).unwrap();
        let warning = warn_of_unused_volume(&production, &elsewhere).unwrap();
        let begin = format!("{} exists, but", production.display());
        assert!(warning.starts_with(&begin), "{warning}");
        let used = production.join("db");
        assert_eq!(warn_of_unused_volume(&production, &used), None);
    }

    #[test]
    fn a_mount_point_is_called_so() {
        let warning = warn_of_unused_volume(Path::new("/proc"), Path::new("/home/x")).unwrap();
        assert!(
            warning.starts_with("/proc is a mount point, but"),
            "{warning}"
        );
    }
}
