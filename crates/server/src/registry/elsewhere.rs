//! Workers that are connected to other servers, which hand over to this one what they ask.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use parking_lot::Mutex;
use workmill_cluster::LinkId;

use super::workers::STALE_AFTER;

/// The workers of each link, and when their server last told of them. What a server said counts for as long as it would hear
/// from its workers itself, also once its link is gone: they may be on their way to another one.
#[derive(Debug, Default)]
pub(crate) struct Elsewhere(Mutex<BTreeMap<LinkId, (BTreeSet<String>, Duration)>>);

impl Elsewhere {
    /// A server tells, at `now`, which workers it has heard from lately.
    pub(crate) fn note(&self, link: LinkId, workers: BTreeSet<String>, now: Duration) {
        self.0.lock().insert(link, (workers, now));
    }

    /// The workers that servers have told of within the last minute.
    pub(crate) fn alive(&self, now: Duration) -> BTreeSet<String> {
        let mut links = self.0.lock();
        links.retain(|_, (_, told_at)| now.saturating_sub(*told_at) < STALE_AFTER);
        let workers = links.values().flat_map(|(workers, _)| workers);
        workers.cloned().collect()
    }
}
