//! The directories a server under test works in.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tempfile::TempDir;

/// A configuration and a storage directory. Both vanish with the last copy of this value.
#[derive(Clone, Debug)]
pub struct ServerFiles {
    root: Arc<TempDir>,
    storage: PathBuf,
}

impl ServerFiles {
    /// Makes fresh directories under the system's temporary directory.
    pub fn new() -> Self {
        Self::within(&std::env::temp_dir())
    }

    /// The same in the machine's memory, where syncs take no time: for what must not depend on the disk.
    pub fn in_memory() -> Self {
        Self::within(Path::new("/dev/shm"))
    }

    fn within(dir: &Path) -> Self {
        let root =
            TempDir::with_prefix_in("workmill-test-", dir).expect("make a temporary directory");
        fs::create_dir_all(root.path().join("config/conf.d")).expect("make the directory conf.d");
        let storage = root.path().join("storage");
        Self {
            root: Arc::new(root),
            storage,
        }
    }

    /// The same, with a storage directory that the caller owns and that stays when this value goes.
    pub fn with_storage(storage: &Path) -> Self {
        Self {
            storage: storage.to_owned(),
            ..Self::new()
        }
    }

    /// The directory that is passed as `-c`.
    pub fn config_dir(&self) -> PathBuf {
        self.root.path().join("config")
    }

    /// The directory that is passed as `-d`. The server makes it.
    pub fn storage_dir(&self) -> &Path {
        &self.storage
    }

    /// The server's home directory.
    pub fn home_dir(&self) -> &Path {
        self.root.path()
    }

    /// Writes `conf.d/<name>`.
    pub fn write_config(&self, name: &str, text: &str) {
        fs::write(self.config_dir().join("conf.d").join(name), text).expect("write into conf.d");
    }

    /// Writes a file of the configuration directory itself, such as `private.key.pem`.
    pub fn write_config_dir(&self, name: &str, bytes: &[u8]) {
        fs::write(self.config_dir().join(name), bytes)
            .expect("write into the configuration directory");
    }
}

impl Default for ServerFiles {
    fn default() -> Self {
        Self::new()
    }
}
