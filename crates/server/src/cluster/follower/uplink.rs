//! The link of a server to the one that leads.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};
use workmill_cluster::{LINK_SILENT, ToLeader, Unsendable, read_from_leader, write_to_leader};
use workmill_proto::WireError;

use super::forwarding::Forwarding;
use crate::cluster::admission::{LinkError, introduce};
use crate::cluster::channel::{Channel, PING_EVERY, read_frame, write_frame};
use crate::log_limit::LogLimit;
use crate::password::Password;
use crate::settings::Binding;
use crate::shared::{Shared, new_name};

/// How long it waits before it connects again.
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
    pub(super) leader: Binding,
    pub(super) secret: Password,
}

impl Uplink {
    /// Makes a link, and another one whenever it breaks.
    pub(super) async fn keep(self) {
        let mut failures = LogLimit::default();
        let mut lost_at = Instant::now();
        loop {
            match self.connect().await {
                Ok((channel, frame_bytes_max)) => {
                    tracing::info!(leader = %self.leader, "linked to the server that leads");
                    let error = self.serve(channel, frame_bytes_max).await;
                    tracing::warn!(leader = %self.leader, %error, "the link to the server that leads is broken; clients wait");
                    lost_at = Instant::now();
                }
                Err(error) => {
                    if let Some(suppressed) = failures.pass(Instant::now()) {
                        tracing::warn!(leader = %self.leader, %error, suppressed, "no link to the server that leads; clients wait");
                    }
                }
            }
            if lost_at.elapsed() >= HOLD_MAX {
                self.shared.gate.suspend();
            }
            self.forwarding.dismiss_fetches();
            sleep(RETRY_AFTER).await;
        }
    }

    async fn connect(&self) -> Result<(Channel, usize), LinkError> {
        let late = || io::Error::new(io::ErrorKind::TimedOut, "it does not answer");
        let connecting = async {
            let addresses = self.leader.addresses()?;
            let stream = TcpStream::connect(&*addresses).await?;
            introduce(stream, &self.secret).await
        };
        match timeout(LINK_SILENT, connecting).await {
            Ok(linked) => linked,
            Err(_) => Err(late().into()),
        }
    }

    /// Passes frames on in both directions; tells why that has ended.
    async fn serve(&self, channel: Channel, frame_bytes_max: usize) -> io::Error {
        let Channel {
            mut reader,
            mut writer,
        } = channel;
        self.forwarding.link_up();
        self.shared
            .gate
            .open(Arc::<Forwarding>::clone(&self.forwarding));
        let Err(error) = tokio::select! {
            never = self.hear(&mut reader) => never,
            never = self.speak(&mut writer, frame_bytes_max) => never,
        };
        self.forwarding.link_down();
        error
    }

    async fn hear(&self, reader: &mut (impl AsyncRead + Unpin)) -> io::Result<Infallible> {
        loop {
            let bytes = read_frame(reader, FRAME_BYTES_MAX).await?;
            let frame = read_from_leader(&bytes).map_err(io::Error::other)?;
            if !self.forwarding.receive(frame) {
                break;
            }
        }
        tracing::error!(
            "the server that leads does not know this one any more, which was away for too long: what became of commands \
             that were under way is unknown, and their connections are closed"
        );
        self.forwarding.start_anew(new_name());
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
