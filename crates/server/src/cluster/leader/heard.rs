//! What links bring to the committer.

use workmill_cluster::{LinkId, OpNumber, ToLeader};
use workmill_engine::Op;

/// While so many bytes of what links have brought wait, nothing more is taken from them.
const BYTES_MAX: usize = 64 << 20;

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

    fn ops(&self) -> &[(OpNumber, Op)] {
        match self {
            Self::Frame(_, ToLeader::Ops(ops)) => ops,
            Self::Frame(..) | Self::Broken(_) | Self::Second => &[],
        }
    }
}

/// What links have brought and nobody has taken out so far.
#[derive(Debug, Default)]
pub(crate) struct HeardSoFar {
    all: Vec<Heard>,
    bytes: usize,
    ops: usize,
    weight: usize,
    is_urgent: bool,
}

impl HeardSoFar {
    /// Adds something of so many bytes.
    pub(crate) fn add(&mut self, heard: Heard, bytes: usize) {
        self.bytes += bytes;
        self.ops += heard.ops().len();
        let weights = heard.ops().iter().map(|(_, op)| op.traits().weight);
        self.weight += weights.sum::<usize>();
        self.is_urgent |= heard.is_urgent();
        self.all.push(heard);
    }

    /// All of it, in the order in which it came.
    pub(crate) fn into_all(self) -> Vec<Heard> {
        self.all
    }

    /// How many ops it brings.
    pub(crate) fn ops(&self) -> usize {
        self.ops
    }

    /// How much work they are, in jobs.
    pub(crate) fn weight(&self) -> usize {
        self.weight
    }

    /// Whether something of it must not wait for other work.
    pub(crate) fn is_urgent(&self) -> bool {
        self.is_urgent
    }

    /// Whether links have to wait before they bring more.
    pub(crate) fn is_full(&self) -> bool {
        self.bytes > BYTES_MAX
    }
}
