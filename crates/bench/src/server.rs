//! The server under test, while it is measured.

mod child;
mod info;

use std::time::Duration;

use anyhow::{Context as _, bail};
use tokio::time::{Instant, sleep};

use crate::client::{Client, Reply};
use crate::process::{self, Process, Usage};
use crate::target::Target;
use child::Child;

pub(crate) use info::{Identity, Info};

/// How long a started server may take to answer. One that reads a large backlog into memory takes its time.
const START_WAIT: Duration = Duration::from_secs(120);

/// How often it is asked whether it answers.
const START_PAUSE: Duration = Duration::from_millis(1);

/// A server that runs and answers.
#[derive(Debug)]
pub(crate) struct Server {
    target: Target,
    child: Option<Child>,
    /// For whatever is not part of the load.
    control: Client,
    identity: Identity,
    process: Option<Process>,
    companion: Option<Process>,
}

/// What a server has used so far; none of a process that cannot be looked into.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ServerUsage {
    pub(crate) server: Option<Usage>,
    pub(crate) companion: Option<Usage>,
}

/// How a server ends that is to be started again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// As in a crash.
    Kill,
    /// As it is asked to.
    Stop,
}

impl Server {
    /// Starts the server if it has to be started, and asks who it is.
    pub(crate) async fn open(target: &Target) -> anyhow::Result<Self> {
        let child = target.start.as_deref().map(Child::start).transpose()?;
        Self::meet(target.clone(), child).await
    }

    /// Waits until it answers.
    async fn meet(target: Target, mut child: Option<Child>) -> anyhow::Result<Self> {
        let mut control = match &mut child {
            Some(child) => connect_when_ready(&target, child).await?,
            None => Client::connect(&target.address, None).await?,
        };
        let identity = info(&mut control).await?.server;
        let process = find_process(&target, child.as_ref(), &control)?;
        let companion = target.companion.as_deref();
        let companion = companion.map(|name| process::companion(name, process));
        Ok(Self {
            companion: companion.transpose()?,
            target,
            child,
            control,
            identity,
            process,
        })
    }

    /// Ends the server and starts it again. The moment of its start; none if it was not started by this tool.
    pub(crate) async fn restart(&mut self, ending: Ending) -> anyhow::Result<Option<Instant>> {
        let Some(words) = self.target.start.as_deref() else {
            return Ok(None);
        };
        match (self.child.take(), ending) {
            (Some(child), Ending::Kill) => child.kill().await?,
            (Some(child), Ending::Stop) => child.stop().await?,
            (None, _) => return Ok(None),
        }
        let begin = Instant::now();
        let child = Child::start(words)?;
        *self = Self::meet(self.target.clone(), Some(child)).await?;
        Ok(Some(begin))
    }

    /// Another connection, of the worker `wid` if there is one.
    pub(crate) async fn connect(&self, wid: Option<&str>) -> anyhow::Result<Client> {
        Client::connect(&self.target.address, wid).await
    }

    /// As many connections of the worker `wid` as asked for.
    pub(crate) async fn connect_workers(
        &self,
        count: u16,
        wid: &str,
    ) -> anyhow::Result<Vec<Client>> {
        let mut clients = Vec::with_capacity(usize::from(count));
        for _ in 0..count {
            clients.push(self.connect(Some(wid)).await?);
        }
        Ok(clients)
    }

    pub(crate) fn identity(&self) -> &Identity {
        &self.identity
    }

    /// What the server and its companion have used so far.
    pub(crate) fn usage(&self) -> ServerUsage {
        ServerUsage {
            server: self.process.and_then(Process::usage),
            companion: self.companion.and_then(Process::usage),
        }
    }

    /// INFO.
    pub(crate) async fn info(&mut self) -> anyhow::Result<Info> {
        info(&mut self.control).await
    }

    /// Says that the worker `wid` lives. Servers forget those who are silent for a minute.
    pub(crate) async fn beat(&mut self, wid: &str) -> anyhow::Result<()> {
        let beat: [&[u8]; 3] = [br#"BEAT {"wid":""#, wid.as_bytes(), br#""}"#];
        match self.control.request(&beat).await? {
            Reply::Line(_) => Ok(()),
            _ => bail!("the server wants its workers to stop: nothing can be measured now"),
        }
    }

    /// Removes queues that are no longer needed, and whatever waits in them. False if the server does not know how.
    pub(crate) async fn remove_queues(&mut self, queues: &[String]) -> bool {
        let names = queues.join(" ");
        let command: [&[u8]; 2] = [b"QUEUE REMOVE ", names.as_bytes()];
        self.control.request(&command).await.is_ok()
    }

    /// Removes the scheduled jobs that contain what matches `pattern`.
    pub(crate) async fn remove_scheduled(&mut self, pattern: &str) -> anyhow::Result<()> {
        let filter = [
            br#"MUTATE {"cmd":"discard","target":"scheduled","filter":{"regexp":""#,
            pattern.as_bytes(),
            br#""}}"#,
        ];
        self.control.expect_ok(&filter).await
    }

    /// Stops the server if it was started for this.
    pub(crate) async fn close(self) -> anyhow::Result<()> {
        drop(self.control);
        match self.child {
            Some(child) => child.stop().await,
            None => Ok(()),
        }
    }
}

/// INFO, asked on any connection.
pub(crate) async fn info(control: &mut Client) -> anyhow::Result<Info> {
    match control.request(&[b"INFO"]).await? {
        Reply::Bulk(json) => Info::parse(json),
        _ => bail!("INFO is not answered with JSON"),
    }
}

async fn connect_when_ready(target: &Target, child: &mut Child) -> anyhow::Result<Client> {
    let deadline = Instant::now() + START_WAIT;
    loop {
        child.check()?;
        match Client::connect(&target.address, None).await {
            Ok(client) => return Ok(client),
            Err(error) if Instant::now() > deadline => {
                return Err(error.context("the server was started and does not answer"));
            }
            Err(_) => sleep(START_PAUSE).await,
        }
    }
}

/// The process of the server: as the user says, else whoever listens on its port of this machine.
fn find_process(
    target: &Target,
    child: Option<&Child>,
    control: &Client,
) -> anyhow::Result<Option<Process>> {
    if let Some(pid) = target.pid {
        let process = Process::new(pid);
        process
            .usage()
            .with_context(|| format!("--pid {pid}: there is no such process on this machine"))?;
        return Ok(Some(process));
    }
    let local = control.peer()?.ip().is_loopback();
    let listener = local
        .then(|| process::listener(target.address.port))
        .flatten();
    Ok(listener.or_else(|| child?.pid().map(Process::new)))
}
