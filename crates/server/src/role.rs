//! What a server is to its clients: the one that runs what they ask, or one that hands it over.

use std::future::pending;
use std::sync::Arc;

use anyhow::Context as _;
use tokio::time::Instant;
use workmill_cluster::Epoch;
use workmill_engine::Rules;
use workmill_store::sqlite::SqliteStore;

use crate::cluster::{Following, LinkListener};
use crate::database::{self, Reign};
use crate::disk_watch::DiskWatch;
use crate::dump;
use crate::member::Member;
use crate::settings::Settings;
use crate::shared::Shared;
use crate::storage_dir::StorageDir;
use crate::term::{Among, Opened, Term, TermEnd};
use crate::threads::Threads;

/// What a server is.
pub(crate) enum Role {
    /// It has the store, and runs what its clients ask.
    Leading(Term),
    /// Another one does.
    Following(Following),
    /// It is one of several on one database, of which any may lead.
    Member(Member),
}

impl Role {
    /// Starts what the settings say: a term with the store in the storage directory, or in the database if there is none, or the
    /// way to the server that leads.
    pub(crate) async fn start(
        settings: &Settings,
        storage_dir: Option<StorageDir>,
        shared: &Arc<Shared>,
        threads: Threads,
        watch: &DiskWatch,
    ) -> anyhow::Result<Self> {
        if let Some((leader, secret)) = settings.cluster.leader() {
            let following = Following::start_to(shared, leader, secret);
            return Ok(Self::Following(following));
        }
        if let Some(membership) = settings.membership() {
            let member = Member::start(settings, membership, shared)?;
            return Ok(Self::Member(member));
        }
        let rules = settings.engine_rules();
        let term = if let Some(storage_dir) = storage_dir {
            let store = SqliteStore::open_on(watch.disk(), storage_dir.path(), settings.durability)
                .context("cannot open the database")?;
            let lease = Box::new(storage_dir.into_lease());
            let opened = Opened::load(store)?;
            Term::start(lease, opened, rules, shared, threads, open_door(settings)?)?
        } else {
            let target = settings.database.as_ref();
            let target = target.context("neither a storage directory nor a database is set")?;
            let Reign { lease, opened, .. } = database::open(target, &settings.binding).await?;
            Term::start(Box::new(lease), opened, rules, shared, threads, None)?
        };
        Ok(Self::Leading(term))
    }

    /// Waits until all of it has started.
    pub(crate) async fn started(&mut self) {
        match self {
            Self::Leading(term) => term.started().await,
            Self::Following(following) => following.started().await,
            Self::Member(member) => member.started().await,
        }
    }

    /// Changes the rules, from the next group on; of no effect where another server has them.
    pub(crate) fn set_rules(&self, rules: Rules) {
        match self {
            Self::Leading(term) => term.set_rules(rules),
            Self::Member(member) => member.set_rules(rules),
            Self::Following(_) => {}
        }
    }

    /// Writes what is going on into the log.
    pub(crate) async fn log(&self, shared: &Arc<Shared>) {
        match self {
            Self::Leading(term) => term.dump().log(shared).await,
            Self::Following(following) => {
                following.log();
                dump::log_clients(shared);
            }
            Self::Member(member) => member.log(),
        }
    }

    /// Waits until it cannot go on, and tells why. May be dropped and called again; once it has told, not.
    pub(crate) async fn fault(&mut self) -> String {
        match self {
            Self::Leading(term) => term.fault().await,
            // It waits for another leader, however long that takes.
            Self::Following(_) => pending().await,
            Self::Member(member) => member.fault().await,
        }
    }

    /// Asks the duties of time to stop, and does not wait for their end.
    pub(crate) fn ask_to_stop(&self) {
        match self {
            Self::Leading(term) => term.ask_to_stop(),
            // What is handed over may still lead to this server itself.
            Self::Following(_) | Self::Member(_) => {}
        }
    }

    /// Ends it, by `deadline` as far as it depends on others.
    pub(crate) async fn stop(&mut self, deadline: Instant) -> TermEnd {
        match self {
            Self::Leading(term) => term.stop(deadline).await,
            Self::Following(following) => {
                following.stop(deadline).await;
                TermEnd::Over
            }
            Self::Member(member) => member.stop(deadline).await,
        }
    }
}

/// Listens for the links of other servers, if there are to be any.
fn open_door(settings: &Settings) -> anyhow::Result<Option<Among>> {
    let Some((binding, secret)) = settings.cluster.door() else {
        return Ok(None);
    };
    Ok(Some(Among {
        door: LinkListener::bind(binding, secret)?,
        // A store in files has one leader after the other, and nobody who must tell them apart.
        epoch: Epoch(1),
    }))
}
