//! The link of a server to the one that leads.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};
use workmill_cluster::{
    Epoch, LINK_SILENT, LinkLoss, ToLeader, Unsendable, read_from_leader, write_to_leader,
};
use workmill_proto::WireError;

use super::forwarding::Forwarding;
use super::route::{Leader, News, Route};
use crate::cluster::admission::{LinkError, introduce};
use crate::cluster::channel::{Channel, PING_EVERY, read_frame, write_frame};
use crate::cluster::leader::{Hall, Open};
use crate::log_limit::LogLimit;
use crate::password::Password;
use crate::settings::Binding;
use crate::shared::{Shared, new_name};

/// How long it waits before it connects again after a link was broken: soon, as it may have been cut only.
const RETRY_FIRST_AFTER: Duration = Duration::from_millis(20);

/// How long it waits after that.
const RETRY_AFTER: Duration = Duration::from_millis(200);

/// How long there may be no link before clients that come with new commands are told so, after a further wait.
const HOLD_MAX: Duration = Duration::from_secs(5);

/// How often the one that leads is told which workers are alive.
const ALIVE_EVERY: Duration = Duration::from_secs(5);

/// The longest frame that is taken from the one that leads: what it says is an answer to what was asked.
const FRAME_BYTES_MAX: usize = u32::MAX as usize;

/// Keeps a link to the one that leads, for ever.
pub(super) struct Uplink {
    pub(super) shared: Arc<Shared>,
    pub(super) forwarding: Arc<Forwarding>,
    pub(super) secret: Password,
}

impl Uplink {
    /// Makes a link, and another one whenever it breaks or another server leads.
    pub(super) async fn keep(self, mut route: Route) {
        let mut failures = LogLimit::default();
        let mut lost_at = Instant::now();
        loop {
            let leader = route.leader();
            let news = route.news.clone();
            let has_changed = tokio::select! {
                biased;
                () = route.changed() => true,
                () = self.follow(&leader, &news, &mut failures) => false,
            };
            let was_linked = self.forwarding.link_down();
            if was_linked {
                lost_at = Instant::now();
            }
            if lost_at.elapsed() >= HOLD_MAX {
                self.shared.gate.suspend();
            }
            self.forwarding.dismiss_fetches();
            let rest = match (has_changed, was_linked) {
                (true, _) => continue,
                (false, true) => RETRY_FIRST_AFTER,
                (false, false) => RETRY_AFTER,
            };
            tokio::select! {
                biased;
                () = route.changed() => {}
                () = sleep(rest) => {}
            }
        }
    }

    /// Links this server to the one that leads, if there is one; comes back when there is no link any more.
    async fn follow(
        &self,
        leader: &Leader,
        news: &mpsc::UnboundedSender<News>,
        failures: &mut LogLimit,
    ) {
        match leader {
            Leader::Unknown => {}
            Leader::Here(hall) => self.serve_here(hall).await,
            Leader::There(epoch, address) => {
                let loss = self.follow_there(*epoch, address, news, failures).await;
                // Whoever is told may have ended.
                news.send(News::Unlinked(*epoch, loss)).ok();
            }
        }
    }

    async fn serve_here(&self, hall: &Hall) {
        let link = Open::new(hall);
        self.link_up();
        link.serve_own(&self.forwarding).await;
        self.start_anew();
    }

    async fn follow_there(
        &self,
        epoch: Epoch,
        leader: &Binding,
        news: &mpsc::UnboundedSender<News>,
        failures: &mut LogLimit,
    ) -> LinkLoss {
        match self.connect(leader).await {
            Ok((channel, frame_bytes_max)) => {
                tracing::info!(%leader, "linked to the server that leads");
                news.send(News::Linked(epoch)).ok();
                let error = self.serve(channel, frame_bytes_max).await;
                tracing::warn!(%leader, %error, "the link to the server that leads is broken; clients wait");
                LinkLoss::Broken
            }
            Err(error) => {
                if let Some(suppressed) = failures.pass(Instant::now()) {
                    tracing::warn!(%leader, %error, suppressed, "no link to the server that leads; clients wait");
                }
                match error.is_refused() {
                    true => LinkLoss::Refused,
                    false => LinkLoss::Broken,
                }
            }
        }
    }

