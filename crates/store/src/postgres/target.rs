//! Which database, and as whom.

use std::fmt;
use std::str::FromStr as _;
use std::time::{Duration, Instant};

use tokio_postgres::Config;
use tokio_postgres::config::Host;

use super::failure::chain_of;
use super::link::Link;
use super::wire::Wire;
use crate::StoreError;

/// The port of a database whose address names none.
const PORT_DEFAULT: u16 = 5_432;
/// How long a connection may take to be made, per host.
const CONNECT_WAIT: Duration = Duration::from_secs(5);
/// The longest name of a schema, in bytes: PostgreSQL would cut it.
const SCHEMA_BYTES_MAX: usize = 63;

/// A database to keep jobs in.
#[derive(Clone, PartialEq)]
pub struct Target {
    config: Config,
    schema: Box<str>,
    prepares: bool,
}

impl fmt::Debug for Target {
    /// Without the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl fmt::Display for Target {
    /// Where it is, without the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let database = self.config.get_dbname().or(self.config.get_user());
        write!(f, "the database {}", database.unwrap_or_default())?;
        for (nth, (host, port)) in self.hosts().enumerate() {
            let before = if nth == 0 { " at" } else { "," };
            match host {
                Host::Tcp(name) => write!(f, "{before} {name}:{port}")?,
                Host::Unix(path) => write!(f, "{before} {}:{port}", path.display())?,
            }
        }
        Ok(())
    }
}

impl Target {
    /// Reads `postgres://user:password@host:port/database?…`, or `host=… user=…` as libpq has it. Tables are kept in `schema`.
    ///
    /// # Errors
    /// [`StoreError::Open`] with what is wrong.
    pub fn parse(url: &str, schema: &str) -> Result<Self, StoreError> {
        let config = Config::from_str(url).map_err(|error| {
            // It names what is wrong, and never a value.
            let reason = chain_of(&error);
            StoreError::Open(format!(
                "this is no address of a PostgreSQL database: {reason}"
            ))
        })?;
        if config.get_hosts().is_empty() {
            return Err(StoreError::Open(
                "the address of the database names no host: write postgres://user@host/database"
                    .into(),
            ));
        }
        let is_name = !schema.is_empty() && !schema.contains(['\0', '"']);
        if !is_name || schema.len() > SCHEMA_BYTES_MAX {
            return Err(StoreError::Open(format!(
                "{schema:?} is no name of a schema: it has up to {SCHEMA_BYTES_MAX} bytes and no quotation marks"
            )));
        }
        Ok(Self {
            config,
            schema: schema.into(),
            prepares: true,
        })
    }

    /// The same, where a pooler of transactions is in between: no statement is prepared, as the next transaction may be that of
    /// another session.
    pub fn through_pooler(self) -> Self {
        Self {
            prepares: false,
            ..self
        }
    }

    /// Whether a pooler of transactions is in between.
    pub fn has_pooler(&self) -> bool {
        !self.prepares
    }

    /// The schema that the tables are in.
    pub fn schema(&self) -> &str {
        &self.schema
    }

    /// Connects, to the first host that lets it.
    ///
    /// # Errors
    /// [`StoreError::Open`] with what the last one said.
    pub(super) fn connect(&self) -> Result<Link, StoreError> {
        let mut reason = String::new();
        for (host, port) in self.hosts() {
            match self.connect_to(host, port) {
                Ok(link) => return Ok(link),
                Err(failed) => reason = failed,
            }
        }
        Err(StoreError::Open(format!(
            "cannot connect to {self}: {reason}"
        )))
    }

    fn connect_to(&self, host: &Host, port: u16) -> Result<Link, String> {
        let wait = self.config.get_connect_timeout().copied();
        let wait = wait.unwrap_or(CONNECT_WAIT);
        let until = Instant::now() + wait;
        let connected = match host {
            Host::Tcp(name) => Wire::connect(name, port, wait),
            Host::Unix(directory) => Wire::connect_local(directory, port),
        };
        let (wire, waiter) = connected.map_err(|error| error.to_string())?;
        Link::begin(wire, waiter, &self.config, self.prepares, until)
            .map_err(|failure| failure.to_string())
    }

    fn hosts(&self) -> impl Iterator<Item = (&Host, u16)> {
        let ports = self.config.get_ports();
        let hosts = self.config.get_hosts().iter().enumerate();
        hosts.map(move |(nth, host)| {
            let port = ports.get(nth).or(ports.first()).copied();
            (host, port.unwrap_or(PORT_DEFAULT))
        })
    }
}
