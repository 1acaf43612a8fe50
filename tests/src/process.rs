//! One run of the server's binary.

use std::io::Read;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::log::LogText;

/// How long a process may take to end after it was told to.
const EXIT_WAIT: Duration = Duration::from_secs(30);

/// How a run of the server ended.
#[derive(Debug)]
pub struct Ended {
    /// The exit status, or the signal that ended it.
    pub status: ExitStatus,
    /// Everything it wrote to standard error and output.
    pub log: String,
}

/// A running server. It is killed when the value goes, and when the test's process ends, however that ends.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    watchdog: Child,
    log: LogText,
}

/// Where the server's binary is: `WORKMILL_BIN`, else next to the folder of the test executable.
pub fn binary_path() -> PathBuf {
    if let Some(path) = std::env::var_os("WORKMILL_BIN") {
        return PathBuf::from(path);
    }
    let test = std::env::current_exe().expect("know the path of the test executable");
    let profile_dir = test
        .parent()
        .and_then(|deps| deps.parent())
        .expect("a test executable lies in target/<profile>/deps");
    let path = profile_dir.join("workmill");
    assert!(
        path.exists(),
        "there is no server binary at {}: run `cargo build -p workmill` with the profile of this test, or name one in WORKMILL_BIN",
        path.display()
    );
    path
}

impl Process {
    /// Spawns the command and begins to collect what it writes.
    pub(crate) fn spawn(command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
        let watchdog = spawn_watchdog(child.id());
        let streams: Vec<Box<dyn Read + Send>> = vec![
            Box::new(child.stdout.take().expect("standard output is piped")),
            Box::new(child.stderr.take().expect("standard error is piped")),
        ];
        Self {
            child,
            watchdog,
            log: LogText::read(streams),
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn log(&self) -> &LogText {
        &self.log
    }

    /// Sends a signal. The process is a child not yet waited for, so that the pid cannot mean another one.
    pub(crate) fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(i32::try_from(self.child.id()).expect("a pid is positive"));
        kill(pid, signal).expect("signal the server's process");
    }

    /// Whether it still runs.
    pub(crate) fn is_running(&mut self) -> bool {
        self.child
            .try_wait()
            .expect("wait for the server's process")
            .is_none()
    }

    /// Waits for its end.
    pub(crate) fn wait(mut self) -> Ended {
        let deadline = Instant::now() + EXIT_WAIT;
        loop {
            if let Some(status) = self
                .child
                .try_wait()
                .expect("wait for the server's process")
            {
                self.log.wait_for_end();
                return Ended {
                    status,
                    log: self.log.text(),
                };
            }
            assert!(
                Instant::now() < deadline,
                "the server has not ended after {EXIT_WAIT:?}; its log:\n{}",
                self.log.text()
            );
            thread::sleep(Duration::from_millis(5));
        }
    }
}

/// A shell that waits for the end of its standard input, which comes when this process ends, and then kills the
/// server. It covers what `Drop` does not: aborts, `process::exit`, and servers kept in statics.
fn spawn_watchdog(server_pid: u32) -> Child {
    Command::new("sh")
        .args([
            "-c",
            "read -r _; kill -9 \"$1\" 2>/dev/null",
            "sh",
            &server_pid.to_string(),
        ])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("start the shell that watches the server")
}

impl Drop for Process {
    fn drop(&mut self) {
        // The watchdog goes first: once the server is waited for, its pid may belong to somebody else.
        let _ = self.watchdog.kill();
        let _ = self.watchdog.wait();
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
