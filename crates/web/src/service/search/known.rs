//! How many jobs match, where that is known without looking at them: all of some places, or all of a group of failures.

use std::collections::BTreeMap;

use workmill_engine::query::{JobState, Query};
use workmill_proto::SetName;
use workmill_store::{FailureId, Place, Reading, StoreError};

use super::route::Route;

/// By state how many jobs match; none if they have to be looked at to tell.
pub(super) fn known(
    query: &Query,
    reading: &dyn Reading,
) -> Result<Option<BTreeMap<JobState, u64>>, StoreError> {
    if let Some(group) = query.only_group().and_then(FailureId::parse) {
        let group = reading.failure(group)?;
        let (retries, dead) = group.map_or((0, 0), |group| (group.retries, group.dead));
        let sets = [(SetName::Retries, retries), (SetName::Dead, dead)];
        let places = sets.map(|(set, jobs)| (Place::Set(set), jobs)).into_iter();
        return Ok(Some(by_state(
            places.filter(|(place, _)| query.can_match_in(place)),
        )));
    }
    let route = Route::new(query, &reading.totals()?);
    let all = |(place, _): &(Place, u64)| query.matches_all_in(place);
    Ok(route
        .places
        .iter()
        .all(all)
        .then(|| by_state(route.places.into_iter())))
}

fn by_state(places: impl Iterator<Item = (Place, u64)>) -> BTreeMap<JobState, u64> {
    let mut states = BTreeMap::new();
    for (place, jobs) in places.filter(|(_, jobs)| *jobs > 0) {
        *states.entry(JobState::of(&place)).or_default() += jobs;
    }
    states
}
