//! Where a server is, as `FAKTORY_URL` says it.

use std::str::FromStr;

use anyhow::{Context as _, bail};
use percent_encoding::percent_decode_str;

/// The scheme of an address.
const SCHEME: &str = "tcp://";

/// Host, port and password of a server.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Address {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) password: Option<String>,
}

impl Address {
    /// The address without the password.
    pub(crate) fn url(&self) -> String {
        if self.host.contains(':') {
            format!("{SCHEME}[{}]:{}", self.host, self.port)
        } else {
            format!("{SCHEME}{}:{}", self.host, self.port)
        }
    }
}

/// Shows no password.
impl std::fmt::Debug for Address {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.url())
    }
}

impl FromStr for Address {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Self> {
        if text.starts_with("tcp+tls://") {
            bail!("TLS is not measured: name an address that begins with {SCHEME}");
        }
        // What follows may hold a password, so no error repeats it.
        let Some(rest) = text.strip_prefix(SCHEME) else {
            bail!("a server is named {SCHEME}HOST:PORT or {SCHEME}:PASSWORD@HOST:PORT");
        };
        let (user, place) = match rest.rsplit_once('@') {
            Some((user, place)) => (Some(user), place),
            None => (None, rest),
        };
        let place = place.strip_suffix('/').unwrap_or(place);
        let Some((host, port)) = place.rsplit_once(':') else {
            bail!("{place:?} names no port: write {SCHEME}HOST:PORT");
        };
        let host = host.trim_start_matches('[').trim_end_matches(']');
        if host.is_empty() {
            bail!("{place:?} names no host: write {SCHEME}HOST:PORT");
        }
        let port = port
            .parse()
            .with_context(|| format!("{port:?} is no port: write {SCHEME}HOST:PORT"))?;
        Ok(Self {
            host: host.to_owned(),
            port,
            password: user.map(password).transpose()?,
        })
    }
}

/// The password in `user:password` or `:password`.
fn password(user: &str) -> anyhow::Result<String> {
    let Some((_, password)) = user.split_once(':') else {
        bail!("a password is written {SCHEME}:PASSWORD@HOST:PORT, with a colon before it");
    };
    let password = percent_decode_str(password).decode_utf8();
    Ok(password
        .context("the password is not UTF-8 once its %XX are decoded")?
        .into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_port_and_password_are_read() {
        for (text, host, port, password) in [
            ("tcp://localhost:7419", "localhost", 7419, None),
            ("tcp://:secret@10.0.0.1:80/", "10.0.0.1", 80, Some("secret")),
            ("tcp://user:a%40%3Ab@h:1", "h", 1, Some("a@:b")),
            ("tcp://[::1]:7419", "::1", 7419, None),
        ] {
            let address: Address = text.parse().unwrap();
            assert_eq!((address.host.as_str(), address.port), (host, port));
            assert_eq!(address.password.as_deref(), password);
        }
    }

    #[test]
    fn what_is_no_address_is_refused_with_the_way_to_write_it() {
        for (text, hint) in [
            ("tcp+tls://h:1", "TLS is not measured"),
            ("localhost:7419", "a server is named tcp://HOST:PORT"),
            ("tcp://localhost", "\"localhost\" names no port"),
            ("tcp://:7419", "names no host"),
            ("tcp://h:70000", "\"70000\" is no port"),
            ("tcp://secret@h:1", "with a colon before it"),
            ("tcp://:%FF@h:1", "not UTF-8"),
        ] {
            let error = text.parse::<Address>().unwrap_err().to_string();
            assert!(error.contains(hint), "{text}: {error}");
        }
    }

    #[test]
    fn passwords_are_not_shown() {
        let address: Address = "tcp://:secret@[::1]:7419".parse().unwrap();
        assert_eq!(address.url(), "tcp://[::1]:7419");
        assert_eq!(format!("{address:?}"), "tcp://[::1]:7419");
        for text in ["http://:secret@h:1", "tcp://secret@h:1", "tcp://:secret@h"] {
            let error = format!("{:#}", text.parse::<Address>().unwrap_err());
            assert!(!error.contains("secret"), "{error}");
        }
    }
}
