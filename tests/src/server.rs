//! A server under test.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use nix::sys::signal::Signal;

use crate::client::Client;
use crate::files::ServerFiles;
use crate::log::LogText;
use crate::process::{Ended, Process, binary_path};
use crate::threads::{Threads, ThreadsPlan};

/// What a server logs that finds its database out of order.
const DAMAGE: &str = "the database is damaged and is looked through";

/// How a server is to be started. Every call adds to what was said before.
#[derive(Clone, Debug, Default)]
pub struct ServerBuilder {
    files: ServerFiles,
    args: Vec<OsString>,
    env: Vec<(OsString, OsString)>,
    password: Option<String>,
    open_files_max: Option<u64>,
    wrapper: Vec<OsString>,
    only_own_flags: bool,
    threads: ThreadsPlan,
}

/// A server under test, started or, after [`Server::stop`] and [`Server::kill9`], stopped.
#[derive(Debug)]
pub struct Server {
    builder: ServerBuilder,
    run: Option<Run>,
}

#[derive(Debug)]
struct Run {
    process: Process,
    addr: SocketAddr,
}

impl ServerBuilder {
    /// Uses these directories instead of fresh ones; they may hold what an earlier server left.
    pub fn files(mut self, files: ServerFiles) -> Self {
        self.files = files;
        self
    }

    /// The directories the server will use.
    pub fn files_ref(&self) -> &ServerFiles {
        &self.files
    }

    /// Writes TOML text to `conf.d/50-test.toml`.
    pub fn config(self, toml: &str) -> Self {
        self.config_file("50-test.toml", toml)
    }

    /// Writes TOML text to a file of `conf.d`.
    pub fn config_file(self, name: &str, toml: &str) -> Self {
        self.files.write_config(name, toml);
        self
    }

    /// Sets `[storage] durability`: `always` or `interval`.
    pub fn durability(self, durability: &str) -> Self {
        self.config_file(
            "40-durability.toml",
            &format!("[storage]\ndurability = \"{durability}\"\n"),
        )
    }

    /// Adds an argument. One for a flag that the harness sets too overrides it.
    pub fn arg(mut self, arg: impl Into<OsString>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// Leaves out the flags `-b` and `-e`, which the harness passes otherwise.
    pub fn only_own_flags(mut self) -> Self {
        self.only_own_flags = true;
        self
    }

    /// Sets an environment variable.
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.env.push((name.into(), value.into()));
        self
    }

    /// Serves web pages, on a free port.
    pub fn web(self) -> Self {
        self.arg("-w").arg("127.0.0.1:0")
    }

    /// Which threads the server has. By default those that `WORKMILL_TEST_THREADS` says.
    pub fn threads(mut self, threads: Threads) -> Self {
        self.threads = ThreadsPlan::Always(threads);
        self
    }

    /// Lets the server have one thread and several in turn, from start to start. The seed says what it begins with.
    pub fn threads_in_turn(mut self, seed: u64) -> Self {
        self.threads = ThreadsPlan::InTurn(seed);
        self
    }

    /// Sets the password, through the environment.
    pub fn password(mut self, password: &str) -> Self {
        self.password = Some(password.to_owned());
        self.env("FAKTORY_PASSWORD", password)
    }

    /// Turns TLS on with this certificate and this private key, both PEM.
    pub fn tls(self, certificate_pem: &[u8], private_key_pem: &[u8]) -> Self {
        self.files
            .write_config_dir("public.cert.pem", certificate_pem);
        self.files
            .write_config_dir("private.key.pem", private_key_pem);
        self
    }

    /// Loads a shared library into the server before all others.
    pub fn preload(self, library: &Path) -> Self {
        self.env("LD_PRELOAD", library)
    }

    /// Lowers the limit of open files.
    pub fn open_files_max(mut self, files: u64) -> Self {
        self.open_files_max = Some(files);
        self
    }

    /// Starts the server through another program: its name and its first arguments, which the server's command line
    /// follows. The program must become the server, so that its pid is the server's.
    pub fn wrapped_in(mut self, wrapper: &[OsString]) -> Self {
        self.wrapper = wrapper.to_vec();
        self
    }

    /// Starts the server and waits until it listens. Panics with its log if it ends instead.
    pub fn start(self) -> Server {
        self.try_start().unwrap_or_else(|ended| {
            panic!(
                "the server ended at its start ({}); its log:\n{}",
                ended.status, ended.log
            )
        })
    }

    /// Starts the server and waits until it listens or ends.
    pub fn try_start(mut self) -> Result<Server, Ended> {
        let run = Run::start(&mut self)?;
        Ok(Server {
            builder: self,
            run: Some(run),
        })
    }

    /// The command line of the next start.
    fn next_command(&mut self) -> Command {
        let mut words = self.wrapper.clone();
        if let Some(files) = self.open_files_max {
            let script = format!("ulimit -n {files} && exec \"$0\" \"$@\"");
            words.extend(["sh".into(), "-c".into(), script.into()]);
        }
        words.push(binary_path().into());
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]);
        for (name, _) in std::env::vars_os() {
            let name_text = name.to_string_lossy();
            if name_text.starts_with("FAKTORY_") || name_text.starts_with("DD_") {
                command.env_remove(name);
            }
        }
        for (flag, value) in [("-b", "127.0.0.1:0"), ("-e", "development")] {
            if !self.only_own_flags && !self.args.iter().any(|arg| arg == flag) {
                command.args([flag, value]);
            }
        }
        // Many run at a time, and none may take the port of another.
        if !self.args.iter().any(|arg| arg == "-w") {
            command.args(["-w", ":0"]);
        }
        command
            .arg("-d")
            .arg(self.files.storage_dir())
            .arg("-c")
            .arg(self.files.config_dir())
            .args(&self.args)
            .env("HOME", self.files.home_dir())
            .envs(self.threads.next())
            .envs(self.env.iter().map(|(name, value)| (name, value)));
        command
    }
}

