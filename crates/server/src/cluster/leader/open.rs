//! A link of another server.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::io;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};
use tokio::time::sleep;
use workmill_cluster::{FromLeader, LinkId, ToLeader, read_to_leader, write_from_leader};

use super::hall::Hall;
use super::heard::Heard;
use super::links::Outlet;
use crate::cluster::Forwarding;
use crate::cluster::channel::{Channel, PING_EVERY, read_frame, write_frame};

/// A link that is open, until this is dropped.
pub(in crate::cluster) struct Open<'a> {
    hall: &'a Hall,
    link: LinkId,
    outlet: Arc<Outlet>,
}

impl<'a> Open<'a> {
    pub(in crate::cluster) fn new(hall: &'a Hall) -> Self {
        let (link, outlet) = hall.links.open();
        Self { hall, link, outlet }
    }

    /// Passes frames on in both directions; tells why that has ended.
    pub(super) async fn serve(&self, channel: Channel) -> io::Error {
        let Channel {
            mut reader,
            mut writer,
        } = channel;
        let Err(error) = tokio::select! {
            never = self.hear(&mut reader) => never,
            never = self.speak(&mut writer) => never,
        };
        error
    }

    async fn hear(&self, reader: &mut (impl AsyncRead + Unpin)) -> io::Result<Infallible> {
        loop {
            // What comes meanwhile waits in the socket, and then at the other end.
            self.outlet.has_room().await;
            self.hall.inbox.has_room_for_servers().await;
            let bytes = read_frame(reader, self.hall.frame_bytes_max()).await?;
            let frame = read_to_leader(&bytes).map_err(io::Error::other)?;
            self.take_in(frame, bytes.len());
        }
    }

    /// Takes in a frame of so many bytes.
    fn take_in(&self, frame: ToLeader, bytes: usize) {
        let Hall { shared, inbox, .. } = self.hall;
        match frame {
            ToLeader::Ping => {}
            ToLeader::Alive(workers) => {
                let now = shared.clock.uptime();
                shared.roster.elsewhere.note(self.link, workers, now);
            }
            ToLeader::Latencies { question, queues } => self.tell_latencies(question, queues),
            frame => inbox.hear(Heard::Frame(self.link, frame), bytes),
        }
    }

    /// Reads beside the link, which goes on meanwhile.
    fn tell_latencies(&self, question: u64, queues: Vec<String>) {
        let (shared, outlet) = (Arc::clone(&self.hall.shared), Arc::clone(&self.outlet));
        tokio::spawn(async move {
            let names = queues.clone();
            let latencies = shared.reads.latencies(queues, shared.clock.wall()).await;
            let in_order = |latencies: BTreeMap<String, f64>| {
                let seconds = names.iter().map(|name| latencies.get(name).copied());
                seconds.map(Option::unwrap_or_default).collect()
            };
            let seconds = latencies.map(in_order).map_err(|error| error.to_string());
            outlet.say(FromLeader::Latencies { question, seconds });
        });
    }

    async fn speak(&self, writer: &mut (impl AsyncWrite + Unpin)) -> io::Result<Infallible> {
        loop {
            let mut frames = self.outlet.take();
            if frames.is_empty() {
                tokio::select! {
                    biased;
                    () = self.outlet.arrived.notified() => continue,
                    () = sleep(PING_EVERY) => frames.push(FromLeader::Ping),
                }
            }
            for frame in frames {
                let bytes = write_from_leader(&frame).map_err(io::Error::other)?;
                write_frame(writer, &bytes).await?;
            }
            writer.flush().await?;
        }
    }
}

impl Open<'_> {
    /// Passes frames on between the server's own clients and the term that is here; tells when that has ended, which is if the
    /// term does not know the server.
    pub(in crate::cluster) async fn serve_own(&self, forwarding: &Forwarding) {
        loop {
            for frame in self.outlet.take() {
                if !forwarding.receive(frame) {
                    return;
                }
            }
            // Its answers are taken above, so there is room for them.
            self.hall.inbox.has_room_for_servers().await;
            for frame in forwarding.take_outgoing() {
                let bytes = match &frame {
                    ToLeader::Ops(ops) => ops.iter().map(|(_, op)| op.payload_bytes()).sum(),
                    _ => 0,
                };
                self.take_in(frame, bytes);
            }
            tokio::select! {
                () = self.outlet.arrived.notified() => {}
                () = forwarding.arrived.notified() => {}
            }
        }
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.hall.links.close(self.link);
        self.hall.inbox.hear(Heard::Broken(self.link), 0);
    }
}
