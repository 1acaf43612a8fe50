//! One client of the null server.

use std::io;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use serde_json::{json, value::RawValue};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use workmill_proto::limits::{LINE_BYTES_BEFORE_HELLO_MAX, LINE_BYTES_MAX_DEFAULT};
use workmill_proto::{Hello, LineReader, Reply, WireError, greeting};

use super::fifo::Fifo;
use super::log::Log;

/// A connection and what is on its way through it.
#[derive(Debug)]
pub(super) struct Connection {
    stream: TcpStream,
    lines: LineReader,
    replies: BytesMut,
    jobs: Arc<Fifo>,
    log: Option<Arc<Log>>,
}

impl Connection {
    pub(super) fn new(stream: TcpStream, jobs: Arc<Fifo>, log: Option<Arc<Log>>) -> Self {
        Self {
            stream,
            lines: LineReader::new(LINE_BYTES_BEFORE_HELLO_MAX),
            replies: BytesMut::new(),
            jobs,
            log,
        }
    }

    /// Serves the client until it leaves. That is also how it ends when the network fails: nobody needs to know.
    pub(super) async fn run(mut self) {
        let _ = self.converse().await;
    }

    async fn converse(&mut self) -> io::Result<()> {
        self.stream.set_nodelay(true)?;
        self.stream.write_all(greeting(None).as_bytes()).await?;
        match self.read_line().await? {
            Some(line) if Hello::parse(&line).is_some() => Reply::Ok.write(&mut self.replies),
            _ => return Ok(()),
        }
        self.lines.set_line_bytes_max(LINE_BYTES_MAX_DEFAULT);
        while let Some(line) = self.read_line().await? {
            let commands = self.jobs.count_command();
            let (verb, argument) = split_verb(&line);
            match verb {
                b"PUSH" => {
                    self.jobs.push(line.slice_ref(argument));
                    Reply::Ok.write(&mut self.replies);
                }
                b"PUSHB" => self.push_bulk(&line, argument),
                b"FETCH" => self.fetch().await?,
                b"ACK" | b"FAIL" | b"BEAT" => Reply::Ok.write(&mut self.replies),
                b"FLUSH" => {
                    self.jobs.clear();
                    self.jobs.clear_scheduled();
                    Reply::Ok.write(&mut self.replies);
                }
                b"QUEUE" if argument.starts_with(b"REMOVE ") => {
                    self.jobs.clear();
                    Reply::Ok.write(&mut self.replies);
                }
                b"MUTATE" => {
                    self.jobs.clear_scheduled();
                    Reply::Ok.write(&mut self.replies);
                }
                b"INFO" => self.inform(commands),
                b"END" => return self.flush().await,
                _ => self.refuse("the null server does not know this command"),
            }
        }
        Ok(())
    }

    /// The next line. Replies leave together as soon as the client has no further command waiting.
    async fn read_line(&mut self) -> io::Result<Option<Bytes>> {
        loop {
            match self.lines.next_line() {
                Ok(Some(line)) => return Ok(Some(line)),
                Ok(None) => {}
                Err(error) => {
                    self.refuse(error.to_string());
                    self.flush().await?;
                    return Ok(None);
                }
            }
            self.flush().await?;
            if self.stream.read_buf(self.lines.buffer_mut()).await? == 0 {
                return Ok(None);
            }
        }
    }

    async fn flush(&mut self) -> io::Result<()> {
        if !self.replies.is_empty() {
            if let Some(log) = &self.log {
                log.synced().await?;
            }
            self.stream.write_all(&self.replies).await?;
            self.replies.clear();
        }
        Ok(())
    }

    fn push_bulk(&mut self, line: &Bytes, argument: &[u8]) {
        match serde_json::from_slice::<Vec<&RawValue>>(argument) {
            Ok(jobs) => {
                for job in jobs {
                    self.jobs.push(line.slice_ref(job.get().as_bytes()));
                }
                Reply::Bulk(b"{}").write(&mut self.replies);
            }
            Err(error) => self.refuse(format!("invalid JSON: {error}")),
        }
    }

    async fn fetch(&mut self) -> io::Result<()> {
        let job = match self.jobs.pop() {
            Some(job) => Some(job),
            None => {
                self.flush().await?;
                self.jobs.pop_or_wait().await
            }
        };
        let reply = job.as_deref().map_or(Reply::Nil, Reply::Bulk);
        reply.write(&mut self.replies);
        Ok(())
    }

    fn inform(&mut self, commands: u64) {
        let jobs = self.jobs.len();
        let info = json!({
            "faktory": {
                "queues": {self.jobs.queue(): jobs},
                "tasks": {"Scheduled": {"size": self.jobs.scheduled()}},
                "total_enqueued": jobs
            },
            "server": {"description": "Null", "faktory_version": "1.10.0", "command_count": commands}
        });
        Reply::Bulk(info.to_string().as_bytes()).write(&mut self.replies);
    }

    fn refuse(&mut self, text: impl Into<String>) {
        Reply::Error(&WireError::err(text)).write(&mut self.replies);
    }
}

/// The bytes before the first space and those after it.
fn split_verb(line: &[u8]) -> (&[u8], &[u8]) {
    let length = line
        .iter()
        .position(|byte| *byte == b' ')
        .unwrap_or(line.len());
    let (verb, rest) = line.split_at(length);
    (verb, rest.strip_prefix(b" ").unwrap_or(rest))
}
