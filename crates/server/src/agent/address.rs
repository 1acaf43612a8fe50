//! Where the agent listens.

use std::fmt;
use std::net::Ipv6Addr;
use std::path::PathBuf;

use crate::shown::has_credentials;

/// The agent's port when none is said.
pub(crate) const PORT_DEFAULT: u16 = 8_125;

/// Longer paths of sockets are not possible on Linux.
const SOCKET_PATH_BYTES_MAX: usize = 107;

/// Where an agent that speaks `DogStatsD` listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AgentAddress {
    /// On a UDP port.
    Udp {
        /// A name or an IP address, without brackets.
        host: String,
        /// The port.
        port: u16,
    },
    /// On a unix socket that takes datagrams.
    Unix(PathBuf),
}

impl AgentAddress {
    /// Reads `udp://host:port`, `unix:///path` (or `unixgram:`, as clients of other languages call it) or `host:port`. An
    /// IPv6 address in a URL has brackets: without them its end could be a port. A port that is left out is `port_default`.
    ///
    /// # Errors
    /// A text that says what is wrong.
    pub(crate) fn parse(text: &str, port_default: u16) -> Result<Self, String> {
        match text.split_once("://") {
            Some(("unix" | "unixgram", path)) => parse_path(path),
            _ if has_credentials(text) => Err(String::from(
                "what stands before the @ would be a user or a password, and none is needed: leave it out",
            )),
            Some(("udp", authority)) if is_ipv6(authority) => Err(brackets_missing()),
            Some(("udp", authority)) => parse_authority(authority, port_default),
            Some((scheme, _)) => Err(format!("{scheme}:// is not known")),
            None => parse_authority(text, port_default),
        }
    }
}

fn parse_path(path: &str) -> Result<AgentAddress, String> {
    if !path.starts_with('/') {
        return Err(String::from("the path of a socket must begin with /"));
    }
    if path.len() > SOCKET_PATH_BYTES_MAX {
        return Err(format!(
            "the path of a socket may have at most {SOCKET_PATH_BYTES_MAX} bytes"
        ));
    }
    Ok(AgentAddress::Unix(path.into()))
}

fn parse_authority(authority: &str, port_default: u16) -> Result<AgentAddress, String> {
    let (host, port) = split_port(authority)?;
    if host.is_empty() {
        return Err(String::from("the host is missing"));
    }
    if !host
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || "-._:%".contains(c))
    {
        return Err(format!("{host:?} is no host"));
    }
    let port = match port {
        None => port_default,
        Some(port) => parse_port(port)?,
    };
    Ok(AgentAddress::Udp {
        host: host.to_owned(),
        port,
    })
}

/// The host without brackets, and the port if there is one.
fn split_port(authority: &str) -> Result<(&str, Option<&str>), String> {
    if let Some((host, rest)) = authority.strip_prefix('[').and_then(|a| a.split_once(']')) {
        return Ok((host, rest.strip_prefix(':')));
    }
    if is_ipv6(authority) {
        return Ok((authority, None));
    }
    match authority.rsplit_once(':') {
        Some((host, _)) if host.contains(':') => Err(brackets_missing()),
        Some((host, port)) => Ok((host, Some(port))),
        None => Ok((authority, None)),
    }
}

/// Whether this is an IPv6 address alone, without brackets. One of a single link names the network card: `fe80::1%eth0`.
fn is_ipv6(text: &str) -> bool {
    let (address, card) = text.split_once('%').unwrap_or((text, ""));
    address.parse::<Ipv6Addr>().is_ok() && !card.contains(':')
}

fn brackets_missing() -> String {
    String::from("an IPv6 address needs brackets here, like [::1] or [fe80::1%eth0]:8125")
}

/// Reads the number of a port.
pub(crate) fn parse_port(text: &str) -> Result<u16, String> {
    match text.parse() {
        Ok(0) | Err(_) => Err(format!("a port is a number from 1 to 65535, not {text:?}")),
        Ok(port) => Ok(port),
    }
}

impl fmt::Display for AgentAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Udp { host, port } if host.contains(':') => write!(f, "udp://[{host}]:{port}"),
            Self::Udp { host, port } => write!(f, "udp://{host}:{port}"),
            Self::Unix(path) => write!(f, "unix://{}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> String {
        match AgentAddress::parse(text, PORT_DEFAULT) {
            Ok(address) => address.to_string(),
            Err(error) => error,
        }
    }

    #[test]
    fn addresses_are_read_with_and_without_scheme_and_port() {
        for (text, expected) in [
            ("udp://agent.local:9125", "udp://agent.local:9125"),
            ("udp://10.0.0.1", "udp://10.0.0.1:8125"),
            ("localhost:8126", "udp://localhost:8126"),
            ("dd-agent", "udp://dd-agent:8125"),
            ("udp://[::1]:8126", "udp://[::1]:8126"),
            ("[::1]", "udp://[::1]:8125"),
            ("::1", "udp://[::1]:8125"),
            ("fe80::1%eth0", "udp://[fe80::1%eth0]:8125"),
            ("[fe80::1%eth0]:8126", "udp://[fe80::1%eth0]:8126"),
            ("udp://[fe80::1%eth0]", "udp://[fe80::1%eth0]:8125"),
            ("unixgram:///run/dsd.socket", "unix:///run/dsd.socket"),
            (
                "unix:///var/run/datadog/dsd.socket",
                "unix:///var/run/datadog/dsd.socket",
            ),
        ] {
            assert_eq!(parsed(text), expected, "{text}");
        }
    }

    #[test]
    fn bad_address_is_refused_with_what_is_wrong() {
        for (text, expected) in [
            ("tcp://localhost:8125", "tcp:// is not known"),
            ("udp://", "the host is missing"),
            (":8125", "the host is missing"),
            ("localhost:", "a port is a number from 1 to 65535, not \"\""),
            (
                "localhost:0",
                "a port is a number from 1 to 65535, not \"0\"",
            ),
            (
                "localhost:99999",
                "a port is a number from 1 to 65535, not \"99999\"",
            ),
            (
                "udp://localhost:8125/",
                "a port is a number from 1 to 65535, not \"8125/\"",
            ),
            ("two words", "\"two words\" is no host"),
            (
                "udp://user:secret@localhost:8125",
                "what stands before the @ would be a user or a password, and none is needed: leave it out",
            ),
            (
                "http://:secret@localhost",
                "what stands before the @ would be a user or a password, and none is needed: leave it out",
            ),
            ("unix:///run/a@b", "unix:///run/a@b"),
            (
                "unix://dsd.socket",
                "the path of a socket must begin with /",
            ),
        ] {
            assert_eq!(parsed(text), expected, "{text}");
        }
        for text in [
            "udp://::1",
            "udp://::1:8125",
            "udp://2001:db8::1:8125",
            "udp://fe80::1%eth0",
            "udp://fe80::1%eth0:8125",
            "fe80::1%eth0:8125",
            "2001:db8:0:0:0:0:0:1:8125",
        ] {
            let error = parsed(text);
            assert!(error.contains("needs brackets"), "{text}: {error}");
        }
        let long = format!("unix:///{}", "x".repeat(SOCKET_PATH_BYTES_MAX));
        assert!(parsed(&long).contains("at most 107 bytes"));
    }
}
