//! A hold on the directory of a stopped server.

use std::fs::File;
use std::io;
use std::path::Path;

use super::{FileLease, holder_in, predecessor, read_text, try_lock};
use crate::lease::{LeaseError, Predecessor};

/// Keeps servers out of a directory for as long as it lives, and writes nothing: whoever looks at the files of a stopped
/// server has it.
#[derive(Debug)]
pub struct QuietHold {
    _locks: Vec<File>,
    predecessor: Predecessor,
}

impl QuietHold {
    /// Takes hold of a directory, which must be there. Else the holder of its lease, as [`Acquired::Theirs`](crate::Acquired::Theirs) tells it.
    pub fn take(dir: &Path) -> Result<Result<Self, String>, LeaseError> {
        FileLease::check(dir)?;
        let path = dir.join(FileLease::FILE);
        let failed = |path: &Path, source| LeaseError::Lock {
            path: path.to_owned(),
            source,
        };
        let opened = File::open(dir).map_err(|error| failed(dir, error))?;
        let mut is_free = try_lock(&opened).map_err(|error| failed(dir, error))?;
        let mut locks = vec![opened];
        let mut found = String::new();
        match File::open(&path) {
            Ok(file) => {
                found = read_text(&file);
                is_free = is_free && try_lock(&file).map_err(|error| failed(&path, error))?;
                locks.push(file);
            }
            // No server has ever used it.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(failed(&path, error)),
        }
        match is_free {
            true => Ok(Ok(Self {
                _locks: locks,
                predecessor: predecessor(&found),
            })),
            false => Ok(Err(holder_in(&found))),
        }
    }

    /// What became of the server that had the lease last.
    pub fn predecessor(&self) -> &Predecessor {
        &self.predecessor
    }
}
