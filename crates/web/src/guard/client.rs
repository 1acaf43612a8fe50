//! Where a request comes from, behind proxies that the operator trusts.

use std::net::IpAddr;

use axum::http::HeaderMap;

use super::access::Access;
use super::peer::Peer;

/// Addresses of a chain of proxies that are looked at.
const CHAIN_MAX: usize = 16;

/// The client's address: the peer's; if that is a trusted proxy, the last one in `X-Forwarded-For` that is none. Whoever is
/// no trusted proxy can write what they like there.
pub(super) fn client_address(access: &Access, peer: Peer, headers: &HeaderMap) -> IpAddr {
    let mut client = peer.0.ip().to_canonical();
    let forwarded: Vec<&str> = headers
        .get_all("x-forwarded-for")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .collect();
    for one in forwarded.iter().rev().take(CHAIN_MAX) {
        if !access.is_proxy(client) {
            break;
        }
        match one.trim().parse::<IpAddr>() {
            Ok(address) => client = address.to_canonical(),
            Err(_) => break,
        }
    }
    client
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn only_trusted_proxies_say_where_a_request_comes_from() {
        let access = Access {
            proxies: vec!["10.0.0.0/8".parse().unwrap()],
            ..Access::default()
        };
        for (peer, forwarded, client) in [
            ("192.0.2.1", "203.0.113.9", "192.0.2.1"),
            ("10.0.0.1", "203.0.113.9", "203.0.113.9"),
            ("10.0.0.1", "1.1.1.1, 203.0.113.9", "203.0.113.9"),
            ("10.0.0.1", "1.1.1.1, 203.0.113.9, 10.0.0.2", "203.0.113.9"),
            ("::ffff:10.0.0.1", "203.0.113.9", "203.0.113.9"),
            ("10.0.0.1", "nonsense", "10.0.0.1"),
            ("10.0.0.1", "", "10.0.0.1"),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert("x-forwarded-for", HeaderValue::from_str(forwarded).unwrap());
            let peer = Peer((peer.parse::<IpAddr>().unwrap(), 1).into());
            let found = client_address(&access, peer, &headers);
            assert_eq!(found, client.parse::<IpAddr>().unwrap(), "{forwarded}");
        }
    }
}
