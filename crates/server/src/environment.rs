//! What a server is for.

use std::fmt;

/// What the server is used for. Outside development it insists on a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Environment {
    /// On a developer's machine: no password needed, files below the home directory.
    Development,
    /// Like production, for trying things out.
    Staging,
    /// The real thing.
    Production,
}

impl Environment {
    /// Its name as on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Development => "development",
            Self::Staging => "staging",
            Self::Production => "production",
        }
    }
}

impl fmt::Display for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
