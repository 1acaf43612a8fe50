//! Quarantine: what cannot be read goes to the dead set, bytes kept, and blocks nobody.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::json;
use workmill_proto::{CustomReading, Job, SetName, Timestamp};
use workmill_store::{CorruptRecord, JobRecord, Place, StoreError, Tx};

use super::fail::failed_record;
use super::report::Report;
use crate::new_job::NewJob;

/// Adds unreadable bytes to the jobs that are about to be buried, as one of type `Corrupt` that carries them, in
/// base64, in its `custom`.
pub(super) fn quarantine<T: Tx>(
    tx: &mut T,
    now: Timestamp,
    queue: Option<&str>,
    corrupt: &CorruptRecord,
    dead: &mut Vec<JobRecord>,
) -> Result<(), StoreError> {
    let reason = corrupt.reason.as_str();
    tracing::error!(
        queue,
        reason,
        "a stored job cannot be read: it is kept in the dead set"
    );
    // Its serial, if nothing comes into a set before it but those.
    let before = i64::try_from(dead.len()).unwrap_or(i64::MAX);
    let number = tx
        .watermark(&Place::Set(SetName::Dead))?
        .0
        .saturating_add(before)
        .saturating_add(1);
    let payload = json!({
        "jid": format!("corrupt-{number}"),
        "queue": queue.unwrap_or("default"),
        "jobtype": "Corrupt",
        "args": [],
        "retry": -1,
        "custom": { "stored_bytes_base64": BASE64.encode(&corrupt.bytes) },
    });
    let made = Job::parse(payload.to_string().as_bytes()).and_then(|job| {
        NewJob::new(job.clone(), now, CustomReading::NONE).map(|new| (job, new.record))
    });
    let (job, record): (Job, JobRecord) = match made {
        Ok(made) => made,
        Err(error) => return Err(StoreError::Inconsistent(error.text)),
    };
    let report = Report {
        errtype: "Corrupt",
        message: reason,
        backtrace: &[],
    };
    dead.push(failed_record(record, job, &report, now, None));
    Ok(())
}