impl Run {
    fn start(builder: &mut ServerBuilder) -> Result<Self, Ended> {
        let process = Process::spawn(&mut builder.next_command());
        match process.log().wait_for_after(0, "listening on tcp") {
            Some(line) => {
                let addr = parse_address(&line);
                Ok(Self { process, addr })
            }
            None => Err(process.wait()),
        }
    }
}

/// The address in a line that contains `listening on tcp://ADDR` or `listening on tcp+tls://ADDR`.
fn parse_address(line: &str) -> SocketAddr {
    let address = line
        .split_once("listening on tcp")
        .and_then(|(_, rest)| rest.split_once("://"))
        .map(|(_, rest)| {
            rest.split(|c: char| c.is_whitespace() || c.is_control() || ",;\"'".contains(c))
                .next()
                .unwrap_or(rest)
        })
        .unwrap_or_default();
    address
        .parse()
        .unwrap_or_else(|error| panic!("no address in the log line {line:?}: {error}"))
}

impl Server {
    /// What a server is to be like: by default in development mode, on a free port of 127.0.0.1, in fresh
    /// directories, without a password.
    pub fn builder() -> ServerBuilder {
        ServerBuilder::default()
    }

    /// A server with nothing but the defaults.
    pub fn start() -> Self {
        Self::builder().start()
    }

    fn running(&self) -> &Run {
        self.run
            .as_ref()
            .expect("this server is stopped; call start_again first")
    }

    /// The address of its command port. Another one after every start.
    pub fn addr(&self) -> SocketAddr {
        self.running().addr
    }

    /// The URL of its web pages, without a slash at the end. It must have been started with some.
    pub fn web_url(&self) -> String {
        let line = self.wait_for_log("web pages at ");
        let (_, url) = line.split_once("web pages at ").unwrap_or_default();
        let url = url.split(['"', ' ']).next().unwrap_or_default();
        url.trim_end_matches('/').to_owned()
    }

    /// What client libraries expect in `FAKTORY_URL`.
    pub fn url(&self) -> String {
        let mut url = String::from("tcp://");
        if let Some(password) = &self.builder.password {
            let _ = write!(url, ":{password}@");
        }
        let _ = write!(url, "{}", self.addr());
        url
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.running().process.pid()
    }

    /// Its directories.
    pub fn files(&self) -> &ServerFiles {
        &self.builder.files
    }

    /// A connection that has said HELLO without a wid.
    pub fn client(&self) -> Client {
        Client::producer(self.addr())
    }

    /// A connection that has said HELLO with this wid.
    pub fn worker(&self, wid: &str) -> Client {
        Client::with_wid(self.addr(), wid)
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) {
        self.running().process.signal(signal);
    }

    /// Whether its process still runs.
    pub fn is_running(&mut self) -> bool {
        self.run
            .as_mut()
            .is_some_and(|run| run.process.is_running())
    }

    /// Kills it with SIGKILL, so that nothing of it has time to put things in order. [`Self::start_again`] continues on the
    /// same files.
    pub fn kill9(&mut self) -> Ended {
        self.signal(Signal::SIGKILL);
        self.wait_exit()
    }

    /// Asks it to stop with SIGTERM and waits for its end.
    ///
    /// # Panics
    /// If it logged that its database is damaged: whoever damages it must end the server in another way.
    pub fn stop(&mut self) -> Ended {
        self.signal(Signal::SIGTERM);
        let ended = self.wait_exit();
        assert!(
            !ended.log.contains(DAMAGE),
            "the server took its database for damaged; its log:\n{}",
            ended.log
        );
        ended
    }

    /// Waits until it ends by itself.
    pub fn wait_exit(&mut self) -> Ended {
        self.run
            .take()
            .expect("this server is stopped already")
            .process
            .wait()
    }

    /// Starts a stopped server on the same files, with the same options.
    pub fn start_again(&mut self) {
        assert!(self.run.is_none(), "this server still runs; stop it first");
        let run = Run::start(&mut self.builder).unwrap_or_else(|ended| {
            panic!(
                "the server ended at its second start ({}); its log:\n{}",
                ended.status, ended.log
            )
        });
        self.run = Some(run);
    }

    /// Stops it, asserts that it ended well, and starts it on the same files.
    pub fn restart(&mut self) {
        let ended = self.stop();
        assert!(
            ended.status.success(),
            "the server ended with {}; its log:\n{}",
            ended.status,
            ended.log
        );
        self.start_again();
    }

    /// The log of this run.
    pub fn log(&self) -> &LogText {
        self.running().process.log()
    }

    /// What this run has logged so far.
    pub fn log_text(&self) -> String {
        self.log().text()
    }

    /// Waits for a log line that contains `wanted` and returns it.
    pub fn wait_for_log(&self, wanted: &str) -> String {
        self.wait_for_log_after(0, wanted)
    }

    /// Waits for a log line after a mark of [`LogText::mark`].
    pub fn wait_for_log_after(&self, mark: usize, wanted: &str) -> String {
        self.log().wait_for_after(mark, wanted).unwrap_or_else(|| {
            panic!(
                "no line with {wanted:?} in the server's log:\n{}",
                self.log_text()
            )
        })
    }
}
