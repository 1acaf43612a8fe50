//! Slots of history, read in slices.

use std::ops::RangeInclusive;

use workmill_store::reading::{Bounds, READ_ROWS_MAX};
use workmill_store::{HistorySlot, Resolution, StoreError};

use crate::desk::Desk;

/// What `take` makes of each slot that there is, in order.
pub(super) async fn slots<T: Send + 'static>(
    desk: &dyn Desk,
    resolution: Resolution,
    range: RangeInclusive<i64>,
    take: impl Fn(HistorySlot) -> T + Clone + Send + 'static,
) -> Result<Vec<(i64, T)>, StoreError> {
    let (mut next, last) = (Some(*range.start()), *range.end());
    let mut taken = Vec::new();
    while let Some(from) = next {
        let take = take.clone();
        let slice = desk
            .read(move |reading| {
                let bounds = Bounds::of_rows(READ_ROWS_MAX);
                let slice = reading.history(resolution, from..=last, bounds)?;
                let slots = slice.items.into_iter();
                let slots = slots.map(|(at, slot)| (at, take(slot)));
                Ok((slots.collect::<Vec<_>>(), slice.next))
            })
            .await?;
        taken.extend(slice.0);
        next = slice.1.map(|behind| behind.saturating_add(1));
    }
    Ok(taken)
}
