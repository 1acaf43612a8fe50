//! The stream of events, over sockets.

use std::io::{BufRead as _, BufReader};
use std::net::TcpStream;

use serde_json::Value;
use workmill_tests::{REPLY_WAIT, Server, job, send_request, web_addr};

/// Streams that may be open at a time.
const STREAMS_MAX: usize = 256;

/// Somebody who reads events.
struct Reader(BufReader<TcpStream>);

/// What an event says: its id and its numbers.
type Event = (String, Value);

impl Reader {
    /// Asks for the stream, as somebody who has had the event of this id. Gives the status too.
    fn open(server: &Server, seen: Option<&str>) -> (u16, Self) {
        let addr = web_addr(&server.web_url());
        let mut stream = TcpStream::connect(addr).unwrap();
        stream.set_read_timeout(Some(REPLY_WAIT)).unwrap();
        let seen = seen.map(|id| format!("last-event-id: {id}"));
        let headers: Vec<&str> = seen.iter().map(String::as_str).collect();
        let path = "/api/v1/events";
        send_request(&mut stream, &addr.to_string(), "GET", path, &headers, "");
        let mut reader = Self(BufReader::new(stream));
        let first = reader.line().unwrap();
        let status = first.split(' ').nth(1).unwrap().parse().unwrap();
        (status, reader)
    }

    /// The next line; none at the end.
    fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        let read = self.0.read_line(&mut line).unwrap();
        (read > 0).then(|| line.trim_end().to_owned())
    }

    /// The next event; none at the end. What belongs to HTTP, and what only keeps the stream open, is passed over.
    fn next(&mut self) -> Option<Event> {
        let mut id = String::new();
        loop {
            let line = self.line()?;
            if let Some(told) = line.strip_prefix("id: ") {
                told.clone_into(&mut id);
            } else if let Some(data) = line.strip_prefix("data: ") {
                return Some((id, serde_json::from_str(data).unwrap()));
            }
        }
    }

    /// The event that tells of so many jobs in queues.
    fn until_enqueued(&mut self, jobs: u64) -> Event {
        loop {
            let event = self.next().expect("the stream goes on");
            if event.1["enqueued"] == jobs {
                return event;
            }
        }
    }
}

#[test]
fn numbers_are_told_when_they_change_and_to_a_reader_that_comes_back_only_what_it_has_not_had() {
    let server = Server::builder().web().start();
    let mut client = server.client();
    let (status, mut reader) = Reader::open(&server, None);
    assert_eq!(status, 200);
    client.push(&job("jid-000001", "q"));
    let (id, _) = reader.until_enqueued(1);
    drop(reader);
    let (_, mut again) = Reader::open(&server, Some(&id));
    client.push(&job("jid-000002", "q"));
    let (next, numbers) = again.next().unwrap();
    assert_ne!(next, id, "it has had that: {numbers}");
    assert_eq!(numbers["enqueued"], 2);
    let (_, mut late) = Reader::open(&server, Some("0000000000000000"));
    assert_eq!(late.next().unwrap().0, next, "it has missed some");
}

#[test]
fn stream_ends_when_the_server_stops() {
    let mut server = Server::builder().web().start();
    let (_, mut reader) = Reader::open(&server, None);
    reader.next().unwrap();
    server.stop();
    while reader.line().is_some() {}
}

#[test]
fn no_more_streams_are_open_than_may_be_and_the_pages_are_still_there() {
    let server = Server::builder().web().start();
    let mut open: Vec<_> = (0..STREAMS_MAX)
        .map(|n| {
            let (status, reader) = Reader::open(&server, None);
            assert_eq!(status, 200, "stream {n}");
            reader
        })
        .collect();
    assert_eq!(Reader::open(&server, None).0, 503);
    assert_eq!(workmill_tests::web_get(&server.web_url(), "/").status, 200);
    open.pop();
    // That it has gone is noticed when something is said to it.
    server.client().push(&job("jid-000001", "q"));
    while Reader::open(&server, None).0 != 200 {}
}
