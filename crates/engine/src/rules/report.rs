//! What is told of a failure: by a worker, or by the server about one.

use workmill_proto::FailReport;

/// What is known of a failure.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Report<'r> {
    pub(crate) errtype: &'r str,
    pub(crate) message: &'r str,
    pub(crate) backtrace: &'r [String],
}

impl<'r> Report<'r> {
    /// What a worker reports.
    pub(crate) fn of(report: &'r FailReport) -> Self {
        Self {
            errtype: &report.errtype,
            message: &report.message,
            backtrace: &report.backtrace,
        }
    }
}
