//! The directory `conf.d`.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use super::SettingsError;
use super::bounds::FILE_BYTES_MAX;
use super::tree::{self, Table};

/// Reads `<config_dir>/conf.d/*.toml` in the order of their names and merges them. No such directory means an empty
/// configuration. Names that begin with a dot are left out: editors keep their locks and copies under such.
pub(super) fn read(config_dir: &Path) -> Result<Table, SettingsError> {
    let mut merged = Table::new();
    for path in list(&config_dir.join("conf.d"))? {
        let text = read_text(&path)?;
        tree::merge(&mut merged, tree::parse(&path, &text)?);
    }
    Ok(merged)
}

fn list(conf_d: &Path) -> Result<Vec<PathBuf>, SettingsError> {
    let unreadable = |source| SettingsError::Unreadable {
        path: conf_d.to_owned(),
        source,
    };
    let entries = match fs::read_dir(conf_d) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(unreadable)?,
    };
    let mut paths = entries
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(unreadable)?;
    paths.retain(|path| {
        let hidden = path
            .file_name()
            .is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        path.extension() == Some(OsStr::new("toml")) && !hidden
    });
    paths.sort();
    Ok(paths)
}

fn read_text(path: &Path) -> Result<String, SettingsError> {
    let unreadable = |source| SettingsError::Unreadable {
        path: path.to_owned(),
        source,
    };
    let mut text = String::new();
    let file = File::open(path).map_err(unreadable)?;
    let read = file
        .take(FILE_BYTES_MAX + 1)
        .read_to_string(&mut text)
        .map_err(unreadable)?;
    if read as u64 > FILE_BYTES_MAX {
        return Err(SettingsError::TooLarge {
            path: path.to_owned(),
            bytes_max: FILE_BYTES_MAX,
        });
    }
    Ok(text)
}
