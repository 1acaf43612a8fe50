//! The password clients must know, and where it comes from.

use std::fmt;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::environment::Environment;
use crate::permissions;

/// Bytes that are read of a password file.
const FILE_BYTES_MAX: u64 = 64 << 10;

/// A password. It is never shown, and wiped from memory when it goes.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(Zeroizing<String>);

impl Password {
    /// Takes the text as it is.
    pub fn new(text: &str) -> Self {
        Self(Zeroizing::new(text.to_owned()))
    }

    /// What a value says that an operator has written: nothing if it is empty; one that starts with `/` names a file.
    /// `source` is where it stands, `named_by` says the same of the file in an error.
    pub(crate) fn of_value(
        value: Option<&str>,
        source: &str,
        named_by: &'static str,
        warnings: &mut Vec<String>,
    ) -> Result<Option<Self>, PasswordError> {
        if value.is_some_and(|value| value.trim() != value) {
            warnings.push(format!(
                "the value of {source} begins or ends with white space, such as the line end of a file: it counts; remove it there, or clients will not know the password"
            ));
        }
        match value {
            None | Some("") => Ok(None),
            Some(path) if path.starts_with('/') => {
                read_file(Path::new(path), named_by, warnings).map(Some)
            }
            Some(text) => Ok(Some(Self::new(text))),
        }
    }

    /// The text itself: for proving a client's knowledge of it, never for a log.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(not shown)")
    }
}

/// Why there is no usable password.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// None was given, and the environment needs one.
    #[error(
        "{environment} needs a password, and there is none: set FAKTORY_PASSWORD, or [faktory] password in conf.d, or \
         write it into {}; or set FAKTORY_SKIP_PASSWORD=1 to let everybody in", file.display()
    )]
    Missing {
        /// Staging or production.
        environment: Environment,
        /// The file that would be read.
        file: PathBuf,
    },
    /// The file cannot be read.
    #[error("cannot read the password file {} ({named_by})", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Who says that the password is there.
        named_by: &'static str,
        /// Why it cannot be read.
        source: io::Error,
    },
    /// The file has nothing in it but white space.
    #[error("the password file {} ({named_by}) is empty; write the password into it", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
        /// Who says that the password is there.
        named_by: &'static str,
    },
}

/// The places a password can come from; the first that has one counts.
#[derive(Clone, Copy, Debug)]
pub struct PasswordSources<'a> {
    /// The value of `FAKTORY_PASSWORD`.
    pub variable: Option<&'a str>,
    /// The value of `[faktory] password`.
    pub config: Option<&'a str>,
    /// Files that need not exist, in this order.
    pub files: &'a [PathBuf],
}

impl PasswordSources<'_> {
    /// Finds the password. An empty value counts as none; one that starts with `/` names a file, whose content is
    /// trimmed. What the operator should know goes to `warnings`.
    pub fn find(&self, warnings: &mut Vec<String>) -> Result<Option<Password>, PasswordError> {
        let named = [
            (
                self.variable,
                "FAKTORY_PASSWORD",
                "named by FAKTORY_PASSWORD; a value that starts with / is a file",
            ),
            (
                self.config,
                "[faktory] password",
                "named by [faktory] password; a value that starts with / is a file",
            ),
        ];
        for (value, source, named_by) in named {
            if let Some(password) = Password::of_value(value, source, named_by, warnings)? {
                return Ok(Some(password));
            }
        }
        for path in self.files {
            match read_file(path, "the default place", warnings) {
                Err(PasswordError::Unreadable { source, .. })
                    if source.kind() == io::ErrorKind::NotFound => {}
                found => return found.map(Some),
            }
        }
        Ok(None)
    }
}

