//! Whether a name can be one that a stranger has made lead here.
//!
//! Whoever owns a public name can let it lead to any address, also to `127.0.0.1`, while a page of theirs is open (DNS rebinding). To
//! the browser that page is then of the same origin as ours.

use std::net::{Ipv4Addr, Ipv6Addr};

/// Names below these belong to nobody, by RFC 6761, RFC 6762, RFC 8375 and the reservation of `internal` by ICANN; `lan` was never
/// given away.
const PRIVATE: [&str; 6] = ["localhost", "local", "internal", "test", "home.arpa", "lan"];

/// Whether a stranger cannot have made this `Host` lead here: it is an address, one word, a private name, or one of `named`.
pub(super) fn is_own(host: &str, named: &[String]) -> bool {
    let name = without_port(host);
    let is_below = |suffix: &&str| {
        let rest = name.len().checked_sub(suffix.len());
        let split = rest.and_then(|at| name.split_at_checked(at));
        split.is_some_and(|(rest, end)| end.eq_ignore_ascii_case(suffix) && rest.ends_with('.'))
    };
    is_address(name)
        || (!name.is_empty() && !name.contains('.'))
        || PRIVATE.iter().any(is_below)
        || named
            .iter()
            .any(|own| without_root(own).eq_ignore_ascii_case(name))
}

/// A name without the dot at its end, with which it may be written and means the same.
fn without_root(name: &str) -> &str {
    name.strip_suffix('.').unwrap_or(name)
}

fn without_port(host: &str) -> &str {
    let name = match host.rsplit_once(':') {
        // Within brackets they are of an address.
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    without_root(name)
}

fn is_address(name: &str) -> bool {
    let inner = name
        .strip_prefix('[')
        .and_then(|name| name.strip_suffix(']'));
    name.parse::<Ipv4Addr>().is_ok() || inner.is_some_and(|v6| v6.parse::<Ipv6Addr>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_private_names_are_own() {
        for host in [
            "127.0.0.1:7420",
            "10.0.0.7",
            "[::1]:7420",
            "[::1]",
            "localhost:7420",
            "LOCALHOST",
            "workmill:7420",
            "jobs.internal",
            "a.b.local:7420",
            "box.home.arpa",
            "jobs.lan.",
        ] {
            assert!(is_own(host, &[]), "{host}");
        }
    }

    #[test]
    fn names_that_somebody_can_own_are_own_if_they_are_named() {
        for host in [
            "evil.example",
            "evil.example:7420",
            "127.0.0.1.evil.example",
            "localhost.evil.example",
            "notlocal.nlocal",
            "internal.com",
            "",
            ":7420",
            "1.2.3",
            "[::1]x.example",
            ".example",
        ] {
            assert!(!is_own(host, &[]), "{host}");
        }
        for named in ["jobs.example.com", "jobs.example.com."] {
            let named = [named.to_owned()];
            for host in ["Jobs.Example.com:7420", "jobs.example.com.:7420"] {
                assert!(is_own(host, &named), "{host} {named:?}");
            }
            assert!(!is_own("x.jobs.example.com", &named));
        }
    }
}
