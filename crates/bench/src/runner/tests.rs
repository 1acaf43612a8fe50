//! Whole measurings, of servers that are broken on purpose.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex};

use bytes::BytesMut;
use clap::Parser;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use workmill_proto::limits::LINE_BYTES_MAX_DEFAULT;
use workmill_proto::{LineReader, Reply, greeting};

use super::*;
use crate::ledger::Delivery;
use crate::workload::cycle::Cycle;

/// What a server does wrong with the tenth job.
#[derive(Clone, Copy, Debug)]
enum Fault {
    None,
    Loses,
    Doubles,
}

/// A server that takes any line, never waits, and may be wrong.
struct Broken {
    fault: Fault,
    name: &'static str,
    state: Mutex<State>,
    log: Log,
}

#[derive(Default)]
struct State {
    pushed: usize,
    jobs: VecDeque<Vec<u8>>,
}

/// Whom INFO was asked of, in order.
type Log = Arc<Mutex<Vec<&'static str>>>;

impl Broken {
    /// Starts a server and returns its URL, with its name.
    async fn start(name: &'static str, fault: Fault, log: &Log) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("{name}=tcp://{}", listener.local_addr().unwrap());
        let server = Arc::new(Self {
            fault,
            name,
            state: Mutex::default(),
            log: Arc::clone(log),
        });
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(Arc::clone(&server).serve(stream));
            }
        });
        url
    }

    async fn serve(self: Arc<Self>, mut stream: TcpStream) -> io::Result<()> {
        let mut lines = LineReader::new(LINE_BYTES_MAX_DEFAULT);
        stream.write_all(greeting(None).as_bytes()).await?;
        loop {
            while let Some(line) = lines.next_line().unwrap() {
                stream.write_all(&self.answer(&line)).await?;
            }
            if stream.read_buf(lines.buffer_mut()).await? == 0 {
                return Ok(());
            }
        }
    }

    fn answer(&self, line: &[u8]) -> BytesMut {
        let mut answer = BytesMut::new();
        if let Some(job) = line.strip_prefix(b"PUSH ") {
            self.push(job);
            Reply::Ok.write(&mut answer);
        } else if line.starts_with(b"FETCH ") {
            let job = self.state.lock().unwrap().jobs.pop_front();
            job.as_deref()
                .map_or(Reply::Nil, Reply::Bulk)
                .write(&mut answer);
        } else if line == b"INFO" {
            self.log.lock().unwrap().push(self.name);
            Reply::Bulk(b"{}").write(&mut answer);
        } else {
            Reply::Ok.write(&mut answer);
        }
        answer
    }

    fn push(&self, job: &[u8]) {
        let mut state = self.state.lock().unwrap();
        state.pushed += 1;
        let copies = match (self.fault, state.pushed) {
            (Fault::Loses, 10) => 0,
            (Fault::Doubles, 10) => 2,
            _ => 1,
        };
        for _ in 0..copies {
            state.jobs.push_back(job.to_vec());
        }
    }
}

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    workload: Cycle,
    #[command(flatten)]
    targets: TargetOptions,
}

async fn cycle(line: &str, interrupt: CancellationToken) -> anyhow::Result<Report> {
    let line = Line::parse_from(["bench"].into_iter().chain(line.split_whitespace()));
    run(&line.targets, &line.workload, &mut Session::new(interrupt)).await
}

/// How a cycle over a server with this fault ends.
async fn delivery(fault: Fault) -> Delivery {
    let url = Broken::start("broken", fault, &Log::default()).await;
    let line = format!("--url {url} -n 3 --jobs 100 --queues 2 --fail 10");
    let report = cycle(&line, CancellationToken::new()).await.unwrap();
    let delivery = report.targets[0].median.delivery.unwrap();
    assert_eq!(report.is_exact(), delivery.is_exact());
    assert_eq!(delivery.pushed, 100);
    delivery
}

#[tokio::test]
async fn a_sound_server_passes_the_check() {
    let delivery = delivery(Fault::None).await;
    assert!(delivery.is_exact());
    assert_eq!(delivery.exact, 100);
}

#[tokio::test]
async fn a_server_that_loses_a_job_is_found_out() {
    let delivery = delivery(Fault::Loses).await;
    assert!(!delivery.is_exact());
    assert_eq!((delivery.lost, delivery.doubled), (1, 0));
}

#[tokio::test]
async fn a_server_that_doubles_a_job_is_found_out() {
    let delivery = delivery(Fault::Doubles).await;
    assert!(!delivery.is_exact());
    assert_eq!((delivery.lost, delivery.doubled), (0, 1));
}

#[tokio::test]
async fn targets_take_turns() {
    let log = Log::default();
    let first = Broken::start("first", Fault::None, &log).await;
    let second = Broken::start("second", Fault::None, &log).await;
    let line = format!("--url {first} --vs {second} --rounds 2 -n 1 --jobs 5");
    let report = cycle(&line, CancellationToken::new()).await.unwrap();
    let mut turns = log.lock().unwrap().clone();
    turns.dedup();
    assert_eq!(turns, ["first", "second", "first", "second"]);
    for target in &report.targets {
        assert_eq!(target.rounds.len(), 2);
        assert_eq!(target.median.delivery.unwrap().pushed, 10);
    }
}

#[tokio::test]
async fn a_measuring_that_is_ended_before_it_counts_shows_nothing() {
    let interrupt = CancellationToken::new();
    interrupt.cancel();
    let url = Broken::start("server", Fault::None, &Log::default()).await;
    let line = format!("--url {url} --duration 1h --warmup 1h");
    let report = cycle(&line, interrupt).await.unwrap();
    assert!(report.interrupted);
    assert!(report.targets.is_empty());
    assert!(report.to_string().contains("nothing was measured"));
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named() {
    let interrupt = CancellationToken::new();
    let error = cycle("--url gone=tcp://127.0.0.1:1", interrupt).await;
    let error = format!("{:#}", error.unwrap_err());
    assert!(error.contains("cannot measure gone"), "{error}");
    assert!(error.contains("tcp://127.0.0.1:1"), "{error}");
}
