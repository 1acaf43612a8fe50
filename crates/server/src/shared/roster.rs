//! Who is there.

use std::sync::Arc;

use crate::connections::Connections;
use crate::registry::{Elsewhere, Registry};

/// The connections and the workers they belong to.
#[derive(Debug, Default)]
pub(crate) struct Roster {
    pub(crate) connections: Arc<Connections>,
    pub(crate) registry: Arc<Registry>,
    /// The workers of other servers, as far as these hand over what their clients ask.
    pub(crate) elsewhere: Elsewhere,
}

impl Roster {
    /// Nobody is there yet. Connections are numbered from `first` on.
    pub(super) fn new(first: u64) -> Self {
        Self {
            connections: Arc::new(Connections::numbered_from(first)),
            ..Self::default()
        }
    }
}