fn read_file(
    path: &Path,
    named_by: &'static str,
    warnings: &mut Vec<String>,
) -> Result<Password, PasswordError> {
    let unreadable = |source| PasswordError::Unreadable {
        path: path.to_owned(),
        named_by,
        source,
    };
    let file = File::open(path).map_err(unreadable)?;
    warnings.extend(permissions::warn_if_others_can_read(
        "the password file",
        path,
        &file,
    ));
    let mut text = Zeroizing::new(String::new());
    file.take(FILE_BYTES_MAX)
        .read_to_string(&mut text)
        .map_err(unreadable)?;
    match text.trim() {
        "" => Err(PasswordError::Empty {
            path: path.to_owned(),
            named_by,
        }),
        text => Ok(Password::new(text)),
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;
    use std::fs;

    use super::*;

    fn find(
        variable: Option<&str>,
        config: Option<&str>,
        files: &[PathBuf],
    ) -> Result<Option<String>, PasswordError> {
        let found = PasswordSources {
            variable,
            config,
            files,
        }
        .find(&mut Vec::new())?;
        Ok(found.map(|password| password.expose().to_owned()))
    }

    fn write(dir: &tempfile::TempDir, name: &str, text: &str) -> PathBuf {
        let path = dir.path().join(name);
        fs::write(&path, text).unwrap();
        path
    }

    #[test]
    fn variable_wins_over_configuration_and_that_over_the_default_files() {
        let dir = tempfile::tempdir().unwrap();
        let files = [
            dir.path().join("absent"),
            write(&dir, "first", "from a file"),
            write(&dir, "second", "late"),
        ];
        assert_eq!(
            find(Some("a"), Some("b"), &files).unwrap().as_deref(),
            Some("a")
        );
        assert_eq!(
            find(Some(""), Some("b"), &files).unwrap().as_deref(),
            Some("b")
        );
        assert_eq!(
            find(None, Some(""), &files).unwrap().as_deref(),
            Some("from a file")
        );
        assert_eq!(find(None, None, &files[..1]).unwrap(), None);
    }

    #[test]
    fn value_with_a_leading_slash_is_a_file_and_its_text_is_trimmed() {
        let dir = tempfile::tempdir().unwrap();
        let path = write(&dir, "secret", "\n  two words \r\n");
        let path = path.to_str().unwrap();
        assert_eq!(
            find(Some(path), None, &[]).unwrap().as_deref(),
            Some("two words")
        );
        assert_eq!(
            find(None, Some(path), &[]).unwrap().as_deref(),
            Some("two words")
        );
    }

    #[test]
    fn white_space_at_the_ends_of_a_value_counts_and_is_warned_of_without_showing_it() {
        for (text, warned) in [("hunter2\n", 1), (" hunter2", 1), ("hunt er2", 0)] {
            for (variable, config) in [(Some(text), Some(" x")), (None, Some(text))] {
                let mut warnings = Vec::new();
                let sources = PasswordSources {
                    variable,
                    config,
                    files: &[],
                };
                let found = sources.find(&mut warnings).unwrap().unwrap();
                assert_eq!(found.expose(), text);
                assert_eq!(warnings.len(), warned, "{warnings:?}");
                assert!(warnings.iter().all(|warning| !warning.contains("hunter2")));
            }
        }
    }

    #[test]
    fn named_file_that_is_missing_stops_and_says_who_named_it() {
        let error = find(Some("/nowhere/at/all"), Some("b"), &[]).unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains("/nowhere/at/all") && text.contains("named by FAKTORY_PASSWORD"),
            "{text}"
        );
        assert!(error.source().is_some());
        let text = find(None, Some("/nowhere/at/all"), &[])
            .unwrap_err()
            .to_string();
        assert!(text.contains("named by [faktory] password"), "{text}");
    }

    #[test]
    fn empty_file_stops_whether_it_was_named_or_not() {
        let dir = tempfile::tempdir().unwrap();
        let path = write(&dir, "secret", " \n");
        assert!(matches!(
            find(path.to_str(), None, &[]),
            Err(PasswordError::Empty { .. })
        ));
        assert!(matches!(
            find(None, None, &[path]),
            Err(PasswordError::Empty { .. })
        ));
    }

    #[test]
    fn unreadable_default_file_stops() {
        let dir = tempfile::tempdir().unwrap();
        let found = find(None, None, &[dir.path().to_owned()]);
        assert!(
            matches!(found, Err(PasswordError::Unreadable { .. })),
            "{found:?}"
        );
    }

    #[test]
    fn password_is_not_in_its_debug_text() {
        assert!(!format!("{:?}", Some(Password::new("hunter2"))).contains("hunter2"));
    }
}
