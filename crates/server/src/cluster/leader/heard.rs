//! What links bring to the committer.

use workmill_cluster::{LinkId, ToLeader};

/// What is heard of the servers that hand over what their clients ask.
#[derive(Debug)]
pub(crate) enum Heard {
    /// A frame on a link.
    Frame(LinkId, ToLeader),
    /// A link is broken.
    Broken(LinkId),
    /// A second has passed.
    Second,
}

impl Heard {
    /// Whether it must not wait for other work: somebody has come or gone.
    pub(crate) fn is_urgent(&self) -> bool {
        match self {
            Self::Frame(_, frame) => {
                matches!(frame, ToLeader::Hello { .. } | ToLeader::Forget(_))
            }
            Self::Broken(_) | Self::Second => true,
        }
    }

    /// How many ops it brings.
    pub(crate) fn ops(&self) -> usize {
        match self {
            Self::Frame(_, ToLeader::Ops(ops)) => ops.len(),
            Self::Frame(..) | Self::Broken(_) | Self::Second => 0,
        }
    }

    /// How much work they are, in jobs.
    pub(crate) fn weight(&self) -> usize {
        match self {
            Self::Frame(_, ToLeader::Ops(ops)) => {
                ops.iter().map(|(_, op)| op.traits().weight).sum()
            }
            Self::Frame(..) | Self::Broken(_) | Self::Second => 0,
        }
    }
}
