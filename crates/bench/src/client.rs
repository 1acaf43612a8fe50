//! A connection to the server under test.
//!
//! It shares the machine with the server as a rule, so it is made to cost little: one write for each command, buffers
//! that are kept, and no look at a job's JSON.

mod frame;
mod handshake;

use anyhow::{Context as _, bail};
use bytes::{Buf, BytesMut};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::target::Address;
use frame::Kind;

/// The room offered to each read, in bytes, at least.
const READ_BYTES_MIN: usize = 8 * 1_024;

/// How much is shown of what a server says of jobs it refuses, in bytes.
const REFUSED_BYTES_MAX: usize = 300;

/// An open connection that has said HELLO.
#[derive(Debug)]
pub(crate) struct Client {
    stream: TcpStream,
    output: Vec<u8>,
    input: BytesMut,
    /// The length of the last reply, which lies at the start of the input until the next is read.
    taken: usize,
}

/// What the server said.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Reply<'a> {
    /// `+` and a text, such as `OK`.
    Line(&'a [u8]),
    /// Bytes, such as a job.
    Bulk(&'a [u8]),
    /// Nothing.
    Nil,
}

impl Client {
    /// Connects and says HELLO, as a worker if there is a `wid`: only workers may FETCH.
    pub(crate) async fn connect(address: &Address, wid: Option<&str>) -> anyhow::Result<Self> {
        let stream = TcpStream::connect((address.host.as_str(), address.port))
            .await
            .with_context(|| format!("cannot connect to {}", address.url()))?;
        stream.set_nodelay(true)?;
        let mut client = Self {
            stream,
            output: Vec::new(),
            input: BytesMut::new(),
            taken: 0,
        };
        let hello = match client.receive().await? {
            Reply::Line(greeting) => handshake::hello(greeting, address.password.as_deref(), wid)?,
            _ => bail!("the server does not greet with +HI: it does not speak this protocol"),
        };
        client.expect_ok(&[b"HELLO ", &hello]).await?;
        Ok(client)
    }

    /// The address of this machine or another that is connected to.
    pub(crate) fn peer(&self) -> anyhow::Result<std::net::SocketAddr> {
        Ok(self.stream.peer_addr()?)
    }

    /// PUSH of a job's JSON.
    pub(crate) async fn push(&mut self, job: &[u8]) -> anyhow::Result<()> {
        self.expect_ok(&[b"PUSH ", job]).await
    }

    /// PUSHB of an array of jobs. Fails if the server refuses one of them.
    pub(crate) async fn push_bulk(&mut self, jobs: &[u8]) -> anyhow::Result<()> {
        // Sent from where it lies: it is long.
        let mut command = Buf::chain(Buf::chain(b"PUSHB ".as_slice(), jobs), b"\r\n".as_slice());
        let sent = self.stream.write_all_buf(&mut command).await;
        sent.context("PUSHB failed: cannot send it")?;
        match self.receive().await.context("PUSHB failed")? {
            Reply::Bulk(b"{}") => Ok(()),
            Reply::Bulk(text) | Reply::Line(text) => {
                bail!(unexpected(
                    b"PUSHB",
                    text.get(..REFUSED_BYTES_MAX).unwrap_or(text)
                ))
            }
            Reply::Nil => bail!(unexpected(b"PUSHB", b"nil")),
        }
    }

    /// FETCH from one queue. None if no job came while the server waited for one.
    pub(crate) async fn fetch(&mut self, queue: &str) -> anyhow::Result<Option<&[u8]>> {
        match self.request(&[b"FETCH ", queue.as_bytes()]).await? {
            Reply::Bulk(job) => Ok(Some(job)),
            Reply::Nil => Ok(None),
            Reply::Line(text) => bail!(unexpected(b"FETCH ", text)),
        }
    }

    /// ACK of a job, named by its id.
    pub(crate) async fn acknowledge(&mut self, jid: &[u8]) -> anyhow::Result<()> {
        self.expect_ok(&[br#"ACK {"jid":""#, jid, br#""}"#]).await
    }

    /// FAIL of a job, named by its id.
    pub(crate) async fn fail(&mut self, jid: &[u8]) -> anyhow::Result<()> {
        let report = br#"","errtype":"Bench","message":"failed on purpose","backtrace":[]}"#;
        self.expect_ok(&[br#"FAIL {"jid":""#, jid, report]).await
    }

    /// BATCH NEW of a batch that does nothing in the end; returns its id.
    pub(crate) async fn open_batch(&mut self) -> anyhow::Result<String> {
        let batch = br#"BATCH NEW {"description":"bench","success":{"jobtype":"Bench","args":[]}}"#;
        match self.request(&[batch]).await? {
            Reply::Bulk(bid) => Ok(String::from_utf8(bid.to_vec())?),
            Reply::Line(text) => bail!(unexpected(b"BATCH", text)),
            Reply::Nil => bail!(unexpected(b"BATCH", b"nil")),
        }
    }

    /// Sends a command, given in parts, and takes `+OK` for an answer.
    pub(crate) async fn expect_ok(&mut self, parts: &[&[u8]]) -> anyhow::Result<()> {
        match self.request(parts).await? {
            Reply::Line(b"OK") => Ok(()),
            Reply::Line(text) | Reply::Bulk(text) => bail!(unexpected(verb(parts), text)),
            Reply::Nil => bail!(unexpected(verb(parts), b"nil")),
        }
    }

    /// Sends a command, given in parts, and waits for its answer. Fails if the server refuses it.
    pub(crate) async fn request(&mut self, parts: &[&[u8]]) -> anyhow::Result<Reply<'_>> {
        self.send(parts).await?;
        let reply = self.receive().await;
        reply.with_context(|| format!("{} failed", String::from_utf8_lossy(verb(parts)).trim_end()))
    }

    /// Sends a command, given in parts, in one write.
    async fn send(&mut self, parts: &[&[u8]]) -> anyhow::Result<()> {
        self.output.clear();
        for part in parts {
            self.output.extend_from_slice(part);
        }
        self.output.extend_from_slice(b"\r\n");
        let sent = self.stream.write_all(&self.output).await;
        sent.context("cannot send a command")
    }

    /// Waits for the next answer. Fails if it is a refusal.
    async fn receive(&mut self) -> anyhow::Result<Reply<'_>> {
        let _ = self.input.split_to(self.taken);
        self.taken = 0;
        let frame = loop {
            if let Some(frame) = frame::read(&self.input)? {
                break frame;
            }
            self.input.reserve(READ_BYTES_MIN);
            if self.stream.read_buf(&mut self.input).await? == 0 {
                bail!("the server has closed the connection");
            }
        };
        self.taken = frame.length;
        let body = self.input.get(frame.body).unwrap_or_default();
        match frame.kind {
            Kind::Line => Ok(Reply::Line(body)),
            Kind::Bulk => Ok(Reply::Bulk(body)),
            Kind::Nil => Ok(Reply::Nil),
            Kind::Refusal => bail!("the server says: {}", String::from_utf8_lossy(body)),
        }
    }
}

/// The part of a command that says what it is.
fn verb<'a>(parts: &[&'a [u8]]) -> &'a [u8] {
    let first = parts.first().copied().unwrap_or_default();
    let end = memchr::memchr(b' ', first).unwrap_or(first.len());
    first.get(..end).unwrap_or_default()
}

fn unexpected(verb: &[u8], text: &[u8]) -> String {
    format!(
        "{} is answered with {:?}",
        String::from_utf8_lossy(verb).trim_end(),
        String::from_utf8_lossy(text)
    )
}