    async fn connect(&self, leader: &Binding) -> Result<(Channel, usize), LinkError> {
        let late = || io::Error::new(io::ErrorKind::TimedOut, "it does not answer");
        let connecting = async {
            let addresses = leader.lookup().await?;
            let stream = TcpStream::connect(&*addresses).await?;
            introduce(stream, &self.secret).await
        };
        match timeout(LINK_SILENT, connecting).await {
            Ok(linked) => linked,
            Err(_) => Err(late().into()),
        }
    }

    fn link_up(&self) {
        self.forwarding.link_up();
        self.shared
            .gate
            .open(Arc::<Forwarding>::clone(&self.forwarding));
    }

    /// Passes frames on in both directions; tells why that has ended.
    async fn serve(&self, channel: Channel, frame_bytes_max: usize) -> io::Error {
        let Channel {
            mut reader,
            mut writer,
        } = channel;
        self.link_up();
        let Err(error) = tokio::select! {
            never = self.hear(&mut reader) => never,
            never = self.speak(&mut writer, frame_bytes_max) => never,
        };
        error
    }

    /// The one that leads has forgotten this server.
    fn start_anew(&self) {
        tracing::error!(
            "the server that leads does not know this one any more, which was away for too long: what became of commands \
             that were under way is unknown, and their connections are closed"
        );
        self.forwarding.start_anew(new_name());
    }

    async fn hear(&self, reader: &mut (impl AsyncRead + Unpin)) -> io::Result<Infallible> {
        loop {
            let bytes = read_frame(reader, FRAME_BYTES_MAX).await?;
            let frame = read_from_leader(&bytes).map_err(io::Error::other)?;
            if !self.forwarding.receive(frame) {
                break;
            }
        }
        self.start_anew();
        Err(io::Error::other("this server starts anew"))
    }

    async fn speak(
        &self,
        writer: &mut (impl AsyncWrite + Unpin),
        frame_bytes_max: usize,
    ) -> io::Result<Infallible> {
        let mut told_at: Option<Instant> = None;
        loop {
            let mut frames = self.forwarding.take_outgoing();
            // However much else there is to say.
            if told_at.is_none_or(|at| at.elapsed() >= ALIVE_EVERY) {
                told_at = Some(Instant::now());
                frames.push(self.alive());
            }
            if frames.is_empty() {
                tokio::select! {
                    biased;
                    () = self.forwarding.arrived.notified() => continue,
                    () = sleep(PING_EVERY) => frames.push(ToLeader::Ping),
                }
            }
            for frame in together(frames) {
                self.say(writer, frame, frame_bytes_max).await?;
            }
            writer.flush().await?;
        }
    }

    fn alive(&self) -> ToLeader {
        let uptime = self.shared.clock.uptime();
        ToLeader::Alive(self.shared.roster.registry.alive(uptime))
    }

    /// Says it, but for ops that the other end could not take in: they are refused here.
    async fn say(
        &self,
        writer: &mut (impl AsyncWrite + Unpin),
        frame: ToLeader,
        frame_bytes_max: usize,
    ) -> io::Result<()> {
        let fits = |bytes: &Result<Vec<u8>, Unsendable>| {
            bytes
                .as_ref()
                .is_ok_and(|bytes| bytes.len() <= frame_bytes_max)
        };
        let bytes = write_to_leader(&frame);
        if fits(&bytes) {
            return write_frame(writer, &bytes.unwrap_or_default()).await;
        }
        let ToLeader::Ops(ops) = frame else {
            return Err(io::Error::other(
                "there is more to say than the other end takes",
            ));
        };
        for (number, op) in ops {
            let bytes = write_to_leader(&ToLeader::Ops(vec![(number, op)]));
            if fits(&bytes) {
                write_frame(writer, &bytes.unwrap_or_default()).await?;
                continue;
            }
            let why = match bytes {
                Err(error) => error.to_string(),
                Ok(bytes) => format!(
                    "this has {} bytes and the server that leads takes {frame_bytes_max}: send less at a time",
                    bytes.len()
                ),
            };
            self.forwarding.refuse(number, WireError::err(why));
        }
        Ok(())
    }
}

/// Puts ops that follow each other into one frame.
fn together(frames: Vec<ToLeader>) -> Vec<ToLeader> {
    let mut all: Vec<ToLeader> = Vec::new();
    for frame in frames {
        match (all.last_mut(), frame) {
            (Some(ToLeader::Ops(ops)), ToLeader::Ops(more)) => ops.extend(more),
            (_, frame) => all.push(frame),
        }
    }
    all
}
