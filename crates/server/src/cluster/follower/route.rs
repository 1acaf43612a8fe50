//! Where the server is that leads, and what is known of the way to it.

use std::sync::Arc;

use tokio::sync::{mpsc, watch};
use workmill_cluster::{Epoch, LinkLoss};

use crate::cluster::Hall;
use crate::settings::Binding;

/// Who leads, as far as this server knows.
#[derive(Clone)]
pub(crate) enum Leader {
    /// Nobody, or it is not known.
    Unknown,
    /// This server, for a term.
    Here(Arc<Hall>),
    /// Another one, in an epoch: where it takes links in.
    There(Epoch, Binding),
}

/// What became of the link to the leader of an epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum News {
    /// There is one.
    Linked(Epoch),
    /// There is none any more, or none could be made.
    Unlinked(Epoch, LinkLoss),
}

/// What an uplink follows, and whom it tells of that.
pub(crate) struct Route {
    pub(crate) leader: watch::Receiver<Leader>,
    pub(crate) news: mpsc::UnboundedSender<News>,
}

impl Route {
    /// Waits until another one leads, or the same in another epoch.
    pub(super) async fn changed(&mut self) {
        if self.leader.changed().await.is_err() {
            // It stays as it is, for ever.
            std::future::pending::<()>().await;
        }
    }

    /// Who leads now.
    pub(super) fn leader(&mut self) -> Leader {
        self.leader.borrow_and_update().clone()
    }
}
