//! What is asked of batches.

use workmill_proto::Bid;

/// A BATCH command.
#[derive(Clone, Debug)]
pub enum BatchOp {
    /// NEW.
    New(NewBatch),
    /// OPEN.
    Open(Bid),
    /// COMMIT.
    Commit(Bid),
    /// STATUS.
    Status(Bid),
    /// CHILD.
    Child {
        /// The batch that is to wait.
        parent: Bid,
        /// The batch it is to wait for.
        child: Bid,
    },
}

/// A batch to make.
#[derive(Clone, Debug)]
pub struct NewBatch {
    /// What its maker says of it.
    pub description: String,
    /// The batch that is to wait for it.
    pub parent: Option<Bid>,
    /// The payload of the complete callback.
    pub complete: Option<Vec<u8>>,
    /// The payload of the success callback.
    pub success: Option<Vec<u8>>,
}
