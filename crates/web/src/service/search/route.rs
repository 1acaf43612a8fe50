//! The way of a search through the places of jobs: those that work, queues by name, then sets. In a queue it goes in the order
//! in which jobs are handed out, in a set by time.

use workmill_engine::query::Query;
use workmill_proto::SetName;
use workmill_store::reading::SearchCursor;
use workmill_store::{JobRef, Place, Totals};

/// How far a search is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Position {
    /// In a place, behind this job; none at its start.
    In(Place, Option<JobRef>),
    /// In all places, for the one id that the query names.
    ById(Option<SearchCursor>),
}

/// The places that a query can match in, and how many jobs they have.
pub(super) struct Route {
    pub(super) places: Vec<(Place, u64)>,
    /// Whether there are others, with jobs in them.
    leaves_out: bool,
}

impl Route {
    pub(super) fn new(query: &Query, totals: &Totals) -> Self {
        let working = [(Place::Working, totals.working)];
        let queues = totals.queues.iter();
        let queues = queues.map(|(name, queue)| (Place::Queue((&**name).into()), queue.size));
        let sets = SetName::ALL.map(|set| (Place::Set(set), size_of_set(totals, set)));
        let (mut places, mut leaves_out) = (Vec::new(), false);
        for (place, size) in working.into_iter().chain(queues).chain(sets) {
            if size == 0 {
                continue;
            }
            match query.can_match_in(&place) {
                true => places.push((place, size)),
                false => leaves_out = true,
            }
        }
        Self { places, leaves_out }
    }

    /// Where a search begins: none if nothing can match.
    pub(super) fn first(&self, query: &Query) -> Option<Position> {
        if query.jids().is_some_and(|jids| jids.len() == 1) && !self.leaves_out {
            return Some(Position::ById(None));
        }
        let (place, _) = self.places.first()?;
        Some(Position::In(place.clone(), None))
    }

    /// The place behind one that has been searched, which may be gone by now.
    pub(super) fn behind(&self, place: &Place) -> Option<&Place> {
        let places = self.places.iter().map(|(place, _)| place);
        places.into_iter().find(|other| rank(other) > rank(place))
    }

    /// How many of the places, and of their jobs, lie before this one.
    pub(super) fn before(&self, place: &Place) -> (usize, u64) {
        let before = self
            .places
            .iter()
            .take_while(|(other, _)| rank(other) < rank(place));
        before.fold((0, 0), |(places, jobs), (_, size)| {
            (places + 1, jobs + size)
        })
    }

    pub(super) fn jobs(&self) -> u64 {
        self.places.iter().map(|(_, size)| size).sum()
    }
}

/// What places are in order of.
fn rank(place: &Place) -> (u8, &str) {
    match place {
        Place::Working => (0, ""),
        Place::Queue(name) => (1, name),
        Place::Set(SetName::Scheduled) => (2, ""),
        Place::Set(SetName::Retries) => (3, ""),
        Place::Set(SetName::Dead) => (4, ""),
        Place::Set(SetName::Completed) => (5, ""),
    }
}

fn size_of_set(totals: &Totals, set: SetName) -> u64 {
    match set {
        SetName::Scheduled => totals.scheduled,
        SetName::Retries => totals.retries,
        SetName::Dead => totals.dead,
        SetName::Completed => totals.completed,
    }
}
