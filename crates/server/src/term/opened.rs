//! A store that a term can begin with.

use anyhow::Context as _;
use workmill_cluster::AnswerLogs;
use workmill_engine::MadeEntries;
use workmill_store::Store;

use crate::settings::load_made;

/// A store, and what is to be read of it before a term can begin. Nobody writes yet, so that is all there is.
pub(crate) struct Opened<S> {
    pub(super) store: S,
    /// What was left of other servers by the leader before.
    pub(super) logs: AnswerLogs,
    pub(super) made: MadeEntries,
}

impl<S: Store> Opened<S> {
    /// Reads it, and waits for the store meanwhile.
    ///
    /// # Errors
    /// Those of the store.
    pub(crate) fn load(mut store: S) -> anyhow::Result<Self> {
        let logs = store.begin().and_then(|mut tx| AnswerLogs::load(&mut tx));
        let logs = logs.context("cannot read what other servers were answered")?;
        let made = load_made(&store.reader());
        let made = made.context("cannot read the cron entries made by the API")?;
        Ok(Self { store, logs, made })
    }
}
