//! How many files, and so sockets, this process may have open.

use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// Raises the limit to at least this many. Panics if the system does not grant it.
pub fn raise_open_files(files: u64) {
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).expect("read the limit of open files");
    if soft < files {
        setrlimit(Resource::RLIMIT_NOFILE, files, hard.max(files)).unwrap_or_else(|error| {
            panic!("this test needs {files} open files, ulimit -Hn is {hard}: {error}")
        });
    }
}
