//! What is said before the first command: the server's greeting and the client's HELLO.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq as _;

use crate::json::{self, JsonError};
use crate::limits::{LABELS_MAX, WID_BYTES_MAX};

/// What a client must prove it knows the password with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
    /// Random, lower-case hexadecimal.
    pub salt: String,
    /// How often to hash. Faktory takes 4000 to 8095.
    pub iterations: u32,
}

/// The first line of a connection, with its line end. Clients compare its bytes.
pub fn greeting(challenge: Option<&Challenge>) -> String {
    match challenge {
        None => "+HI {\"v\":2}\r\n".to_owned(),
        Some(Challenge { salt, iterations }) => {
            format!("+HI {{\"v\":2,\"i\":{iterations},\"s\":\"{salt}\"}}\r\n")
        }
    }
}

/// How a client introduces itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hello {
    /// The client's machine.
    pub hostname: String,
    /// The worker this connection belongs to; empty for a producer.
    pub wid: String,
    /// The proof of the password; empty if there is none.
    pub pwdhash: String,
    /// For proxies; the server ignores it.
    pub username: String,
    /// What the worker calls itself.
    pub labels: Vec<String>,
    /// The worker's process id.
    pub pid: i64,
    /// The worker's memory in kilobytes.
    pub rss_kb: i64,
    /// The protocol version the client speaks; 0 if it does not say.
    pub v: u8,
}

impl Hello {
    /// Reads the first line of a client. None if it is no HELLO: close the connection without a word, as
    /// Faktory does. Also none if the worker id or the labels exceed their [limits](crate::limits).
    pub fn parse(line: &[u8]) -> Option<Self> {
        let json = line.strip_prefix(b"HELLO ")?;
        if !json.starts_with(b"{") {
            return None;
        }
        Self::decode(&String::from_utf8_lossy(json)).ok().flatten()
    }

    fn decode(json: &str) -> Result<Option<Self>, JsonError> {
        let names = [
            "hostname", "wid", "pwdhash", "username", "labels", "pid", "rss_kb", "v",
        ];
        let [hostname, wid, pwdhash, username, labels, pid, rss_kb, v] =
            json::read_members(json, &names, |_, _| {})?;
        let wid = json::string("wid", wid)?.unwrap_or_default();
        let labels = json::strings("labels", labels, LABELS_MAX + 1)?.unwrap_or_default();
        let Ok(v) = u8::try_from(json::integer("v", v)?.unwrap_or(0)) else {
            return Ok(None);
        };
        if wid.len() > WID_BYTES_MAX || labels.len() > LABELS_MAX {
            return Ok(None);
        }
        Ok(Some(Self {
            hostname: json::string("hostname", hostname)?
                .unwrap_or_default()
                .into_owned(),
            wid: wid.into_owned(),
            pwdhash: json::string("pwdhash", pwdhash)?
                .unwrap_or_default()
                .into_owned(),
            username: json::string("username", username)?
                .unwrap_or_default()
                .into_owned(),
            labels,
            pid: json::integer("pid", pid)?.unwrap_or(0),
            rss_kb: json::integer("rss_kb", rss_kb)?.unwrap_or(0),
            v,
        }))
    }
}

impl Challenge {
    /// Whether this HELLO proves that its sender knows the password. Takes the same time for any proof.
    ///
    /// A client that speaks version 2 hashes as often as asked, an older one once.
    pub fn accepts(&self, password: &str, hello: &Hello) -> bool {
        let iterations = if hello.v < 2 { 1 } else { self.iterations };
        let mut digest = Sha256::new()
            .chain_update(password)
            .chain_update(&self.salt)
            .finalize();
        for _ in 1..iterations {
            digest = Sha256::digest(digest);
        }
        let mut proof = String::with_capacity(64);
        for byte in digest {
            // Writing to a String cannot fail.
            let _ = write!(proof, "{byte:02x}");
        }
        proof.as_bytes().ct_eq(hello.pwdhash.as_bytes()).into()
    }
}
