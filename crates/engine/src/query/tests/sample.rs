//! Jobs to be sought, as tests say them.

use workmill_proto::{SteadyTime, Timestamp};
use workmill_store::{
    Attempts, Clocks, EntryKey, JobKey, JobRecord, JobRef, Place, Reservation, SetTime, StoredJob,
};

use crate::query::{Query, QueryJob, Redactions, Verdict};

/// 2026-11-29T12:00:00Z; the steady clock is elsewhere.
pub(super) fn now() -> Clocks {
    Clocks {
        steady: SteadyTime::from_micros(1_000_000_000_000),
        wall: wall("2026-11-29T12:00:00Z"),
    }
}

pub(super) fn wall(text: &str) -> Timestamp {
    Timestamp::parse_rfc3339(text).unwrap()
}

/// A job in a place, as a test says it.
#[derive(Clone, Debug)]
pub(super) struct Sample {
    pub(super) place: Place,
    pub(super) key: JobRef,
    pub(super) job: StoredJob,
    pub(super) reservation: Option<Reservation>,
}

impl Sample {
    /// A job with this payload, which names everything but the place.
    pub(super) fn of(place: Place, payload: &str) -> Self {
        let value: serde_json::Value = serde_json::from_str(payload).unwrap();
        let text = |name: &str| value[name].as_str().unwrap_or_default().into();
        let record = JobRecord {
            jid: text("jid"),
            queue: text("queue"),
            jobtype: text("jobtype"),
            reserve_for_secs: 1800,
            enqueued_at: None,
            failure_count: 0,
            recovered_at: Vec::new(),
            failure: None,
            attempts: Attempts::default(),
            features: None,
            body: payload.into(),
            enqueued_at_index: 0,
        };
        let key = match place {
            Place::Set(set) => JobRef::Entry(EntryKey {
                set,
                at: SetTime::dead(now().steady),
                serial: 1,
            }),
            Place::Queue(_) | Place::Working => JobRef::Job(JobKey(1)),
        };
        let job = Ok(record);
        Self {
            place,
            key,
            job,
            reservation: None,
        }
    }

    pub(super) fn queued(payload: &str) -> Self {
        let job = Self::of(Place::Working, payload);
        let queue = job.record().queue.clone();
        Self {
            place: Place::Queue(queue),
            ..job
        }
    }

    pub(super) fn record(&self) -> &JobRecord {
        self.job.as_ref().unwrap()
    }

    pub(super) fn edited(mut self, edit: impl FnOnce(&mut JobRecord)) -> Self {
        edit(self.job.as_mut().unwrap());
        self
    }

    pub(super) fn held_by(self, wid: &str, for_secs: i64) -> Self {
        let reservation = Reservation {
            key: JobKey(1),
            jid: self.record().jid.clone(),
            wid: wid.into(),
            reserved_at: now().steady.plus_secs(-for_secs),
            expires_at: now().steady.plus_secs(1800),
            has_features: false,
            connection: 0,
            series: 0,
        };
        Self {
            reservation: Some(reservation),
            ..self
        }
    }

    pub(super) fn verdict(&self, query: &Query) -> Verdict {
        self.verdict_without(&Redactions::default(), query)
    }

    /// The verdict of somebody who does not see what is hidden.
    pub(super) fn verdict_without(&self, hidden: &Redactions, query: &Query) -> Verdict {
        let reservation = self.reservation.as_ref();
        let job = QueryJob::new(&self.place, self.key, &self.job, reservation, hidden);
        query.matches(&job, now())
    }

    pub(super) fn matches(&self, query: &str) -> bool {
        let query = Query::parse(query).unwrap_or_else(|error| panic!("{query}: {error}"));
        match self.verdict(&query) {
            Verdict::Yes => true,
            Verdict::No => false,
            Verdict::Unknown => panic!("{query}: unknown"),
        }
    }

    /// Each query in the first list matches, none in the second does.
    pub(super) fn check(&self, matching: &[&str], others: &[&str]) {
        for query in matching {
            assert!(self.matches(query), "{query} should match");
        }
        for query in others {
            assert!(!self.matches(query), "{query} should not match");
        }
    }
}
