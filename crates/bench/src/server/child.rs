//! A server that is started for the measuring and stopped after it.

use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, bail};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use tokio::process::Command;
use tokio::time::timeout;

/// How long a server may take to stop before it is killed. Some write what they hold in memory first.
const STOP_WAIT: Duration = Duration::from_secs(60);

/// A running server. It is killed if it is dropped and has not been stopped.
#[derive(Debug)]
pub(super) struct Child {
    child: tokio::process::Child,
    command: String,
}

impl Child {
    /// Starts a command, given word by word. It does not see the terminal's Ctrl-C, which ends the measuring and not
    /// what is measured.
    pub(super) fn start(words: &[String]) -> anyhow::Result<Self> {
        let (program, arguments) = words.split_first().context("there is no command")?;
        let command = shell_words::join(words);
        let child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("cannot start {command:?}"))?;
        Ok(Self { child, command })
    }

    pub(super) fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    /// Fails if it has ended.
    pub(super) fn check(&mut self) -> anyhow::Result<()> {
        match self.child.try_wait()? {
            None => Ok(()),
            Some(status) => bail!("{:?} has ended: {status}", self.command),
        }
    }

    /// Ends it at once, as a crash does, with all processes that it has started.
    pub(super) async fn kill(mut self) -> anyhow::Result<()> {
        if let Some(group) = self.group() {
            kill_process_group(group, Signal::KILL).context("cannot kill the server")?;
        }
        self.child.wait().await?;
        Ok(())
    }

    /// It leads a process group.
    fn group(&self) -> Option<Pid> {
        let pid = i32::try_from(self.child.id()?).ok()?;
        Pid::from_raw(pid)
    }

    /// Asks it to end, and waits until it has.
    pub(super) async fn stop(mut self) -> anyhow::Result<()> {
        if let Some(pid) = self.group() {
            kill_process(pid, Signal::TERM).context("cannot stop the server")?;
        }
        match timeout(STOP_WAIT, self.child.wait()).await {
            Ok(status) => {
                status?;
                Ok(())
            }
            Err(_) => bail!("{:?} does not stop: it is killed", self.command),
        }
    }
}
