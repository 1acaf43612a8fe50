//! A wall clock that a test can set: the server asks libfaketime, of Debian's package `faketime`, what time it is.

use std::fs;
use std::path::PathBuf;

use crate::files::ServerFiles;
use crate::server::ServerBuilder;

const LIBRARY: &str = "faketime/libfaketimeMT.so.1";

/// The wall clock of a server. Only that: time goes on as it does.
#[derive(Clone, Debug)]
pub struct WallClock {
    file: PathBuf,
}

impl WallClock {
    /// A clock for the server with these files, ahead by so many seconds, or behind.
    pub fn of(files: &ServerFiles, ahead_secs: i64) -> Self {
        let file = files.home_dir().join("wall-clock");
        fs::create_dir_all(files.home_dir()).expect("make the home directory");
        let clock = Self { file };
        clock.set(ahead_secs);
        clock
    }

    /// Sets the clock to be ahead by so many seconds, or behind.
    pub fn set(&self, ahead_secs: i64) {
        // Moved into its place, so that the server never reads half of it.
        let new = self.file.with_extension("new");
        fs::write(&new, format!("{ahead_secs:+}\n")).expect("write the time");
        fs::rename(&new, &self.file).expect("set the clock");
    }

    /// Makes the server go by this clock. `builder` must have been given the same files.
    pub fn carry(&self, builder: ServerBuilder) -> ServerBuilder {
        builder
            .preload(&library())
            .env("FAKETIME_TIMESTAMP_FILE", &self.file)
            .env("FAKETIME_NO_CACHE", "1")
            .env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
            .env("DONT_FAKE_MONOTONIC", "1")
    }
}

fn library() -> PathBuf {
    let folders = fs::read_dir("/usr/lib").expect("list /usr/lib");
    folders
        .filter_map(Result::ok)
        .map(|folder| folder.path().join(LIBRARY))
        .find(|path| path.exists())
        .expect("libfaketime is not installed: apt-get install faketime")
}
