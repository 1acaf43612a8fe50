//! What the operator has set about who may come in.

use std::fmt;
use std::net::IpAddr;

use zeroize::Zeroizing;

use super::account::Account;
use super::network::Network;

/// A text that is never shown, and wiped from memory when it goes.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes the text as it is.
    pub fn new(text: &str) -> Self {
        Self(Zeroizing::new(text.to_owned()))
    }

    pub(super) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(not shown)")
    }
}

/// Who may come in, as it is set now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    /// Whether anybody is asked who they are. If not, a proxy has asked.
    pub authentication: bool,
    /// What lets in everybody who knows it, under any name, as an admin.
    pub password: Option<Secret>,
    /// Those who come in under their own names.
    pub accounts: Vec<Account>,
    /// Whose word counts on where a request comes from.
    pub proxies: Vec<Network>,
    /// Names of this server that are public ones, such as `jobs.example.com`.
    pub hosts: Vec<String>,
}

impl Default for Access {
    /// Everybody, as long as there is no password.
    fn default() -> Self {
        Self {
            authentication: true,
            password: None,
            accounts: Vec::new(),
            proxies: Vec::new(),
            hosts: Vec::new(),
        }
    }
}

impl Access {
    /// Whether people must show who they are.
    pub(super) fn is_closed(&self) -> bool {
        self.authentication && (self.password.is_some() || !self.accounts.is_empty())
    }

    /// Whether nobody asks anybody, nor has a proxy asked.
    pub(super) fn is_open_to_all(&self) -> bool {
        self.authentication && !self.is_closed()
    }

    /// Whether this is a proxy that the operator trusts.
    pub(super) fn is_proxy(&self, address: IpAddr) -> bool {
        self.proxies.iter().any(|network| network.contains(address))
    }
}
