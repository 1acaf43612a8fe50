//! Somebody who calls the web port: HTTP/1.1 by hand, so that what is wrong on the wire can be sent as well.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use crate::client::REPLY_WAIT;

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebAnswer {
    /// The status.
    pub status: u16,
    /// The lines of the head after the first, as they came.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

/// The address in a URL of the web port.
pub fn web_addr(url: &str) -> SocketAddr {
    let (_, rest) = url.split_once("://").expect("a URL");
    let host = rest.split('/').next().unwrap_or_default();
    host.parse().expect("an address in the URL")
}

/// Asks for something and reads the answer to its end. `headers` are lines without their ends.
pub fn web_request(url: &str, method: &str, path: &str, headers: &[&str], body: &str) -> WebAnswer {
    let addr = web_addr(url);
    let mut stream = TcpStream::connect(addr).expect("the web port listens");
    stream
        .set_read_timeout(Some(REPLY_WAIT))
        .expect("a time-out");
    send_request(&mut stream, &addr.to_string(), method, path, headers, body);
    read_answer(&mut stream)
}

/// Asks for a page.
pub fn web_get(url: &str, path: &str) -> WebAnswer {
    web_request(url, "GET", path, &[], "")
}

/// Sends a request after which the connection is closed.
pub fn send_request(
    stream: &mut impl Write,
    host: &str,
    method: &str,
    path: &str,
    headers: &[&str],
    body: &str,
) {
    let mut text = format!("{method} {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n");
    for header in headers {
        text.push_str(header);
        text.push_str("\r\n");
    }
    if !body.is_empty() {
        text.push_str(&format!("content-length: {}\r\n", body.len()));
    }
    text.push_str("\r\n");
    text.push_str(body);
    stream.write_all(text.as_bytes()).expect("send the request");
}

/// Reads an answer until the connection is closed.
pub fn read_answer(stream: &mut impl Read) -> WebAnswer {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).expect("read the answer");
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
    let end = end.unwrap_or_else(|| panic!("no head in {:?}", String::from_utf8_lossy(&bytes)));
    let head = String::from_utf8(bytes[..end].to_vec()).expect("a head of text");
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1));
    let headers = lines.filter_map(|line| line.split_once(": "));
    let answer = WebAnswer {
        status: status
            .and_then(|status| status.parse().ok())
            .expect("a status"),
        headers: headers
            .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
            .collect(),
        body: bytes[end + 4..].to_vec(),
    };
    match answer.header("transfer-encoding") {
        "chunked" => WebAnswer {
            body: unchunk(&answer.body),
            ..answer
        },
        _ => answer,
    }
}

fn unchunk(mut rest: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    loop {
        let end = rest.windows(2).position(|two| two == b"\r\n");
        let end = end.expect("the length of a chunk");
        let length = std::str::from_utf8(&rest[..end]).expect("a length");
        let length = usize::from_str_radix(length, 16).expect("a length");
        if length == 0 {
            return body;
        }
        body.extend_from_slice(&rest[end + 2..end + 2 + length]);
        rest = &rest[end + 2 + length + 2..];
    }
}

impl WebAnswer {
    /// A header's value; empty if it is not there. The name in lower case.
    pub fn header(&self, name: &str) -> &str {
        let mut headers = self.headers.iter();
        let found = headers.find(|(one, _)| one == name);
        found.map_or("", |(_, value)| value)
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8(self.body.clone()).expect("a body of text")
    }
}
