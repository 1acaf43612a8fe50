//! Jobs under reservation.

use workmill_proto::SteadyTime;

use crate::{JobKey, JobRecord};

/// A job handed to a worker until a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reservation {
    /// Which job.
    pub key: JobKey,
    /// Its id.
    pub jid: Box<str>,
    /// The worker that holds it; empty for a connection that named none.
    pub wid: Box<str>,
    /// Since when.
    pub reserved_at: SteadyTime,
    /// Until when.
    pub expires_at: SteadyTime,
    /// Whether the job has features: its end means something to others.
    pub has_features: bool,
    /// Tells connections that named no worker apart; 0 for all others. Not kept when the store is closed.
    pub connection: u64,
    /// A number by which the one who made it knows again what is counted with the job; 0 for none. Not kept when the store
    /// is closed.
    pub series: u64,
}

/// Which reservations are asked for.
#[derive(Clone, Copy, Debug)]
pub enum ReservationsOf<'a> {
    /// All of these job ids, by id in the order asked, then oldest first. An id without any is left out.
    Jids(&'a [&'a str]),
    /// Those under these keys, in the order asked; a key without one is left out.
    Keys(&'a [JobKey]),
    /// Those that end at or before a time, the earliest first; so many at most.
    EndingBy(SteadyTime, usize),
    /// Those of a worker, oldest first; so many at most.
    Worker(&'a str, usize),
}

/// A reservation to end, its job to be put back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    /// Which job.
    pub key: JobKey,
    /// What the job is to be from now on; none leaves it as it is.
    pub record: Option<JobRecord>,
}
