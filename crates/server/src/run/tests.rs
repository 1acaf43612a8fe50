use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use workmill_engine::Rules;
use workmill_store::sqlite::Durability;

use super::Server;
use crate::connections::Phase;
use crate::descriptors::FilesMax;
use crate::disk_watch::DiskWatch;
use crate::environment::Environment;
use crate::session::{Arrival, Socket, converse};
use crate::settings::{BatchSettings, Binding, ClusterSettings, Settings, WebSettings};
use crate::threads::Threads;

pub(crate) fn settings(dir: &Path) -> Settings {
    Settings {
        binding: Binding::parse("127.0.0.1:0").unwrap(),
        environment: Environment::Development,
        storage_dir: dir.join("db"),
        database: None,
        config_dir: dir.join("etc"),
        password: None,
        durability: Durability::Always,
        tls: None,
        connections_max: 10,
        line_bytes_max: 1 << 20,
        input_bytes_max: 1 << 20,
        cron: Arc::default(),
        rules: Rules::default(),
        metrics: None,
        recover_lost: false,
        uniq: true,
        batch: BatchSettings {
            enabled: true,
            uncommitted_timeout_minutes: 30,
            committed_timeout_days: 30,
        },
        throttles: BTreeMap::new(),
        web: WebSettings {
            binding: None,
            password: None,
            authentication: true,
            users: Vec::new(),
            proxies: Vec::new(),
            hosts: Vec::new(),
            redactions: workmill_engine::query::Redactions::default(),
        },
        cluster: ClusterSettings::default(),
    }
}

async fn start(dir: &Path) -> (Server, DiskWatch) {
    let watch = DiskWatch::start(std::future::pending()).unwrap();
    let server = Server::start(settings(dir), FilesMax(1_000), Threads::One, &watch).await;
    (server.unwrap(), watch)
}

struct Client {
    stream: BufReader<TcpStream>,
}

