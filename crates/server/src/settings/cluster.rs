//! Several servers that work as one: the table `[cluster]`.

use super::reader::{Found, Reader, refuse_because};
use super::{Binding, SettingsError};
use crate::password::Password;

const TABLE: &str = "cluster";

/// The shortest secret, in bytes: whoever listens to a link without TLS can try out short ones.
const SECRET_BYTES_MIN: usize = 16;

/// What can be set of how several servers work together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClusterSettings {
    /// The server that runs what this one's clients ask; none if this one does.
    pub leader: Option<Binding>,
    /// Where other servers hand over what their clients ask; none if nobody is to.
    pub binding: Option<Binding>,
    /// Where other servers reach this one, if not at the address where it listens.
    pub address: Option<Binding>,
    /// What all of them know, and nobody else.
    pub secret: Option<Password>,
}

impl ClusterSettings {
    /// Where another server is that leads, and the secret it knows.
    pub(crate) fn leader(&self) -> Option<(&Binding, &Password)> {
        self.leader.as_ref().zip(self.secret.as_ref())
    }

    /// Where links come in, and the secret that they need.
    pub(crate) fn door(&self) -> Option<(&Binding, &Password)> {
        self.binding.as_ref().zip(self.secret.as_ref())
    }
}

pub(super) fn choose_cluster(
    reader: &mut Reader,
    warnings: &mut Vec<String>,
    has_database: bool,
) -> Result<ClusterSettings, SettingsError> {
    let leader = choose_address(reader, "leader")?;
    let binding = choose_address(reader, "binding")?;
    let address = choose_address(reader, "address")?;
    let found = reader.string(TABLE, "secret", "a text, or the path of a file")?;
    let secret = Password::of_value(
        found.as_ref().map(|found| found.value.as_str()),
        "[cluster] secret",
        "named by [cluster] secret; a value that starts with / is a file",
        warnings,
    )?;
    let refuse = |key: &str, what: &str| {
        let at = reader.origin(TABLE, key);
        at.map_or(Ok(()), |at| {
            Err(refuse_because(at, TABLE, key, what.to_owned()))
        })
    };
    if let Some(secret) = &secret
        && secret.expose().len() < SECRET_BYTES_MIN
    {
        let what = format!(
            "a secret has at least {SECRET_BYTES_MIN} bytes; make one with: openssl rand -base64 32"
        );
        refuse("secret", &what)?;
    }
    if leader.is_some() && binding.is_some() {
        refuse(
            "binding",
            "a server with a leader takes no links of others: name the same leader there, or remove one of the two",
        )?;
    }
    if leader.is_some() && has_database {
        refuse(
            "leader",
            "a server with a database (storage.url) needs no leader: the servers on it choose one; remove one of the two",
        )?;
    }
    if address.is_some() && (binding.is_none() || !has_database) {
        refuse(
            "address",
            "this tells other servers on the same database where this one is: it needs storage.url and cluster.binding",
        )?;
    }
    let listens_everywhere = binding.as_ref().is_some_and(Binding::is_everywhere);
    if has_database && listens_everywhere && address.is_none() {
        refuse(
            "binding",
            "on this address other servers cannot find this one: name its own with cluster.address",
        )?;
    }
    for (key, address) in [("leader", &leader), ("binding", &binding)] {
        if address.is_some() && secret.is_none() {
            refuse(
                key,
                "this needs a secret that all servers know: set cluster.secret",
            )?;
        }
    }
    Ok(ClusterSettings {
        leader,
        binding,
        address,
        secret,
    })
}

fn choose_address(
    reader: &mut Reader,
    key: &'static str,
) -> Result<Option<Binding>, SettingsError> {
    let found = reader.string(TABLE, key, "an address as host:port")?;
    let parse = |found: Found<String>| {
        Binding::parse(&found.value).map_err(|what| refuse_because(found.origin, TABLE, key, what))
    };
    found.map(parse).transpose()
}
