//! What each outcome becomes on the wire.

use std::collections::BTreeMap;

use bytes::BytesMut;
use workmill_engine::Outcome;
use workmill_proto::{Reply, WireError, write_job};
use workmill_store::StoreError;

use super::pipeline::Slot;
use super::status::{BatchStatus, TrackStatus};
use crate::gate::Unanswered;
use crate::info;
use crate::json;
use crate::shared::Shared;

/// What a bulk reply has beside its content: `$`, a length, and two line ends.
const BULK_FRAME_BYTES_MAX: usize = 1 + 20 + 2 + 2;

/// Writes the replies to the commands of a pipeline, in order. [`Unanswered`] if there are fewer outcomes than commands
/// the engine was asked: every later reply would pass for that of another command.
pub(super) fn write_slots(
    slots: impl IntoIterator<Item = Slot>,
    outcomes: impl IntoIterator<Item = Outcome>,
    shared: &Shared,
    out: &mut BytesMut,
) -> Result<(), Unanswered> {
    let mut outcomes = outcomes.into_iter();
    for slot in slots {
        match slot {
            Slot::Asked => {
                let outcome = outcomes.next().ok_or_else(Unanswered::of_a_bug)?;
                write_outcome(outcome, shared, out);
            }
            Slot::Ok => Reply::Ok.write(out),
            Slot::Nil => Reply::Nil.write(out),
            Slot::Text(text) => Reply::Bulk(text.as_bytes()).write(out),
            Slot::Error(error) => Reply::Error(&error).write(out),
        }
    }
    Ok(())
}

/// Writes the reply to a command.
pub(super) fn write_outcome(outcome: Outcome, shared: &Shared, out: &mut BytesMut) {
    match outcome {
        // No command of a client asks how far operations are.
        Outcome::Ok | Outcome::Changed { .. } | Outcome::Operations(_) => Reply::Ok.write(out),
        Outcome::Nothing => Reply::Nil.write(out),
        Outcome::Refused(error) => Reply::Error(&error).write(out),
        Outcome::Job(job) => write_job(out, &job.body, job.enqueued_at_index, job.enqueued_at),
        // Maps, as in Faktory: sorted, and every key once.
        Outcome::Refusals(refused) => {
            let texts: BTreeMap<String, String> = refused
                .into_iter()
                .map(|(jid, error)| (jid, error.to_string()))
                .collect();
            write_bulk(json::to_vec(&texts), out);
        }
        Outcome::Bid(bid) => Reply::Bulk(bid.to_string().as_bytes()).write(out),
        Outcome::Batch(report) => write_bulk(json::to_vec(&BatchStatus::of(&report)), out),
        Outcome::Track(report) => write_bulk(json::to_vec(&TrackStatus::of(&report)), out),
        Outcome::Info(report) => {
            let render = || info::render(shared, &report.totals);
            write_bulk(Ok(report.reply.get_or_init(render)), out);
        }
    }
}

/// Writes the reply to QUEUE LATENCY: seconds by queue.
pub(super) fn write_latencies(
    latencies: Result<BTreeMap<String, f64>, StoreError>,
    out: &mut BytesMut,
) {
    match latencies {
        Ok(latencies) => write_bulk(json::to_vec(&latencies), out),
        Err(error) => Reply::Error(&WireError::err(error.to_string())).write(out),
    }
}

fn write_bulk(json: serde_json::Result<impl AsRef<[u8]>>, out: &mut BytesMut) {
    match json {
        Ok(json) => {
            let json = json.as_ref();
            // At once, since a buffer that grows bit by bit ends up with twice the room.
            out.reserve(json.len() + BULK_FRAME_BYTES_MAX);
            Reply::Bulk(json).write(out);
        }
        Err(error) => {
            tracing::error!(%error, "an answer could not be written as JSON");
            Reply::Error(&WireError::err("internal error: see the server's log")).write(out);
        }
    }
}
