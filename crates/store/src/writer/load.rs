//! What the writer keeps in memory, and how it is read at opening: small tables, and of the jobs only those handed out and
//! back.

use super::cache::Cache;
use super::mirror::{Held, Mirror};
use super::order::Suspicion;
use super::place::{QueueId, key_at, keys_of, queue_of};
use super::poison::Poison;
use super::queues::{QueueCopy, QueueRow, QueueState, Queues};
use super::tallies::Tallies;
use crate::Reservation;

/// What a backend tells the writer when the store is opened: everything that is kept in memory. Readers see rows of their
/// own (`reading/snapshot.rs`): they pass over one that cannot be read, where a store must not be opened, and read the
/// jobs with it, which would make opening long.
pub trait Loading {
    /// What an unreadable database says.
    type Error;

    /// All rows of queues, in the order of their numbers.
    fn queues(&self) -> Result<Vec<(QueueId, QueueRow)>, Self::Error>;

    /// Tells of all reservations, in the order of their keys. Their connections are gone.
    fn reservations(&self, each: impl FnMut(Reservation)) -> Result<(), Self::Error>;

    /// Tells of the keys of jobs from a first one to a last one.
    fn job_keys(&self, keys: (i64, i64), each: impl FnMut(i64)) -> Result<(), Self::Error>;

    /// All tallies, but for the number of reservations.
    fn tallies(&self) -> Result<Tallies, Self::Error>;
}

/// Everything that the writer keeps between transactions.
#[derive(Debug)]
pub(crate) struct Writer {
    pub(crate) cache: Cache,
    pub(crate) tallies: Tallies,
    pub(crate) suspicion: Suspicion,
    pub(crate) poison: Poison,
    /// The bytes of the records being written, kept for their room.
    pub(super) encoded: Vec<u8>,
}

impl Writer {
    /// Reads everything that is kept in memory.
    pub(crate) fn load<L: Loading>(rows: &L, poison: Poison) -> Result<Self, L::Error> {
        let (cache, tallies) = load(rows)?;
        Ok(Self {
            cache,
            tallies,
            suspicion: Suspicion::default(),
            poison,
            encoded: Vec::new(),
        })
    }

    /// Reads it again, after the rows were changed without the writer.
    pub(crate) fn load_anew<L: Loading>(&mut self, rows: &L) -> Result<(), L::Error> {
        (self.cache, self.tallies) = load(rows)?;
        Ok(())
    }
}

fn load<L: Loading>(rows: &L) -> Result<(Cache, Tallies), L::Error> {
    let mut queues = read_queues(rows)?;
    let mirror = read_reservations(rows, &queues)?;
    find_heads(rows, &mut queues, &mirror)?;
    let mut tallies = rows.tallies()?;
    tallies.working = mirror.len() as u64;
    // What was reserved since the clocks were last kept tells that they went on.
    if let (Some(clocks), Some(latest)) = (&mut tallies.clocks, mirror.latest_start()) {
        clocks.steady = clocks.steady.max(latest);
    }
    Ok((Cache::new(queues, mirror), tallies))
}

fn read_queues<L: Loading>(rows: &L) -> Result<Queues, L::Error> {
    let mut queues = Queues::default();
    for (id, row) in rows.queues()? {
        let copy = QueueCopy {
            head: key_at(id, row.position_front),
            swept_until: key_at(id, 0),
            row,
        };
        queues.restore(id, Some(copy));
    }
    Ok(queues)
}

fn read_reservations<L: Loading>(rows: &L, queues: &Queues) -> Result<Mirror, L::Error> {
    let mut mirror = Mirror::default();
    rows.reservations(|reservation| {
        let key = reservation.key.0;
        let queue = queue_of(key).and_then(|id| queues.get(id));
        let state = queue.map(|queue| queue.now.row.state);
        if !matches!(state, Some(QueueState::Live | QueueState::Removed)) {
            return;
        }
        let held = Held {
            wid: mirror.worker_id(&reservation.wid),
            jid: reservation.jid,
            reserved_at: reservation.reserved_at,
            expires_at: reservation.expires_at,
            has_features: reservation.has_features,
            connection: reservation.connection,
            series: reservation.series,
        };
        mirror.insert(key, held);
    })?;
    Ok(mirror)
}

/// Finds where claiming goes on: after the last job that is handed out, once those that came back from
/// before it are gone. Looks at no job behind that one.
fn find_heads<L: Loading>(rows: &L, queues: &mut Queues, mirror: &Mirror) -> Result<(), L::Error> {
    let live: Vec<QueueId> = queues.live().map(|(id, _)| id).collect();
    for id in live {
        let Some(queue) = queues.get_mut(id) else {
            continue;
        };
        if let Some(last) = mirror.last_within(keys_of(id)) {
            rows.job_keys((*keys_of(id).start(), last), |key| {
                if !mirror.contains(key) {
                    queue.returned.insert(key);
                }
            })?;
            queue.now.head = last + 1;
        }
        queue.note_head();
    }
    Ok(())
}
