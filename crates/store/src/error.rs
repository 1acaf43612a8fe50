//! What can go wrong in a store, by what has to be done about it.

/// A failure of the store, told apart by what the caller must do.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// The disk or the database is full. The transaction must be dropped (rolled back); the store works on.
    #[error("no space left for the database: {0}")]
    Full(String),
    /// A statement failed. The transaction must be dropped (rolled back); the store works on.
    #[error("the database refused a statement: {0}")]
    Statement(String),
    /// What the store keeps of its own contents is not consistent, or it was used against its rules: a bug, or a database that
    /// somebody has changed. The transaction must be dropped (rolled back); the store works on.
    #[error("the database is not consistent, please report this: {0}")]
    Inconsistent(String),
    /// Another program, such as a backup or a shell, holds a lock on the database. Nothing happened; the
    /// transaction must be dropped (rolled back); the store works on, and the same may be tried again.
    #[error(
        "another program (a backup, a shell) locks the database, nothing was changed, try again: {0}"
    )]
    Busy(String),
    /// Something in the database is not where it belongs. The transaction must be dropped (rolled back); the store puts that
    /// right before the next one, so the same is to be tried again at once.
    #[error("the database was found out of order and is put right, try again: {0}")]
    Disorder(String),
    /// Another server writes to the database by now. Nothing happened; the transaction must be dropped, and nothing more can be
    /// done with this store.
    #[error("another server has taken over, nothing was changed")]
    Deposed,
    /// A commit, a sync or a rollback failed, so what is on disk is unknown. Nothing more may be done
    /// with this store: answer nobody, exit, and let a restart recover.
    #[error("the outcome of a commit is unknown, the store must be reopened: {0}")]
    Poisoned(String),
    /// The store cannot be opened: in use by another server, of a newer version, not a database.
    #[error("{0}")]
    Open(String),
}
