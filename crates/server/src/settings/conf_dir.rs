//! The directory `conf.d`.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use super::SettingsError;
use super::bounds::FILE_BYTES_MAX;
use super::origin::Origin;
use super::tree::{self, Table};

/// How many files that are not read are named.
const UNREAD_NAMED_MAX: usize = 20;

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

/// One line for each file that somebody may believe to be read and is not: in `conf.d` whatever does not end in `.toml`,
/// and files that do one level above or below it. The end of the line says how many more there are.
pub(super) fn warn_of_unread(config_dir: &Path) -> Vec<String> {
    let conf_d = config_dir.join("conf.d");
    let mut unread: Vec<PathBuf> = visible_files(config_dir)
        .into_iter()
        .filter(|path| looks_like_toml(path))
        .collect();
    for path in visible_files(&conf_d) {
        if path.is_dir() {
            unread.extend(
                visible_files(&path)
                    .into_iter()
                    .filter(|path| looks_like_toml(path)),
            );
        } else if !is_read(&path) {
            unread.push(path);
        }
    }
    unread.sort();
    let mut warnings: Vec<String> = unread
        .iter()
        .take(UNREAD_NAMED_MAX)
        .map(|path| {
            format!(
                "{} is not read: only files directly in {} whose names end in .toml are",
                path.display(),
                conf_d.display()
            )
        })
        .collect();
    if unread.len() > UNREAD_NAMED_MAX {
        warnings.push(format!(
            "{} more files in and beside {} are not read",
            unread.len() - UNREAD_NAMED_MAX,
            conf_d.display()
        ));
    }
    warnings
}

/// What lies in a directory, without names that begin with a dot; nothing if it cannot be listed.
fn visible_files(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    entries
        .map(|entry| entry.path())
        .filter(|path| !is_hidden(path))
        .collect()
}

fn looks_like_toml(path: &Path) -> bool {
    let ends_so = path
        .extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("toml"));
    ends_so && path.is_file()
}

fn is_read(path: &Path) -> bool {
    path.extension() == Some(OsStr::new("toml")) && !is_hidden(path)
}

fn is_hidden(path: &Path) -> bool {
    path.file_name()
        .is_some_and(|name| name.as_encoded_bytes().starts_with(b"."))
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
    paths.retain(|path| is_read(path));
    paths.sort();
    Ok(paths)
}

fn read_text(path: &Path) -> Result<String, SettingsError> {
    let unreadable = |source| SettingsError::Unreadable {
        path: path.to_owned(),
        source,
    };
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(unreadable)?;
    let read = file
        .take(FILE_BYTES_MAX + 1)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    if read as u64 > FILE_BYTES_MAX {
        return Err(SettingsError::TooLarge {
            path: path.to_owned(),
            bytes_max: FILE_BYTES_MAX,
        });
    }
    String::from_utf8(bytes).map_err(|error| {
        let good = error.utf8_error().valid_up_to();
        let ends = |before: &[u8]| before.iter().filter(|byte| **byte == b'\n').count();
        SettingsError::Syntax {
            at: Origin::new(
                path,
                ends(error.as_bytes().get(..good).unwrap_or_default()) + 1,
            ),
            what: String::from("the text is not UTF-8: let your editor save the file as that"),
        }
    })
}
