//! The settings as the rest of the server reads them.

use std::path::PathBuf;
use std::sync::Arc;

use workmill_engine::{CronTable, Rules};
use workmill_store::postgres::Target;
use workmill_store::sqlite::Durability;

use super::{Binding, ClusterSettings, MetricsSettings, Throttles, WebSettings};
use crate::environment::Environment;
use crate::password::Password;
use crate::tls::TlsFiles;

/// Everything an operator can decide, checked and with the defaults filled in.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Where the command port listens.
    pub binding: Binding,
    /// Development, staging or production.
    pub environment: Environment,
    /// Where the data lives.
    pub storage_dir: PathBuf,
    /// The database that jobs are kept in; `None` means one in the storage directory.
    pub database: Option<Target>,
    /// Where `conf.d`, the TLS pair and the password file are looked for.
    pub config_dir: PathBuf,
    /// What clients must prove that they know; `None` lets everybody in.
    pub password: Option<Password>,
    /// When an acknowledged change must be on disk.
    pub durability: Durability,
    /// The certificate and the key of the command port; `None` means plain TCP.
    pub tls: Option<TlsFiles>,
    /// How many client connections may be open at a time.
    pub connections_max: usize,
    /// How long a line of the protocol may be, in bytes.
    pub line_bytes_max: usize,
    /// How many bytes all connections together may have sent that the server has not worked off yet.
    /// Never below `line_bytes_max`.
    pub input_bytes_max: usize,
    /// What an operator can set of the rules of jobs: the limits of the dead set; and whether metrics need to know.
    pub rules: Rules,
    /// The recurring jobs. The same table as before while none of them has changed.
    pub cron: Arc<CronTable>,
    /// Where metrics go; `None` if they are off.
    pub metrics: Option<MetricsSettings>,
    /// Whether the reservations of stale workers end at once.
    pub recover_lost: bool,
    /// Whether jobs can be unique.
    pub uniq: bool,
    /// What can be set of batches.
    pub batch: BatchSettings,
    /// How fast jobs may leave queues.
    pub throttles: Throttles,
    /// The web pages.
    pub web: WebSettings,
    /// How it works together with other servers.
    pub cluster: ClusterSettings,
}

/// What a server knows that is one of several on one database.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Membership<'a> {
    pub(crate) target: &'a Target,
    /// Where the others come in, when it leads.
    pub(crate) binding: &'a Binding,
    /// Where the others are to come, if that is not the same.
    pub(crate) address: Option<&'a Binding>,
    pub(crate) secret: &'a Password,
}

impl Settings {
    /// What it takes to be one of several servers on one database; none if it is not.
    pub(crate) fn membership(&self) -> Option<Membership<'_>> {
        let (binding, secret) = self.cluster.door()?;
        Some(Membership {
            target: self.database.as_ref()?,
            binding,
            address: self.cluster.address.as_ref(),
            secret,
        })
    }

    /// Whether jobs are in files of this server's own: neither a database has them, nor another server.
    pub(crate) fn keeps_files(&self) -> bool {
        self.database.is_none() && self.cluster.leader.is_none()
    }
}

/// What operators can set of batches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchSettings {
    /// Whether there are any. If not, jobs that name one are taken as others are.
    pub enabled: bool,
    /// After how many minutes a batch is forgotten that has not been committed.
    pub uncommitted_timeout_minutes: usize,
    /// After how many days without a change a batch is forgotten that has been committed.
    pub committed_timeout_days: usize,
}

impl Default for BatchSettings {
    /// Half an hour, as Faktory; and 30 days.
    fn default() -> Self {
        Self {
            enabled: true,
            uncommitted_timeout_minutes: 30,
            committed_timeout_days: 30,
        }
    }
}
