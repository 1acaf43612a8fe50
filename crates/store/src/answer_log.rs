//! What servers were answered.

use workmill_proto::SteadyTime;

/// What a server was answered that hands over what its clients ask, as far as it has not said that it knows: what it asks a
/// second time is answered from here and not run again. It outlives a [`Tx::flush`](crate::Tx::flush).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnswerLog {
    /// When it was last written.
    pub noted_at: SteadyTime,
    /// The answers, in a form of the one who writes and reads them.
    pub bytes: Box<[u8]>,
}
