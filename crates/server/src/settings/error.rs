//! Why the settings cannot be used.

use std::io;
use std::path::PathBuf;

use super::origin::Origin;
use crate::password::PasswordError;
use crate::tls::TlsError;

/// Why the server cannot start with what it was told. The text says what to do; it never repeats a secret.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// A flag or an environment variable has a value that makes no sense.
    #[error("{name}: {what}")]
    Argument {
        /// The flag or variable.
        name: &'static str,
        /// What is wrong with its value.
        what: String,
    },
    /// There is no home directory to put the files of development mode in.
    #[error(
        "development mode keeps its files below the home directory, and HOME is not set; set it, or name directories with -d and -c"
    )]
    NoHome,
    /// A file or a directory of the configuration cannot be read.
    #[error("cannot read {}", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A configuration file is larger than any that people write.
    #[error("{} is larger than {bytes_max} bytes; it cannot be a configuration file", path.display())]
    TooLarge {
        /// Which.
        path: PathBuf,
        /// The limit.
        bytes_max: u64,
    },
    /// A configuration file is not TOML.
    #[error("{at}: {what}")]
    Syntax {
        /// File and line.
        at: Origin,
        /// What the parser says.
        what: String,
    },
    /// A key has a value of a wrong type or out of its bounds.
    #[error("{at}: {key} must be {allowed}, not {found}")]
    Value {
        /// File and line.
        at: Origin,
        /// The key, with its table.
        key: String,
        /// What is allowed.
        allowed: String,
        /// What is there.
        found: String,
    },
    /// The value of a key breaks a rule.
    #[error("{at}: {key}: {what}")]
    Rule {
        /// File and line.
        at: Origin,
        /// The key, with its table.
        key: String,
        /// What is wrong, and what to do.
        what: String,
    },
    /// A recurring job cannot be used.
    #[error("{at}: cron entry {entry}: {what}")]
    Cron {
        /// File and line of what is wrong.
        at: Origin,
        /// The entry, by its name or what is known of it.
        entry: String,
        /// What is wrong, and what to do.
        what: String,
    },
    /// One of two keys that belong together is missing.
    #[error("{at}: [{table}] has {present} but not {missing}; set both or neither")]
    Half {
        /// File and line of the one that is there.
        at: Origin,
        /// Their table.
        table: &'static str,
        /// The one that is there.
        present: &'static str,
        /// The other one.
        missing: &'static str,
    },
    /// There is something wrong with the password.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// The TLS files cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
}
