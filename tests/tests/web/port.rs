//! Where it is, how it starts and stops, and what connections may do.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};

use serde_json::json;
use workmill_tests::{REPLY_WAIT, Server, ServerFiles, job, web_addr, web_get};

/// A connection to the web port.
fn connect(server: &Server) -> TcpStream {
    let stream = TcpStream::connect(web_addr(&server.web_url())).unwrap();
    stream.set_read_timeout(Some(REPLY_WAIT)).unwrap();
    stream
}

#[test]
fn first_page_shows_what_is_there() {
    let server = Server::builder().web().start();
    server.client().push(&job("jid-000001", "mails"));
    let answer = web_get(&server.web_url(), "/");
    assert_eq!(answer.status, 200);
    assert!(answer.text().contains("mails"), "{}", answer.text());
    assert!(!answer.header("content-security-policy").is_empty());
}

#[test]
fn nothing_listens_where_the_pages_are_off() {
    for server in [
        Server::builder().arg("-w").arg(":0"),
        Server::builder()
            .arg("-w")
            .arg("localhost:7420")
            .config("[web]\nbinding = \":0\"\n"),
    ] {
        let server = server.start();
        server.client().info();
        assert!(!server.log_text().contains("web pages at"));
    }
}

#[test]
fn port_in_use_stops_the_start_and_says_what_to_do() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = taken.local_addr().unwrap().to_string();
    let files = ServerFiles::new();
    let builder = || Server::builder().files(files.clone());
    let ended = builder().arg("-w").arg(&addr).try_start().unwrap_err();
    assert_eq!(ended.status.code(), Some(1), "{}", ended.log);
    for wanted in [
        format!("cannot serve the web pages on {addr}"),
        String::from("name another address with -w, or :0 for no web pages"),
    ] {
        assert!(ended.log.contains(&wanted), "{wanted}: {}", ended.log);
    }
    drop(builder().web().start());
}

/// Nobody who is connected holds up a stop: not who says nothing, not who has said half a request, not who waits for the
/// next one.
#[test]
fn open_connections_do_not_hold_up_a_stop() {
    let mut server = Server::builder().web().start();
    let mut silent = connect(&server);
    let mut half = connect(&server);
    half.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n").unwrap();
    let mut idle = connect(&server);
    idle.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        .unwrap();
    let mut first = [0; 12];
    idle.read_exact(&mut first).unwrap();
    assert_eq!(&first, b"HTTP/1.1 200");
    let ended = server.stop();
    assert!(ended.status.success(), "{}", ended.log);
    assert!(!ended.log.contains("does not stop"), "{}", ended.log);
    for stream in [&mut silent, &mut half, &mut idle] {
        // The rest of the answer, and then the end; a reset is an end too.
        stream.read_to_end(&mut Vec::new()).ok();
    }
}

/// Nobody can take the pages away from others by connecting and saying nothing, or never reading.
#[test]
fn connections_that_ask_for_nothing_make_room_and_jobs_go_on() {
    let server = Server::builder().web().start();
    let mut held: Vec<TcpStream> = (0..700).map(|_| connect(&server)).collect();
    for stream in &mut held[..100] {
        stream.write_all(b"GET / HTTP/1.1\r\nhost: x").ok();
    }
    for _ in 0..3 {
        assert_eq!(web_get(&server.web_url(), "/").status, 200);
    }
    // The first of them had to go.
    let mut rest = Vec::new();
    held[100].read_to_end(&mut rest).ok();
    assert!(rest.is_empty());
    let mut client = server.client();
    client.push(&job("jid-000001", "q"));
    assert_eq!(client.fetch_jid("q"), "jid-000001");
}

#[test]
fn nonsense_is_answered_or_cut_and_harms_nobody() {
    let server = Server::builder().web().start();
    let long = format!("GET / HTTP/1.1\r\nhost: {}\r\n\r\n", "x".repeat(100_000));
    let many = format!("GET / HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(1_000));
    for sent in ["HELLO {}\r\n\r\n", &long, &many, "\0\x01\x02\r\n\r\n"] {
        let mut stream = connect(&server);
        // It may be cut before all is sent.
        stream.write_all(sent.as_bytes()).ok();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).ok();
        let answer = String::from_utf8_lossy(&answer);
        assert!(
            answer.is_empty() || answer.starts_with("HTTP/1.1 4"),
            "{answer}"
        );
    }
    assert_eq!(web_get(&server.web_url(), "/").status, 200);
    let info = server.client().info();
    assert_eq!(info["faktory"]["total_enqueued"], json!(0));
}
