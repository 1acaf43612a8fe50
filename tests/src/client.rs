//! A blocking client that sends what it is told, byte for byte.

use std::fmt;
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::socket::{setsockopt, sockopt};
use serde_json::{Value, json};

use crate::reply::Reply;

/// How long a reply is waited for before a test is given up.
pub const REPLY_WAIT: Duration = Duration::from_secs(30);

/// More of a line is not shown when a test fails.
const EXCERPT_BYTES_MAX: usize = 400;

/// One connection.
#[derive(Debug)]
pub struct Client {
    reader: BufReader<TcpStream>,
    greeting: String,
}

/// A job with no arguments, for tests to add to.
pub fn job(jid: &str, queue: &str) -> Value {
    json!({"jid": jid, "queue": queue, "jobtype": "Test", "args": []})
}

impl Client {
    /// Connects and reads the greeting. HELLO is left to the caller.
    pub fn connect(addr: SocketAddr) -> Self {
        Self::try_connect(addr).expect("connect to the server and read its greeting")
    }

    /// The same, for servers that may be dying.
    pub fn try_connect(addr: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(addr)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(REPLY_WAIT))?;
        stream.set_write_timeout(Some(REPLY_WAIT))?;
        let mut client = Self {
            reader: BufReader::new(stream),
            greeting: String::new(),
        };
        client.greeting = client.read_line()?.ok_or(ErrorKind::UnexpectedEof)?;
        Ok(client)
    }

    /// Connects and says HELLO without a wid.
    pub fn producer(addr: SocketAddr) -> Self {
        let mut client = Self::connect(addr);
        assert_eq!(
            client.hello(&json!({"v": 2})),
            Reply::ok(),
            "the answer to HELLO"
        );
        client
    }

    /// Connects and says HELLO with a wid.
    pub fn with_wid(addr: SocketAddr, wid: &str) -> Self {
        let mut client = Self::connect(addr);
        let hello = json!({"hostname": "test", "wid": wid, "pid": 1, "labels": ["rust"], "v": 2});
        assert_eq!(client.hello(&hello), Reply::ok(), "the answer to HELLO");
        client
    }

    /// The greeting, with its line end.
    pub fn greeting(&self) -> &str {
        &self.greeting
    }

    /// Says HELLO.
    pub fn hello(&mut self, hello: &Value) -> Reply {
        self.cmd(format!("HELLO {hello}"))
    }

    /// Sends bytes as they are.
    pub fn send_raw(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.reader.get_mut().write_all(bytes)
    }

    /// Sends a line and CRLF. A server that has closed is noticed when the reply is read.
    pub fn send(&mut self, line: impl AsRef<[u8]>) {
        let mut bytes = line.as_ref().to_vec();
        bytes.extend_from_slice(b"\r\n");
        // A refused write is no verdict: the server may have said why before it closed.
        let _ = self.send_raw(&bytes);
    }

    /// Sends a line and CRLF and reads the reply.
    pub fn cmd(&mut self, line: impl AsRef<[u8]>) -> Reply {
        self.send(line);
        self.read_reply()
    }

    /// Reads one reply. Panics when none comes within [`REPLY_WAIT`], and for anything that is no reply.
    pub fn read_reply(&mut self) -> Reply {
        match self.try_read_reply() {
            Ok(reply) => reply,
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                panic!("no reply within {REPLY_WAIT:?}")
            }
            Err(_) => Reply::Closed,
        }
    }

    fn try_read_reply(&mut self) -> io::Result<Reply> {
        let Some(line) = self.read_line()? else {
            return Ok(Reply::Closed);
        };
        let line = line
            .strip_suffix("\r\n")
            .unwrap_or_else(|| panic!("a reply line without CRLF: {line:?}"));
        let (kind, text) = line
            .split_at_checked(1)
            .unwrap_or_else(|| panic!("an empty reply line"));
        match kind {
            "+" => Ok(Reply::Simple(text.to_owned())),
            "-" => Ok(Reply::Error(text.to_owned())),
            "$" if text == "-1" => Ok(Reply::Nil),
            "$" => {
                let length: usize = text
                    .parse()
                    .unwrap_or_else(|_| panic!("a bulk reply without a length: {line:?}"));
                let mut body = vec![0; length + 2];
                self.reader.read_exact(&mut body)?;
                assert_eq!(&body[length..], b"\r\n", "what follows a bulk reply's body");
                body.truncate(length);
                Ok(Reply::Bulk(body))
            }
            _ => panic!("no reply of the protocol: {line:?}"),
        }
    }

    fn read_line(&mut self) -> io::Result<Option<String>> {
        let mut line = Vec::new();
        self.reader.read_until(b'\n', &mut line)?;
        match line.last() {
            None => Ok(None),
            Some(b'\n') => Ok(Some(
                String::from_utf8(line).expect("a reply line is UTF-8"),
            )),
            Some(_) => Err(ErrorKind::UnexpectedEof.into()),
        }
    }

    /// Whether the server closes this connection without a further byte.
    pub fn is_closed_silently(&mut self) -> bool {
        self.read_reply() == Reply::Closed
    }

    /// Says that no more will be sent; the server's replies still come.
    pub fn shut_down_sending(&mut self) {
        let _ = self.reader.get_ref().shutdown(Shutdown::Write);
    }

    /// Breaks the connection off: the system resets it.
    pub fn reset(self) {
        reset_when_closed(self.socket());
    }

    /// A handle to the socket, for tests about what the system does with it.
    pub fn socket(&self) -> &TcpStream {
        self.reader.get_ref()
    }

    /// Sends a command that is to be answered `+OK`.
    pub fn ok(&mut self, line: impl AsRef<[u8]>) {
        let reply = self.cmd(line.as_ref());
        assert!(
            reply.is_ok(),
            "expected +OK to {:?}, got {reply:?}",
            Excerpt(line.as_ref())
        );
    }

    /// Sends a command that is to be refused, and returns the error without its dash.
    pub fn refused(&mut self, line: impl AsRef<[u8]>) -> String {
        match self.cmd(line.as_ref()) {
            Reply::Error(text) => text,
            other => panic!(
                "expected an error to {:?}, got {other:?}",
                Excerpt(line.as_ref())
            ),
        }
    }

    /// Pushes a job.
    pub fn push(&mut self, job: &Value) {
        self.ok(format!("PUSH {job}"));
    }

    /// Pushes jobs in one PUSHB and returns what was refused, by jid.
    pub fn push_bulk(&mut self, jobs: &[Value]) -> Value {
        let jobs = serde_json::to_string(jobs).expect("a list of values is JSON");
        self.cmd(format!("PUSHB {jobs}")).json()
    }

    /// Fetches from these queues, separated by spaces. Nothing after about two seconds without a job.
    pub fn fetch(&mut self, queues: &str) -> Option<Value> {
        match self.cmd(format!("FETCH {queues}")) {
            Reply::Nil => None,
            reply => Some(reply.json()),
        }
    }

    /// Fetches a job that is there.
    pub fn fetch_now(&mut self, queues: &str) -> Value {
        self.fetch(queues)
            .unwrap_or_else(|| panic!("nothing to fetch from {queues}"))
    }

    /// Fetches a job that is there and returns its jid.
    pub fn fetch_jid(&mut self, queues: &str) -> String {
        let job = self.fetch_now(queues);
        job["jid"].as_str().expect("a job has a jid").to_owned()
    }

    /// Acknowledges a job.
    pub fn ack(&mut self, jid: &str) {
        self.ok(format!("ACK {}", json!({"jid": jid})));
    }

    /// Reports a job's failure.
    pub fn fail(&mut self, jid: &str) {
        self.ok(format!(
            "FAIL {}",
            json!({"jid": jid, "errtype": "RuntimeError", "message": "it broke"})
        ));
    }

    /// BEATs for a worker.
    pub fn beat(&mut self, wid: &str) -> Reply {
        self.cmd(format!("BEAT {}", json!({"wid": wid})))
    }

    /// What INFO says.
    pub fn info(&mut self) -> Value {
        self.cmd("INFO").json()
    }

    /// The size of a queue according to INFO; none if INFO does not name it.
    pub fn queue_size(&mut self, queue: &str) -> Option<u64> {
        self.info()["faktory"]["queues"][queue].as_u64()
    }

    /// The size of `Scheduled`, `Retries`, `Dead`, `Busy` or `Workers` according to INFO.
    pub fn task_size(&mut self, task: &str) -> u64 {
        let info = self.info();
        info["faktory"]["tasks"][task]["size"]
            .as_u64()
            .unwrap_or_else(|| panic!("no tasks.{task}.size in {info}"))
    }

    /// Asks INFO again and again until it is as wanted; gives up after [`REPLY_WAIT`].
    pub fn wait_for_info(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        let deadline = Instant::now() + REPLY_WAIT;
        loop {
            let info = self.info();
            if wanted(&info) {
                return info;
            }
            assert!(
                Instant::now() < deadline,
                "INFO never became as wanted; at last it was {info}"
            );
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Sends a FETCH that finds nothing, and returns when the server has it, as INFO's `command_count` tells. Nobody
    /// else may send commands meanwhile. The reply is left to be read.
    pub fn park(&mut self, observer: &mut Self, queues: &str) {
        let before = command_count(&observer.info());
        self.send(format!("FETCH {queues}"));
        // Every INFO counts too, so the count runs ahead of the INFOs sent once the FETCH has come.
        let mut infos = 1;
        while command_count(&observer.info()) <= before + infos {
            infos += 1;
        }
        // A command that is counted may not have reached the engine yet; the next one comes after it.
        observer.info();
    }
}

/// Has the system reset a connection when it is closed.
pub fn reset_when_closed(socket: &TcpStream) {
    let linger = nix::libc::linger {
        l_onoff: 1,
        l_linger: 0,
    };
    setsockopt(socket, sockopt::Linger, &linger).expect("set SO_LINGER");
}

/// The beginning of what may be a very long line.
struct Excerpt<'a>(&'a [u8]);

impl fmt::Debug for Excerpt<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (shown, cut) = self.0.split_at(self.0.len().min(EXCERPT_BYTES_MAX));
        write!(f, "{:?}", String::from_utf8_lossy(shown))?;
        if cut.is_empty() {
            Ok(())
        } else {
            write!(f, " and {} more bytes", cut.len())
        }
    }
}

fn command_count(info: &Value) -> u64 {
    info["server"]["command_count"]
        .as_u64()
        .expect("INFO has server.command_count")
}
