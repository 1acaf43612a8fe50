//! The server of the tests: the first test that needs it starts it, on a socket in a directory of its own, and a watchdog stops it
//! when none has used it for a while, however they ended.

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// Where Debian keeps the programs of each version.
const VERSIONS: &str = "/usr/lib/postgresql";

/// Waits until nobody has used the server for some seconds, while nobody begins to, and stops it.
const WATCHDOG: &str = r#"
cd "$1" || exit
{
    while sleep 5; do
        exec 8>gate 9>users
        flock 8
        flock --nonblock --exclusive 9 && break
        exec 8>&- 9>&-
    done
    "$2/pg_ctl" -D data -m immediate stop
    rm -rf data
} &
"#;

/// Starts PostgreSQL in the directory `$1` with the programs in `$2`. What it keeps need not survive the machine.
const START: &str = r#"
cd "$1" && rm -rf data &&
"$2/initdb" -D data -U workmill -A trust --no-sync --encoding=UTF8 --locale=C >initdb.log 2>&1 &&
"$2/pg_ctl" -D data -l server.log -w -t 60 start -o "-c listen_addresses='' -c unix_socket_directories='$1'
    -c fsync=off -c max_connections=200 -c shared_buffers=64MB -c autovacuum=off" >start.log 2>&1
"#;

/// Says for as long as it is open that the server is in use.
pub(crate) struct Server {
    directory: PathBuf,
    _in_use: File,
}

impl Server {
    /// The server, started if need be. It is in use until the process ends.
    pub(crate) fn get() -> &'static Self {
        static SERVER: OnceLock<Server> = OnceLock::new();
        SERVER.get_or_init(Self::start)
    }

    /// The directory of its socket.
    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    fn start() -> Self {
        let uid = fs::metadata("/proc/self").unwrap().uid();
        let is_root = uid == 0;
        let directory = std::env::temp_dir().join(format!("workmill-postgres-{uid}"));
        fs::create_dir_all(&directory).unwrap();
        if is_root {
            // PostgreSQL runs as nobody's superuser.
            let owned = Command::new("chown")
                .arg("postgres")
                .arg(&directory)
                .status();
            assert!(owned.unwrap().success(), "install the package postgresql");
        }
        fs::set_permissions(&directory, fs::Permissions::from_mode(0o755)).unwrap();
        let open = |name| {
            let mut options = OpenOptions::new();
            let path = directory.join(name);
            let file = options.create(true).append(true).open(&path).unwrap();
            // The watchdog opens it as another user.
            fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).ok();
            file
        };
        let gate = open("gate");
        gate.lock().unwrap();
        let in_use = open("users");
        in_use.lock_shared().unwrap();
        if UnixStream::connect(directory.join(".s.PGSQL.5432")).is_err() {
            let programs = programs();
            let status = run(is_root, START, &directory, &programs).status().unwrap();
            assert!(
                status.success(),
                "PostgreSQL does not start, see {}",
                directory.display()
            );
            let mut watchdog = run(is_root, WATCHDOG, &directory, &programs);
            assert!(watchdog.status().unwrap().success());
        }
        gate.unlock().unwrap();
        Self {
            directory,
            _in_use: in_use,
        }
    }
}

fn run(is_root: bool, script: &str, directory: &Path, programs: &Path) -> Command {
    let mut command = match is_root {
        true => {
            let mut command = Command::new("setpriv");
            command.args([
                "--reuid=postgres",
                "--regid=postgres",
                "--init-groups",
                "setsid",
                "sh",
            ]);
            command
        }
        false => {
            let mut command = Command::new("setsid");
            command.arg("sh");
            command
        }
    };
    command
        .args(["-c", script, "sh"])
        .arg(directory)
        .arg(programs);
    command.current_dir("/").stdin(Stdio::null());
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// The programs of the newest version.
pub(crate) fn programs() -> PathBuf {
    let versions = fs::read_dir(VERSIONS).into_iter().flatten().flatten();
    let numbers = versions.filter_map(|version| version.file_name().to_str()?.parse::<u32>().ok());
    let newest = numbers.max();
    assert!(newest.is_some(), "install the package postgresql");
    Path::new(VERSIONS)
        .join(newest.unwrap().to_string())
        .join("bin")
}