impl Client {
    async fn connect(server: &Server) -> Self {
        let stream = TcpStream::connect(server.addr).await.unwrap();
        let mut client = Self {
            stream: BufReader::new(stream),
        };
        assert_eq!(client.reply().await, "+HI {\"v\":2}");
        assert_eq!(client.command(r#"HELLO {"v":2,"wid":"w"}"#).await, "+OK");
        client
    }

    async fn send(&mut self, command: &str) {
        let line = format!("{command}\r\n");
        self.stream.write_all(line.as_bytes()).await.unwrap();
    }

    /// The text of the next reply; empty at the end of the connection.
    async fn reply(&mut self) -> String {
        let mut line = String::new();
        self.stream.read_line(&mut line).await.unwrap();
        let line = line.trim_end();
        let Some(length) = line.strip_prefix('$').and_then(|n| n.parse().ok()) else {
            return line.to_owned();
        };
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).await.unwrap();
        let mut end = [0; 2];
        self.stream.read_exact(&mut end).await.unwrap();
        String::from_utf8(body).unwrap()
    }

    async fn command(&mut self, command: &str) -> String {
        self.send(command).await;
        self.reply().await
    }
}

#[tokio::test]
async fn job_is_pushed_fetched_and_acknowledged_and_survives_a_restart_before() {
    let dir = tempfile::tempdir().unwrap();
    let (server, _watch) = start(dir.path()).await;
    let mut client = Client::connect(&server).await;
    let push = r#"PUSH {"jid":"12345678","jobtype":"T","args":[1]}"#;
    assert_eq!(client.command(push).await, "+OK");
    assert_eq!(server.stop().await, None);
    assert_eq!(client.reply().await, "", "closed");

    let (server, _watch) = start(dir.path()).await;
    let mut client = Client::connect(&server).await;
    let job = client.command("FETCH default").await;
    assert!(job.contains(r#""jid":"12345678""#), "{job}");
    let info = client.command("INFO").await;
    assert!(info.contains(r#""working":1"#), "{info}");
    assert_eq!(client.command(r#"ACK {"jid":"12345678"}"#).await, "+OK");
    let info = client.command("INFO").await;
    assert!(
        info.contains(r#""working":0"#) && info.contains(r#""total_processed":1"#),
        "{info}"
    );
    assert_eq!(server.stop().await, None);
}

#[tokio::test]
async fn parked_fetch_gets_nothing_when_the_server_stops() {
    let dir = tempfile::tempdir().unwrap();
    let (server, _watch) = start(dir.path()).await;
    let mut client = Client::connect(&server).await;
    client.send("FETCH default").await;
    while server.shared.roster.connections.list()[0].phase() != Phase::Fetching {
        tokio::task::yield_now().await;
    }
    assert_eq!(server.stop().await, None);
    assert_eq!(client.reply().await, "$-1");
    assert_eq!(client.reply().await, "", "closed");
}

#[tokio::test]
async fn commands_that_have_come_when_a_stopping_server_closes_a_connection_are_run() {
    let dir = tempfile::tempdir().unwrap();
    let (server, _watch) = start(dir.path()).await;
    let mut other = Client::connect(&server).await;
    let push = r#"PUSH {"jid":"12345678","jobtype":"T","args":[]}"#;
    assert_eq!(other.command(push).await, "+OK");
    assert!(other.command("FETCH default").await.contains("12345678"));

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut stream = TcpStream::connect(listener.local_addr().unwrap())
        .await
        .unwrap();
    let (accepted, peer) = listener.accept().await.unwrap();
    let close = CancellationToken::new();
    let arrival = Arrival {
        peer,
        close: close.clone(),
        newcomer: server.shared.entrance.newcomers.enter(),
    };
    let shared = Arc::clone(&server.shared);
    let conversation = converse(shared, Socket::new(accepted), arrival);
    let conversation = tokio::spawn(conversation);
    stream.write_all(b"HELLO {\"v\":2}\r\n").await.unwrap();
    while server.shared.roster.connections.len() < 2 {
        tokio::task::yield_now().await;
    }
    let commands = b"ACK {\"jid\":\"12345678\"}\r\nFETCH default\r\nBEAT {\"wid\":\"w\"}\r\n";
    stream.write_all(commands).await.unwrap();
    // Before the conversation has its turn.
    server.shared.set_stopping();
    close.cancel();
    let mut replies = String::new();
    stream.read_to_string(&mut replies).await.unwrap();
    assert_eq!(
        replies,
        "+HI {\"v\":2}\r\n+OK\r\n+OK\r\n-ERR shutdown in progress\r\n+OK\r\n"
    );
    conversation.await.unwrap();
    assert_eq!(server.stop().await, None);
}

#[tokio::test]
async fn job_is_not_lost_on_a_client_that_left_behind_many_pipelined_commands() {
    let dir = tempfile::tempdir().unwrap();
    let (server, _watch) = start(dir.path()).await;
    let mut leaving = Client::connect(&server).await;
    let acks = "ACK {\"jid\":\"87654321\"}\r\n".repeat(2_000);
    leaving.send(&format!("FETCH default\r\n{acks}")).await;
    while server.shared.roster.connections.list()[0].phase() != Phase::Fetching {
        tokio::task::yield_now().await;
    }
    drop(leaving);
    let mut client = Client::connect(&server).await;
    let push = r#"PUSH {"jid":"12345678","jobtype":"T","args":[1]}"#;
    assert_eq!(client.command(push).await, "+OK");
    let mut info = String::new();
    for _ in 0..100 {
        info = client.command("INFO").await;
        if info.contains(r#""queues":{"default":1}"#) && info.contains(r#""working":0"#) {
            break;
        }
    }
    assert!(info.contains(r#""working":0"#), "{info}");
    assert_eq!(server.stop().await, None);
}

/// What the web port answers.
async fn ask_web(server: &Server, path: &str) -> String {
    let addr = server.web.as_ref().unwrap().addr();
    let mut stream = TcpStream::connect(addr).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn server_is_ready_until_it_begins_to_stop() {
    let dir = tempfile::tempdir().unwrap();
    let watch = DiskWatch::start(std::future::pending()).unwrap();
    let mut settings = settings(dir.path());
    settings.web.binding = Some(Binding::parse("127.0.0.1:0").unwrap());
    let server = Server::start(settings, FilesMax(1_000), Threads::One, &watch)
        .await
        .unwrap();
    let ready = ask_web(&server, "/readyz").await;
    assert!(ready.starts_with("HTTP/1.1 200 "), "{ready}");
    // As between two terms, and before the first.
    server.shared.gate.suspend();
    let starting = ask_web(&server, "/readyz").await;
    assert!(starting.ends_with("the server is starting\n"), "{starting}");
    server.begin_stop("SIGTERM");
    let stopping = ask_web(&server, "/readyz").await;
    assert!(stopping.starts_with("HTTP/1.1 503 "), "{stopping}");
    assert!(stopping.ends_with("the server is stopping\n"), "{stopping}");
    assert!(ask_web(&server, "/livez").await.ends_with("ok\n"));
    let addr = server.web.as_ref().unwrap().addr();
    assert_eq!(server.stop().await, None);
    assert!(TcpStream::connect(addr).await.is_err());
}
