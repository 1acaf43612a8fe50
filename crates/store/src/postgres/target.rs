//! Which database, and as whom.

use std::fmt;
use std::str::FromStr as _;
use std::time::{Duration, Instant};

use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};

use super::encryption::{Connector, Encryption};
use super::failure::chain_of;
use super::link::Link;
use super::parameters::Parameters;
use super::password;
use super::request::Request;
use super::wire::Wire;
use crate::StoreError;

/// What the database's own lists of sessions show, if the address says nothing else.
const APPLICATION_NAME: &str = "workmill";
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
    encryption: Encryption,
    /// Whether a host that only reads is passed over.
    wants_writable: bool,
    /// A command that tells the password, for each connection.
    password_command: Option<Box<str>>,
    schema: Box<str>,
    prepares: bool,
}

/// What `target_session_attrs` says; without it, a host of several has to take what is written.
fn wants_writable(parameters: &Parameters, has_several: bool) -> Result<bool, StoreError> {
    match parameters.target_session_attrs.as_deref() {
        None => Ok(has_several),
        Some("any") => Ok(false),
        Some("read-write" | "primary") => Ok(true),
        Some(other) => Err(StoreError::Open(format!(
            "target_session_attrs={other} is of no use here, as jobs are written: leave it out, or write read-write or any"
        ))),
    }
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
    /// Reads `postgres://user:password@host:port/database?…`, or `host=… user=…` as libpq has it, with its `sslmode` and
    /// the files that belong to it. Tables are kept in `schema`.
    ///
    /// # Errors
    /// [`StoreError::Open`] with what is wrong.
    pub fn parse(url: &str, schema: &str) -> Result<Self, StoreError> {
        let (parameters, rest) = Parameters::take_out_of(url)?;
        let mut config = Config::from_str(&rest).map_err(|error| {
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
        if config.get_application_name().is_none() {
            config.application_name(APPLICATION_NAME);
        }
        let is_name = !schema.is_empty() && !schema.contains(['\0', '"']);
        if !is_name || schema.len() > SCHEMA_BYTES_MAX {
            return Err(StoreError::Open(format!(
                "{schema:?} is no name of a schema: it has up to {SCHEMA_BYTES_MAX} bytes and no quotation marks"
            )));
        }
        let wants_writable = wants_writable(&parameters, config.get_hosts().len() > 1)?;
        Ok(Self {
            config,
            encryption: Encryption::of(&parameters)?,
            wants_writable,
            password_command: None,
            schema: schema.into(),
            prepares: true,
        })
    }

    /// The same, where a command of the shell tells the password, for each connection anew: some passwords last for minutes only.
    ///
    /// # Errors
    /// [`StoreError::Open`] if the address has a password.
    pub fn with_password_of(self, command: &str) -> Result<Self, StoreError> {
        if self.config.get_password().is_some() {
            return Err(StoreError::Open(
                "the address of the database has a password already: remove that one, or the command".into(),
            ));
        }
        Ok(Self {
            password_command: Some(command.into()),
            ..self
        })
    }

    /// Whether a command tells the password.
    pub fn has_password_command(&self) -> bool {
        self.password_command.is_some()
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
        let (name, tries) = match host {
            Host::Tcp(name) => (&**name, self.encryption.tries()),
            // What passes there passes through no network.
            Host::Unix(_) => ("localhost", &[SslMode::Disable][..]),
        };
        let mut reason = String::new();
        for mode in tries {
            let connector = self.encryption.connector(name, *mode);
            let connector = connector.map_err(|error| error.to_string())?;
            match self.begin(host, port, *mode, connector) {
                Ok(mut link) => return self.writable(&mut link).map(|()| link),
                Err(failed) => reason = failed,
            }
        }
        Err(reason)
    }

    fn begin(
        &self,
        host: &Host,
        port: u16,
        mode: SslMode,
        connector: Connector,
    ) -> Result<Link, String> {
        let mut config = self.config.clone();
        config.ssl_mode(mode);
        if let Some(command) = &self.password_command {
            config.password(password::ask(command)?);
        }
        let wait = self.config.get_connect_timeout().copied();
        let wait = wait.unwrap_or(CONNECT_WAIT);
        let until = Instant::now() + wait;
        let connected = match host {
            Host::Tcp(name) => Wire::connect(name, port, wait),
            Host::Unix(directory) => Wire::connect_local(directory, port),
        };
        let wired = connected.map_err(|error| error.to_string())?;
        Link::begin(wired, &config, connector, self.prepares, until)
            .map_err(|failure| failure.to_string())
    }

    /// Whether a host takes what is written; one that only reads may do so after the next failover.
    fn writable(&self, link: &mut Link) -> Result<(), String> {
        if !self.wants_writable {
            return Ok(());
        }
        let text = "SELECT 1 WHERE pg_is_in_recovery() OR current_setting('transaction_read_only')::boolean";
        let reads_only = link.ask_one(Request::Statement(text, Vec::new()));
        match reads_only
            .map_err(|failure| failure.to_string())?
            .rows
            .is_empty()
        {
            true => Ok(()),
            false => Err("it only reads".into()),
        }
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
