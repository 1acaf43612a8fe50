//! An address to listen on, as operators write it.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};

use crate::shown::{has_credentials, without_credentials};

/// `host:port`. The host is a name or an IP address (IPv6 in brackets); without one, as in `:7419`, the server listens
/// on all addresses of the machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    host: String,
    port: u16,
}

impl Binding {
    /// Reads `host:port`, or says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let shown = without_credentials(text);
        if let Some((scheme, rest)) = shown.split_once("://") {
            let address = rest.strip_prefix("***@").unwrap_or(rest);
            let address = address.trim_end_matches('/');
            let meant = Self::parse(address).map_or("localhost:7419", |_| address);
            return Err(format!(
                "{scheme}:// does not belong here; write host:port, such as {meant}"
            ));
        }
        let wrong =
            |what: &str| format!("{shown:?} {what}; write host:port, such as localhost:7419");
        if has_credentials(text) {
            return Err(wrong("has a user or a password before its host"));
        }
        if text.parse::<u16>().is_ok() {
            return Err(format!(
                "{text:?} has no host; write host:port, such as localhost:{text}, or :{text} for all addresses"
            ));
        }
        let (host, port) = text.rsplit_once(':').ok_or_else(|| wrong("has no port"))?;
        let port = port
            .parse()
            .map_err(|_| wrong("has no port between 0 and 65535"))?;
        let bracketed = host
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'));
        let host = match bracketed {
            Some(inner) if inner.parse::<Ipv6Addr>().is_ok() => inner,
            Some(_) => return Err(wrong("has no IPv6 address in its brackets")),
            None if text.parse::<Ipv6Addr>().is_ok() || host.parse::<Ipv6Addr>().is_ok() => {
                return Err(wrong("has an IPv6 address without brackets"));
            }
            None if host == "*" => {
                return Err(format!(
                    "{text:?} has a * for its host; for all addresses leave the host of host:port out, as in :{port}"
                ));
            }
            None if host.contains(':') => return Err(wrong("has a colon in its host")),
            None if host.contains(char::is_whitespace) => {
                return Err(wrong("has a blank in its host"));
            }
            None => host,
        };
        Ok(Self {
            host: host.to_owned(),
            port,
        })
    }

    /// Whether that is every address of the machine, and none to connect to from another one.
    pub(crate) fn is_everywhere(&self) -> bool {
        let ip = self.host.parse::<IpAddr>();
        self.host.is_empty() || ip.is_ok_and(|ip| ip.is_unspecified())
    }

    /// The addresses to connect to. May wait for whoever knows names, but holds no thread up.
    pub(crate) async fn lookup(&self) -> io::Result<Vec<SocketAddr>> {
        let found = tokio::net::lookup_host((&*self.host, self.port)).await?;
        Ok(found.collect())
    }

    /// The addresses to try in turn; the first that can be bound is it. IPv4 comes first when a name has both kinds, as
    /// in Go's net package, because clients of `localhost` mostly try that.
    pub fn addresses(&self) -> io::Result<Vec<SocketAddr>> {
        if self.host.is_empty() {
            // An IPv6 socket takes IPv4 connections too; where there is no IPv6, the second one does.
            let all = [
                IpAddr::V6(Ipv6Addr::UNSPECIFIED),
                IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            ];
            return Ok(all.map(|ip| SocketAddr::new(ip, self.port)).to_vec());
        }
        let mut addresses: Vec<SocketAddr> =
            (self.host.as_str(), self.port).to_socket_addrs()?.collect();
        addresses.sort_by_key(SocketAddr::is_ipv6);
        Ok(addresses)
    }

    /// Whether other machines can reach it, as far as its text tells: everything but `localhost` and loopback
    /// addresses.
    pub fn is_public(&self) -> bool {
        match self.host.parse::<IpAddr>() {
            Ok(ip) => !ip.to_canonical().is_loopback(),
            Err(_) => !self.host.eq_ignore_ascii_case("localhost"),
        }
    }
}

impl fmt::Display for Binding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port } = self;
        if host.contains(':') {
            write!(f, "[{host}]:{port}")
        } else {
            write!(f, "{host}:{port}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Binding {
        Binding::parse(text).unwrap()
    }

    #[test]
    fn binding_without_a_host_means_all_addresses_of_both_kinds() {
        let addresses = parse(":7419").addresses().unwrap();
        assert_eq!(
            addresses,
            [
                "[::]:7419".parse().unwrap(),
                "0.0.0.0:7419".parse().unwrap()
            ]
        );
    }

    #[test]
    fn ipv4_comes_before_ipv6_of_the_same_name() {
        let addresses = parse("localhost:0").addresses().unwrap();
        assert!(
            addresses.is_sorted_by_key(SocketAddr::is_ipv6),
            "{addresses:?}"
        );
        assert!(
            addresses.contains(&"127.0.0.1:0".parse().unwrap()),
            "{addresses:?}"
        );
    }

    #[test]
    fn only_loopback_addresses_are_not_public() {
        for private in [
            "localhost:7419",
            "LOCALHOST:1",
            "127.0.0.1:7419",
            "127.3.2.1:7419",
            "[::1]:7419",
            "[::ffff:127.0.0.1]:1",
        ] {
            assert!(!parse(private).is_public(), "{private}");
        }
        for public in [
            ":7419",
            "0.0.0.0:7419",
            "[::]:7419",
            "10.0.0.7:7419",
            "jobs.example.com:7419",
        ] {
            assert!(parse(public).is_public(), "{public}");
        }
    }

    #[test]
    fn binding_is_shown_as_it_was_written() {
        for text in ["localhost:7419", ":7419", "[::1]:0", "0.0.0.0:65535"] {
            assert_eq!(parse(text).to_string(), text);
        }
    }

    #[test]
    fn bad_binding_is_refused_with_what_is_wrong() {
        for (text, wrong) in [
            ("localhost", "has no port"),
            (
                "7419",
                "has no host; write host:port, such as localhost:7419, or :7419 for all",
            ),
            (
                "*:7419",
                "has a * for its host; for all addresses leave the host of host:port out, as in :7419",
            ),
            ("", "has no port"),
            ("localhost:", "has no port between 0 and 65535"),
            ("localhost:70000", "has no port between 0 and 65535"),
            ("::1:7419", "has an IPv6 address without brackets"),
            ("fe80::1", "has an IPv6 address without brackets"),
            ("localhost:7419:7419", "has a colon in its host"),
            (
                "unix:///run/jobs.sock",
                "unix:// does not belong here; write host:port, such as localhost:7419",
            ),
            ("[fish]:7419", "has no IPv6 address in its brackets"),
            ("my host:7419", "has a blank in its host"),
            (
                "tcp://0.0.0.0:7419",
                "tcp:// does not belong here; write host:port, such as 0.0.0.0:7419",
            ),
            (
                "tcp+tls://:secret@localhost:7419/",
                "tcp+tls:// does not belong here; write host:port, such as localhost:7419",
            ),
            ("secret@host:7419", "\"***@host:7419\" has a user"),
            ("user:secret://x@host:7419", "\"***@host:7419\" has a user"),
        ] {
            let error = Binding::parse(text).unwrap_err();
            assert!(
                error.contains(wrong) && error.contains("host:port"),
                "{text}: {error}"
            );
            assert!(!error.contains("secret"), "{error}");
        }
    }
}
