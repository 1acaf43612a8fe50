//! Quarantine: what cannot be read goes to the dead set, bytes kept, and blocks nobody.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::json;
use workmill_proto::{CustomReading, Job};
use workmill_store::{CorruptRecord, JobRecord, StoreError, Tx};

use super::report::Report;
use crate::group::Group;
use crate::op::NewJob;

impl<T: Tx> Group<'_, T> {
    /// Buries unreadable bytes as a job of type `Corrupt` that carries them, in base64, in its `custom`.
    pub(crate) fn bury_corrupt(
        &mut self,
        queue: Option<&str>,
        corrupt: &CorruptRecord,
    ) -> Result<(), StoreError> {
        let reason = corrupt.reason.as_str();
        tracing::error!(
            queue,
            reason,
            "a stored job cannot be read: it is kept in the dead set"
        );
        let payload = json!({
            "jid": format!("corrupt-{}", self.tx.last_serial()?.saturating_add(1)),
            "queue": queue.unwrap_or("default"),
            "jobtype": "Corrupt",
            "args": [],
            "retry": -1,
            "custom": { "stored_bytes_base64": BASE64.encode(&corrupt.bytes) },
        });
        let made = Job::parse(payload.to_string().as_bytes()).and_then(|job| {
            NewJob::new(job.clone(), self.wall, CustomReading::NONE).map(|new| (job, new.record))
        });
        let (job, record): (Job, JobRecord) = match made {
            Ok(made) => made,
            Err(error) => return Err(StoreError::Statement(error.text)),
        };
        let report = Report {
            errtype: "Corrupt",
            message: reason,
            backtrace: &[],
        };
        let dead = self.failed_record(record, job, &report, None);
        self.bury(dead)
    }
}
