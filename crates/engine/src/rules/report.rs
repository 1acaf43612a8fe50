//! What is told of a failure: by a worker, or by the server about one.

/// What is known of a failure.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Report<'r> {
    pub(crate) errtype: &'r str,
    pub(crate) message: &'r str,
    pub(crate) backtrace: &'r [String],
}
