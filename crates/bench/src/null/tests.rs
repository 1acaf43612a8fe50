//! The null server over a socket.

use std::env::temp_dir;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufStream};
use tokio::net::{TcpListener, TcpStream};

use super::log::Log;
use super::serve;
use crate::clock::now;

/// Starts a null server and connects as often as asked.
async fn connect<const N: usize>() -> [BufStream<TcpStream>; N] {
    connect_to(None).await
}

/// The same, with a log that the server syncs.
async fn connect_to<const N: usize>(log: Option<Log>) -> [BufStream<TcpStream>; N] {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(async move { serve(listener, log).await });
    let mut clients = Vec::new();
    for _ in 0..N {
        let mut client = BufStream::new(TcpStream::connect(addr).await.unwrap());
        assert_eq!(read_line(&mut client).await, "+HI {\"v\":2}\r\n");
        send(&mut client, "HELLO {\"v\":2}\r\n").await;
        assert_eq!(read_line(&mut client).await, "+OK\r\n");
        clients.push(client);
    }
    clients.try_into().unwrap()
}

async fn send(client: &mut BufStream<TcpStream>, text: &str) {
    client.write_all(text.as_bytes()).await.unwrap();
    client.flush().await.unwrap();
}

async fn read_line(client: &mut BufStream<TcpStream>) -> String {
    let mut line = String::new();
    client.read_line(&mut line).await.unwrap();
    line
}

#[tokio::test]
async fn jobs_come_back_in_order_as_they_were_sent() {
    let [mut client] = connect().await;
    send(
        &mut client,
        "PUSH {\"jid\": \"a\"}\r\nPUSHB [{\"jid\":\"b\"}, {\"jid\":\"c\"}]\nFETCH q\nFETCH q\nFETCH q\n",
    )
    .await;
    assert_eq!(read_line(&mut client).await, "+OK\r\n");
    for expected in [
        "$2\r\n{}\r\n",
        "$12\r\n{\"jid\": \"a\"}\r\n",
        "$11\r\n{\"jid\":\"b\"}\r\n",
        "$11\r\n{\"jid\":\"c\"}\r\n",
    ] {
        let reply = read_line(&mut client).await + &read_line(&mut client).await;
        assert_eq!(reply, expected);
    }
}

#[tokio::test]
async fn a_fetch_that_waits_is_served_by_a_push() {
    let [mut worker, mut producer] = connect().await;
    // The answer to ACK shows that the FETCH behind it is about to be looked at.
    send(&mut worker, "ACK {}\r\nFETCH q\r\n").await;
    assert_eq!(read_line(&mut worker).await, "+OK\r\n");
    send(&mut producer, "PUSH {}\r\n").await;
    assert_eq!(read_line(&mut worker).await, "$2\r\n");
}

#[tokio::test(start_paused = true)]
async fn a_fetch_without_a_job_is_answered_nil() {
    let [mut client] = connect().await;
    send(&mut client, "FETCH q\r\n").await;
    assert_eq!(read_line(&mut client).await, "$-1\r\n");
}

#[tokio::test]
async fn the_rest_of_the_protocol_is_answered() {
    let [mut client] = connect().await;
    send(
        &mut client,
        "PUSH {}\r\nFLUSH\r\nPUSH {\"queue\":\"q\"}\r\nINFO\r\nQUEUE REMOVE q\r\nFAIL {}\r\nBEAT {}\r\nINFO\r\nNO SUCH\r\nEND\r\n",
    )
    .await;
    let mut replies = String::new();
    client.read_to_string(&mut replies).await.unwrap();
    let info = |queue: &str, jobs: u64, commands: u64| {
        let info = serde_json::json!({
            "faktory": {
                "queues": {queue: jobs}, "tasks": {"Scheduled": {"size": 0}}, "total_enqueued": jobs
            },
            "server": {"description": "Null", "faktory_version": "1.10.0", "command_count": commands}
        });
        let text = info.to_string();
        format!("${}\r\n{text}\r\n", text.len())
    };
    let ok = "+OK\r\n".repeat(3);
    let expected = format!(
        "{ok}{}{ok}{}-ERR the null server does not know this command\r\n",
        info("q", 1, 4),
        info("default", 0, 8),
    );
    assert_eq!(replies, expected);
}

#[tokio::test]
async fn a_job_comes_at_its_time_unless_it_is_removed_before() {
    let [mut client] = connect().await;
    let scheduled = |line: &str| line.contains(r#""Scheduled":{"size":1}"#);
    send(
        &mut client,
        "PUSH {\"at\":\"2999-01-01T00:00:00Z\"}\r\nINFO\r\n",
    )
    .await;
    assert_eq!(read_line(&mut client).await, "+OK\r\n");
    read_line(&mut client).await;
    assert!(scheduled(&read_line(&mut client).await));
    send(&mut client, "MUTATE {}\r\nINFO\r\n").await;
    assert_eq!(read_line(&mut client).await, "+OK\r\n");
    read_line(&mut client).await;
    assert!(!scheduled(&read_line(&mut client).await));
    let at = now().plus(Duration::from_millis(30));
    let job = format!("{{\"at\":\"{at}\"}}");
    send(&mut client, &format!("PUSH {job}\r\nFETCH q\r\n")).await;
    assert_eq!(read_line(&mut client).await, "+OK\r\n");
    assert_eq!(read_line(&mut client).await, format!("${}\r\n", job.len()));
    assert_eq!(read_line(&mut client).await, format!("{job}\r\n"));
    assert!(now() >= at);
}

#[tokio::test]
async fn a_client_that_does_not_say_hello_is_left() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(async move { serve(listener, None).await });
    let mut client = BufStream::new(TcpStream::connect(addr).await.unwrap());
    assert_eq!(read_line(&mut client).await, "+HI {\"v\":2}\r\n");
    send(&mut client, "GET / HTTP/1.1\r\n").await;
    assert_eq!(read_line(&mut client).await, "");
}

#[tokio::test]
async fn a_server_that_syncs_answers_all_who_wait() {
    let [mut first, mut second] = connect_to(Some(Log::within(&temp_dir()).unwrap())).await;
    for number in 0..300 {
        send(&mut first, &format!("PUSH {{\"number\":{number}}}\r\n")).await;
        send(&mut second, "ACK {}\r\n").await;
        for client in [&mut first, &mut second] {
            assert_eq!(read_line(client).await, "+OK\r\n");
        }
    }
    send(&mut second, "FETCH q\r\n").await;
    assert_eq!(read_line(&mut second).await, "$12\r\n");
    assert_eq!(read_line(&mut second).await, "{\"number\":0}\r\n");
}
