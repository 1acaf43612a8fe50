//! One slice of a search.

use std::time::{Duration, Instant};

use workmill_engine::query::{Query, QueryJob, Redactions, Verdict};
use workmill_proto::Timestamp;
use workmill_store::reading::{Bounds, FoundJob, SearchCursor};
use workmill_store::{Clocks, Place, Reading, StoreError};

use super::route::{Position, Route};

/// Jobs that one read of a slice takes in.
const READ_JOBS: usize = 500;

/// Bytes of jobs that one read of a slice takes in, beyond one of them: all terms of a query may look through them.
const READ_BYTES: usize = 1 << 20;

/// Bytes of hits that one answer has, beyond one read: they are in memory all at once.
pub(super) const HITS_BYTES_MAX: usize = 8 << 20;

/// How long a slice takes, beyond one read: so long it has a thread for itself.
pub(in crate::service) const SLICE_TIME: Duration = Duration::from_millis(50);

/// A job that matches, and where it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// Where.
    pub place: Place,
    /// The job.
    pub job: FoundJob,
}

/// A search on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Scan {
    /// When it began: times from now are from then.
    pub(super) began_at: Timestamp,
    /// Where it goes on; none before its first slice.
    pub(super) position: Option<Position>,
    /// How many jobs it has looked at.
    pub(super) looked_at: u64,
    /// Of how many it could not be told whether they match.
    pub(super) unknown: u64,
}

/// What a slice may find, beyond one read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Room {
    /// Hits.
    pub(super) hits: usize,
    /// Their bytes.
    pub(super) bytes: usize,
}

impl Room {
    /// All that its time allows.
    pub(super) const ANY: Self = Self {
        hits: usize::MAX,
        bytes: usize::MAX,
    };
}

/// What a slice came to.
#[derive(Debug)]
pub(super) struct Slice {
    pub(super) scan: Scan,
    /// Bytes of its hits.
    pub(super) hit_bytes: usize,
    /// Whether there is nothing more.
    pub(super) is_over: bool,
    /// About how many jobs there are to be looked at, in all.
    pub(super) of: u64,
    /// How many places are done, and how many there are.
    pub(super) places_done: usize,
    pub(super) places: usize,
}

impl Scan {
    pub(super) fn new(began_at: Timestamp) -> Self {
        Self {
            began_at,
            position: None,
            looked_at: 0,
            unknown: 0,
        }
    }

    /// Looks on, at what is not hidden, until the hits have no more room, or it has taken its time. Each hit is given to `found`.
    pub(super) fn slice(
        self,
        query: &Query,
        redactions: &Redactions,
        reading: &dyn Reading,
        room: Room,
        found: &mut dyn FnMut(Hit),
    ) -> Result<Slice, StoreError> {
        let until = Instant::now() + SLICE_TIME;
        let totals = reading.totals()?;
        let route = Route::new(query, &totals);
        let mut next = self.position.or_else(|| route.first(query));
        let mut slice = Slicing {
            query,
            redactions,
            reading,
            now: Clocks::of_kept(reading.clocks()?, self.began_at),
            route,
            found,
            hits: 0,
            hit_bytes: 0,
            room,
            looked_at: self.looked_at,
            unknown: self.unknown,
        };
        while let Some(position) = next.take() {
            next = slice.read(&position)?;
            let is_enough =
                slice.hits >= room.hits || slice.hit_bytes >= room.bytes || Instant::now() >= until;
            if next.is_some() && is_enough {
                break;
            }
        }
        Ok(slice.ended(self.began_at, next))
    }
}

/// A slice that is being read.
struct Slicing<'a> {
    query: &'a Query,
    redactions: &'a Redactions,
    reading: &'a dyn Reading,
    now: Clocks,
    route: Route,
    found: &'a mut dyn FnMut(Hit),
    hits: usize,
    hit_bytes: usize,
    room: Room,
    looked_at: u64,
    unknown: u64,
}

impl Slicing<'_> {
    fn bounds(&self) -> Bounds {
        Bounds {
            bytes: READ_BYTES,
            time: SLICE_TIME,
            ..Bounds::of_rows(READ_JOBS)
        }
    }

    /// Reads some jobs; tells where to go on.
    fn read(&mut self, position: &Position) -> Result<Option<Position>, StoreError> {
        match position {
            Position::In(place, after) => {
                let jobs = self.reading.jobs(place, *after, self.bounds())?;
                let read = jobs.items.len();
                for (index, job) in jobs.items.into_iter().enumerate() {
                    let key = job.key;
                    self.look_at(place, job);
                    // The rest is read again, so that no hit is passed over.
                    if self.hits >= self.room.hits && index + 1 < read {
                        return Ok(Some(Position::In(place.clone(), Some(key))));
                    }
                }
                Ok(match jobs.next {
                    Some(next) => Some(Position::In(place.clone(), Some(next))),
                    None => {
                        let behind = self.route.behind(place).cloned();
                        behind.map(|place| Position::In(place, None))
                    }
                })
            }
            Position::ById(after) => {
                let jids = self.query.jids().unwrap_or_default();
                let Some(jid) = jids.first() else {
                    return Ok(None);
                };
                let bounds = Bounds {
                    rows: self.room.hits.min(READ_JOBS),
                    ..self.bounds()
                };
                let jobs = self.reading.find_jobs(jid, *after, bounds)?;
                for (place, job) in jobs.items {
                    self.look_at(&place, job);
                }
                // What is passed over is not told; that all lies in places that are done is.
                self.looked_at = match jobs.next {
                    Some(next) => self.route.before(&place_of(next)).1,
                    None => self.route.jobs(),
                };
                Ok(jobs.next.map(|next| Position::ById(Some(next))))
            }
        }
    }

    fn look_at(&mut self, place: &Place, job: FoundJob) {
        self.looked_at = self.looked_at.saturating_add(1);
        let seen = QueryJob::found(place, &job, self.redactions);
        let verdict = self.query.matches(&seen, self.now);
        match verdict {
            Verdict::Yes => {
                self.hits += 1;
                self.hit_bytes += match &job.job {
                    Ok(record) => record.bytes(),
                    Err(corrupt) => corrupt.bytes.len(),
                };
                (self.found)(Hit {
                    place: place.clone(),
                    job,
                });
            }
            Verdict::No => {}
            Verdict::Unknown => self.unknown = self.unknown.saturating_add(1),
        }
    }

    fn ended(self, began_at: Timestamp, next: Option<Position>) -> Slice {
        let places = self.route.places.len();
        let places_done = match &next {
            None => places,
            Some(Position::In(place, _)) => self.route.before(place).0,
            Some(Position::ById(cursor)) => {
                cursor.map_or(0, |cursor| self.route.before(&place_of(cursor)).0)
            }
        };
        Slice {
            is_over: next.is_none(),
            hit_bytes: self.hit_bytes,
            of: self.route.jobs().max(self.looked_at),
            places_done,
            places,
            scan: Scan {
                began_at,
                position: next,
                looked_at: self.looked_at,
                unknown: self.unknown,
            },
        }
    }
}

/// The place that a search by id is in. Queues are passed in an order of their own: it is in the first until it is in none.
fn place_of(cursor: SearchCursor) -> Place {
    match cursor {
        SearchCursor::Working(_) => Place::Working,
        SearchCursor::Queues(_) => Place::Queue("".into()),
        SearchCursor::Sets(key) => Place::Set(key.set),
    }
}
