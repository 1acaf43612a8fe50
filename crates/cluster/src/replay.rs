//! Answers that are given a second time.

use workmill_engine::{DeliveryTag, FetchedJob, Outcome};
use workmill_proto::Timestamp;
use workmill_store::{ReservationsOf, StoreError, Tx};

use crate::answer::KeptAnswer;

/// The answer that is kept, whole; none if the op is not answered yet.
///
/// A job is read again, if it is still reserved for the one who asked: else that one gets nothing.
pub(crate) fn replay<T: Tx>(tx: &mut T, kept: &KeptAnswer) -> Result<Option<Outcome>, StoreError> {
    match kept.delivery() {
        Some(tag) => Ok(Some(redeliver(tx, tag)?)),
        None => Ok(kept.outcome()),
    }
}

fn redeliver<T: Tx>(tx: &mut T, tag: DeliveryTag) -> Result<Outcome, StoreError> {
    let reservations = tx.reservations(ReservationsOf::Keys(&[tag.key]))?;
    let still_reserved = reservations
        .iter()
        .any(|reservation| reservation.reserved_at == tag.reserved_at);
    let jobs = match still_reserved {
        true => tx.working_jobs(&[tag.key])?,
        false => Vec::new(),
    };
    let job = jobs.into_iter().find_map(|(_, job)| job.ok());
    Ok(job.map_or(Outcome::Nothing, |mut record| {
        let fetched = FetchedJob::take(tag, &mut record, Timestamp::default());
        Outcome::Job(Box::new(fetched))
    }))
}
