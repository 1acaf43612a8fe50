//! Says in the log who was turned away before the `+OK` of a HELLO, and why.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Instant;

use parking_lot::Mutex;

use crate::log_limit::LogLimit;

/// How the first bytes of a TLS client begin: a handshake record of any version 3.x.
const TLS_HANDSHAKE: &[u8] = &[0x16, 3];

/// The signature of version 2 of the PROXY protocol.
const PROXY_V2: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";

const HTTP_METHODS: [&[u8]; 8] = [
    b"GET ",
    b"HEAD ",
    b"POST ",
    b"PUT ",
    b"DELETE ",
    b"OPTIONS ",
    b"PATCH ",
    b"CONNECT ",
];

/// Why somebody is turned away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Reason {
    /// TLS on a port without it.
    Tls,
    /// A web browser, a health check, or metrics that are scraped.
    Http,
    /// The header of a proxy.
    Proxy,
    /// Something else than a HELLO.
    NoHello,
    /// A HELLO that cannot be read.
    BadHello,
    /// A first line beyond its limit.
    LineTooLong,
    /// No HELLO in time.
    HelloTooSlow,
    /// It had to make room for others.
    PushedOut,
    /// A wrong proof of the password.
    WrongPassword,
    /// No proof of a password.
    NoPassword,
    /// Its password could not be checked: too many others wait for that.
    NotChecked,
    /// The limit of connections is reached.
    TooManyConnections,
}

impl Reason {
    /// What the bytes that came instead of a HELLO are, if that can be told from their beginning.
    pub(crate) fn of_first_bytes(bytes: &[u8]) -> Option<Self> {
        if bytes.starts_with(TLS_HANDSHAKE) {
            Some(Self::Tls)
        } else if bytes.starts_with(b"PROXY ") || bytes.starts_with(PROXY_V2) {
            Some(Self::Proxy)
        } else if HTTP_METHODS.iter().any(|method| bytes.starts_with(method)) {
            Some(Self::Http)
        } else {
            None
        }
    }

    fn text(self) -> &'static str {
        match self {
            Self::Tls => {
                "it begins with a TLS handshake, and this port is plain TCP: use tcp:// in its URL, or give the server a certificate"
            }
            Self::Http => {
                "it speaks HTTP, and this port the Faktory protocol: a check of health can open a TCP connection and close it"
            }
            Self::Proxy => {
                "it begins with a header of the PROXY protocol, which is not understood: turn that off in the proxy"
            }
            Self::NoHello => "its first line is not HELLO",
            Self::BadHello => "its HELLO cannot be read: it must be a JSON object of the protocol",
            Self::LineTooLong => "its first line is too long",
            Self::HelloTooSlow => "it sent no complete HELLO in time",
            Self::PushedOut => "it said nothing, and others needed its place",
            Self::WrongPassword => "its password is wrong",
            Self::NoPassword => "it sent no password, and the server needs one",
            Self::NotChecked => "its password could not be checked: too many others wait for that",
            Self::TooManyConnections => {
                "too many connections are open: raise limits.connections_max, or run fewer workers"
            }
        }
    }
}

/// Keeps those who come a thousand times a second from filling the log: each reason has a limit of its own.
#[derive(Debug, Default)]
pub(crate) struct Rejections {
    limits: Mutex<BTreeMap<Reason, LogLimit>>,
}

impl Rejections {
    /// A client was turned away. Nothing of what it sent is shown: that may be a secret.
    pub(crate) fn note(&self, peer: SocketAddr, reason: Reason) {
        if let Some(suppressed) = self.pass(reason) {
            let reason = reason.text();
            tracing::warn!(%peer, reason, suppressed, "a client is turned away");
        }
    }

    fn pass(&self, reason: Reason) -> Option<u64> {
        let mut limits = self.limits.lock();
        limits.entry(reason).or_default().pass(Instant::now())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_bytes_tell_the_protocol() {
        for (bytes, reason) in [
            (&b"\x16\x03\x01\x02\x00"[..], Some(Reason::Tls)),
            (b"GET / HTTP/1.1\r\n", Some(Reason::Http)),
            (b"POST /", Some(Reason::Http)),
            (b"PROXY TCP4 1.2.3.4", Some(Reason::Proxy)),
            (b"\r\n\r\n\0\r\nQUIT\n\x21", Some(Reason::Proxy)),
            (b"HELLO {}", None),
            (b"PUSH {}", None),
            (b"\x16", None),
            (b"", None),
        ] {
            assert_eq!(Reason::of_first_bytes(bytes), reason, "{bytes:?}");
        }
    }

    #[test]
    fn each_reason_has_its_own_limit() {
        let rejections = Rejections::default();
        assert_eq!(rejections.pass(Reason::Http), Some(0));
        assert_eq!(rejections.pass(Reason::Http), None);
        assert_eq!(rejections.pass(Reason::WrongPassword), Some(0));
    }
}
