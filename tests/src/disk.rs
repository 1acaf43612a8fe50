//! A disk that can lose power, fill up, hang, lie, or be slow: the server's system calls go through `shim/disk.c`.

use std::fs::{self, DirBuilder};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::files::ServerFiles;
use crate::server::ServerBuilder;

/// The disk under a server's storage directory.
#[derive(Clone, Debug)]
pub struct Disk {
    pub(crate) storage_dir: PathBuf,
    pub(crate) log_dir: PathBuf,
    full_file: PathBuf,
    sick_file: PathBuf,
    hung_file: PathBuf,
    fatal_file: PathBuf,
}

impl Disk {
    /// The disk under these files. Makes the storage directory.
    pub fn under(files: &ServerFiles) -> Self {
        let log_dir = files.home_dir().join("disk");
        for dir in [files.storage_dir(), &log_dir] {
            DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(dir)
                .expect("make a directory of the disk");
        }
        let canonical = |dir: &Path| dir.canonicalize().expect("a directory just made exists");
        let (storage_dir, log_dir) = (canonical(files.storage_dir()), canonical(&log_dir));
        Self {
            full_file: log_dir.join("full"),
            sick_file: log_dir.join("sick"),
            hung_file: log_dir.join("hung"),
            fatal_file: log_dir.join("fatal"),
            storage_dir,
            log_dir,
        }
    }

    /// The environment that makes a process use this disk.
    pub fn environment(&self) -> [(&'static str, &Path); 7] {
        [
            ("LD_PRELOAD", shim_path()),
            ("WORKMILL_DISK_DIR", &self.storage_dir),
            ("WORKMILL_DISK_LOG", &self.log_dir),
            ("WORKMILL_DISK_FULL", &self.full_file),
            ("WORKMILL_DISK_SICK", &self.sick_file),
            ("WORKMILL_DISK_HUNG", &self.hung_file),
            ("WORKMILL_DISK_FATAL", &self.fatal_file),
        ]
    }

    /// Makes the server use this disk. `builder` must have been given the same files.
    pub fn carry(&self, builder: ServerBuilder) -> ServerBuilder {
        let environment = self.environment().into_iter();
        environment.fold(builder, |builder, (name, value)| builder.env(name, value))
    }

    /// The same, but syncs do nothing and say that they succeeded.
    pub fn carry_lying(&self, builder: ServerBuilder) -> ServerBuilder {
        self.carry(builder).env("WORKMILL_DISK_LIES", "1")
    }

    /// The same, but each sync takes 4 ms longer: more than the server waits for in the thread that serves connections.
    pub fn carry_slow(&self, builder: ServerBuilder) -> ServerBuilder {
        self.carry(builder).env("WORKMILL_DISK_SLOW", "4000")
    }

    /// The same, but each sync takes 100 ms longer: so long that a test sees what the server has done between two of them.
    pub fn carry_very_slow(&self, builder: ServerBuilder) -> ServerBuilder {
        self.carry(builder).env("WORKMILL_DISK_SLOW", "100000")
    }

    /// From now on nothing may grow.
    pub fn fill_up(&self) {
        fs::write(&self.full_file, "").expect("mark the disk as full");
    }

    /// There is space again.
    pub fn make_space(&self) {
        fs::remove_file(&self.full_file).expect("mark the disk as not full");
    }

    /// From now on syncs fail.
    pub fn fall_sick(&self) {
        fs::write(&self.sick_file, "").expect("mark the disk as sick");
    }

    /// Syncs succeed again.
    pub fn heal(&self) {
        fs::remove_file(&self.sick_file).expect("mark the disk as healthy");
    }

    /// From now on syncs do not come to an end.
    pub fn hang(&self) {
        fs::write(&self.hung_file, "").expect("mark the disk as hung");
    }

    /// From now on neither syncs nor writes come to an end.
    pub fn hang_writes(&self) {
        fs::write(&self.hung_file, "writes").expect("mark the disk as hung");
    }

    /// Syncs and writes come to an end again, also those that have begun.
    pub fn go_on(&self) {
        fs::remove_file(&self.hung_file).expect("mark the disk as not hung");
    }

    /// Kills the server at this many further changes of files that are no write-ahead logs: in the middle of a
    /// checkpoint, if that is what is written then.
    pub fn kill_at_change(&self, changes: u32) {
        fs::write(&self.fatal_file, changes.to_string()).expect("mark a change as fatal");
    }

    /// No change is fatal any more.
    pub fn spare(&self) {
        fs::remove_file(&self.fatal_file).expect("mark no change as fatal");
    }
}

/// The compiled shim, next to the test executable; each version of its source is compiled once.
fn shim_path() -> &'static Path {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("shim/disk.c");
        let test = std::env::current_exe().expect("know the path of the test executable");
        let dir = test.parent().expect("a test executable lies in a folder");
        let text = fs::read(&source).expect("read the source of the shim");
        let library = dir.join(format!("disk-{:08x}.so", checksum(&text)));
        if !library.exists() {
            // Test executables run at the same time: each compiles for itself, and the last rename wins.
            let fresh = dir.join(format!("disk-{}.so", std::process::id()));
            compile(&source, &fresh);
            fs::rename(&fresh, &library).expect("put the compiled shim into its place");
        }
        library
    })
}

fn compile(source: &Path, library: &Path) {
    let output = Command::new("cc")
        .args([
            "-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o",
        ])
        .arg(library)
        .arg(source)
        .output()
        .expect("run the C compiler, cc");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "the shim does not compile:\n{errors}"
    );
}

/// FNV-1a: tells versions of a source file from each other.
fn checksum(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811c_9dc5, |sum, byte| {
        (sum ^ u32::from(*byte)).wrapping_mul(0x0100_0193)
    })
}
