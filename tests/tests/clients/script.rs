//! A script that drives a client library, run as a child process.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{Read as _, Seek as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use workmill_tests::Server;

/// After this long a script is taken for stuck. The longest are the Rust client's own tests.
const SCRIPT_WAIT: Duration = Duration::from_secs(300);

/// A script to be run against a server.
pub struct Script {
    command: Command,
}

/// A script that runs.
pub struct Running {
    child: Child,
    output: File,
    name: String,
}

/// A script of `tests/clients/node`.
pub fn node(name: &str) -> Script {
    let dir = clients_dir().join("node");
    Script::new("node", [dir.join(name)], &node_modules_dir())
}

/// A script of `tests/clients/python`.
pub fn python(name: &str) -> Script {
    let interpreter = python_interpreter();
    let path = clients_dir().join("python").join(name);
    Script::new(&interpreter, [path], &interpreter)
}

/// What the Rust client publishes with its source.
pub fn published_rust(args: &[&str]) -> Script {
    let path = clients_dir().join("rust/published.sh");
    Script::new(
        &path,
        args,
        &root_dir().join(".cache/faktory-rs/debug/loadtest"),
    )
}

/// Where npm has installed the packages.
pub fn node_modules_dir() -> PathBuf {
    clients_dir().join("node/node_modules")
}

/// The Python with the clients' packages.
pub fn python_interpreter() -> PathBuf {
    root_dir().join(".cache/python/bin/python")
}

/// The root of the repository.
pub fn root_dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

pub fn clients_dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("clients")
}

/// What came of it, and how many commands the server got meanwhile, not counting this function's own.
pub fn commands_during<T>(server: &Server, act: impl FnOnce() -> T) -> (T, u64) {
    let mut observer = server.client();
    let mut count = || {
        let info = observer.info();
        info["server"]["command_count"]
            .as_u64()
            .expect("INFO has server.command_count")
    };
    let before = count();
    let result = act();
    (result, count() - before - 1)
}

impl Script {
    /// A program with its arguments, and the file or directory without which it cannot run.
    pub fn new(
        program: impl AsRef<OsStr>,
        args: impl IntoIterator<Item = impl AsRef<OsStr>>,
        installed: &Path,
    ) -> Self {
        assert!(
            installed.exists(),
            "there is no {}: run ./test.sh once, it installs the client libraries",
            installed.display()
        );
        let mut command = Command::new(program);
        command.args(args);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("FAKTORY_") {
                command.env_remove(name);
            }
        }
        Self { command }
    }

    /// Sets an environment variable.
    pub fn env(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.command.env(name, value.into());
        self
    }

    /// Sets where the script finds the server.
    pub fn url(self, url: String) -> Self {
        self.env("FAKTORY_URL", url)
    }

    /// Starts the script.
    pub fn start(mut self) -> Running {
        let name = format!("{:?}", self.command);
        let output = tempfile::tempfile().expect("make a temporary file");
        let stream = |file: &File| Stdio::from(file.try_clone().expect("share the temporary file"));
        let child = self
            .command
            .stdin(Stdio::null())
            .stdout(stream(&output))
            .stderr(stream(&output))
            .process_group(0)
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {name}: {error}"));
        Running {
            child,
            output,
            name,
        }
    }

    /// Runs the script and returns what it wrote; panics with that unless it succeeds.
    pub fn run(self) -> String {
        self.start().wait_for_success()
    }
}

impl Running {
    /// Asks the script to end.
    pub fn terminate(&self) {
        killpg(self.group(), Signal::SIGTERM).expect("signal the script");
    }

    /// Waits for its end and returns what it wrote; panics with that unless it succeeds.
    pub fn wait_for_success(mut self) -> String {
        let status = self.wait();
        let output = self.output();
        assert!(
            status.success(),
            "{} ended with {status}:\n{output}",
            self.name
        );
        output
    }

    fn wait(&mut self) -> ExitStatus {
        let deadline = Instant::now() + SCRIPT_WAIT;
        loop {
            if let Some(status) = self.child.try_wait().expect("wait for the script") {
                return status;
            }
            assert!(
                Instant::now() < deadline,
                "{} has not ended after {SCRIPT_WAIT:?}:\n{}",
                self.name,
                self.output()
            );
            thread::sleep(Duration::from_millis(20));
        }
    }

    fn output(&self) -> String {
        let mut bytes = Vec::new();
        let mut output = &self.output;
        output.rewind().expect("rewind the script's output");
        output
            .read_to_end(&mut bytes)
            .expect("read the script's output");
        String::from_utf8_lossy(&bytes).into_owned()
    }

    fn group(&self) -> Pid {
        Pid::from_raw(i32::try_from(self.child.id()).expect("a pid is positive"))
    }
}

impl Drop for Running {
    /// Ends what is left of it, its own children included.
    fn drop(&mut self) {
        // Fails if nothing is left.
        let _ = killpg(self.group(), Signal::SIGKILL);
        let _ = self.child.wait();
    }
}
