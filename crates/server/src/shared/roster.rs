//! Who is there.

use std::sync::Arc;

use crate::connections::Connections;
use crate::registry::Registry;

/// The connections and the workers they belong to.
#[derive(Debug, Default)]
pub(crate) struct Roster {
    pub(crate) connections: Arc<Connections>,
    pub(crate) registry: Arc<Registry>,
}
