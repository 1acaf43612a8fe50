//! Jobs handed out: reserved, read, finished, put back.

use workmill_proto::SteadyTime;

use super::mirror::Held;
use super::place::{key_at, queue_of};
use super::queues::QueueState;
use super::rows::Rows;
use super::tx::WriterTx;
use super::waiting::bytes_of;
use crate::record::{Place, set_aside};
use crate::{JobKey, JobRecord, Release, Reservation, SLICE_BYTES_MAX, StoreError, StoredJob};

impl<R: Rows> WriterTx<'_, R> {
    pub(super) fn reserve(&mut self, reservations: &[Reservation]) -> Result<(), StoreError> {
        for reservation in reservations {
            if !self.claimed.remove(&reservation.key.0) {
                return Err(StoreError::Inconsistent(format!(
                    "job {} is to be reserved and was not claimed",
                    reservation.jid
                )));
            }
            self.insert_reservation(reservation)?;
        }
        Ok(())
    }

    fn insert_reservation(&mut self, reservation: &Reservation) -> Result<(), StoreError> {
        self.rows.insert_reservation(reservation)?;
        let held = Held {
            jid: reservation.jid.clone(),
            wid: self.cache.mirror().worker_id(&reservation.wid),
            reserved_at: reservation.reserved_at,
            expires_at: reservation.expires_at,
            has_features: reservation.has_features,
            connection: reservation.connection,
            series: reservation.series,
        };
        self.cache.reserve(reservation.key.0, held);
        Ok(())
    }

    pub(super) fn extend(&mut self, ends: &[(JobKey, SteadyTime)]) -> Result<(), StoreError> {
        for &(key, expires_at) in ends {
            if self.cache.extend(key.0, expires_at) {
                self.begin()?;
                self.rows.extend_reservation(key.0, expires_at)?;
            }
        }
        Ok(())
    }

    /// The jobs under reservation with these keys, each as `read` reads it.
    pub(super) fn read_working(
        &mut self,
        keys: &[JobKey],
        read: fn(&mut Self, i64) -> Result<Option<StoredJob>, StoreError>,
    ) -> Result<Vec<(JobKey, StoredJob)>, StoreError> {
        let mut jobs = Vec::new();
        let mut bytes = 0;
        for &key in keys {
            if bytes >= SLICE_BYTES_MAX {
                break;
            }
            if !self.cache.mirror().contains(key.0) {
                continue;
            }
            match read(self, key.0)? {
                Some(job) => {
                    bytes += bytes_of(&job);
                    jobs.push((key, job));
                }
                None => self.suspect(|| format!("the job under the key {key:?} is not found"))?,
            }
        }
        Ok(jobs)
    }

    pub(super) fn finish(&mut self, keys: &[JobKey]) -> Result<(), StoreError> {
        let mut reserved = Vec::with_capacity(keys.len());
        let mut claimed = Vec::new();
        let mut waiting = Vec::new();
        for &JobKey(key) in keys {
            if self.cache.end(key).is_some() {
                reserved.push(key);
            } else if self.claimed.remove(&key) {
                claimed.push(key);
            } else if self.cache.may_wait(key) {
                waiting.push(key);
            }
        }
        if !waiting.is_empty() {
            self.delete_waiting(waiting)?;
        }
        if reserved.is_empty() && claimed.is_empty() {
            return Ok(());
        }
        self.begin()?;
        self.delete_runs(&mut reserved, R::delete_reservations)?;
        reserved.append(&mut claimed);
        self.delete_runs(&mut reserved, R::end_jobs)
    }

    /// Deletes jobs that wait. There may be none under a key: those between others that were deleted before leave gaps.
    fn delete_waiting(&mut self, mut keys: Vec<i64>) -> Result<(), StoreError> {
        self.begin()?;
        keys.sort_unstable();
        keys.dedup();
        let are_neighbours =
            |key: &i64, next: &i64| key + 1 == *next && queue_of(*key) == queue_of(*next);
        for run in keys.chunk_by(are_neighbours) {
            let (Some(first), Some(last)) = (run.first(), run.last()) else {
                continue;
            };
            let deleted = self.rows.delete_jobs(*first, *last)?;
            if let Some(id) = queue_of(*first) {
                self.cache.forget_waiting(id, run, deleted);
            }
        }
        Ok(())
    }

    /// Deletes rows, those whose keys follow each other at once: jobs of one queue end about in their order.
    fn delete_runs(
        &mut self,
        keys: &mut [i64],
        delete: impl Fn(&mut R, i64, i64) -> Result<usize, StoreError>,
    ) -> Result<(), StoreError> {
        keys.sort_unstable();
        for run in keys.chunk_by(|key, next| key + 1 == *next) {
            let (Some(first), Some(last)) = (run.first(), run.last()) else {
                continue;
            };
            let deleted = delete(&mut self.rows, *first, *last)?;
            if deleted != run.len() {
                self.suspect(|| format!("of {} rows {deleted} are found", run.len()))?;
            }
        }
        Ok(())
    }

    /// Ends a reservation; tells when it had begun. None if there is none.
    fn end_reservation(&mut self, key: i64) -> Result<Option<SteadyTime>, StoreError> {
        let reserved_at = self.cache.end(key);
        if reserved_at.is_some() {
            self.begin()?;
            self.rows.delete_reservations(key, key)?;
        }
        Ok(reserved_at)
    }

    pub(super) fn release(&mut self, releases: &[Release]) -> Result<(), StoreError> {
        let mut displaced = Vec::new();
        for release in releases {
            let key = release.key.0;
            let Some(reserved_at) = self.end_reservation(key)? else {
                continue;
            };
            if let Some(record) = &release.record {
                self.update_job(key, record)?;
            }
            if !self.put_back(key) {
                displaced.push((reserved_at, key));
            }
        }
        // The last one handed out goes to the front first, so that the first one ends before it.
        displaced.sort_unstable();
        for (_, key) in displaced.into_iter().rev() {
            self.put_in_front(key)?;
        }
        Ok(())
    }

    fn update_job(&mut self, key: i64, record: &JobRecord) -> Result<(), StoreError> {
        self.encoded.clear();
        record.encode(Place::Job { key }, self.encoded);
        match self.rows.update_job(key, self.encoded)? {
            false => self.suspect(|| format!("the job under the key {key} is not found")),
            true => Ok(()),
        }
    }

    /// Lets a job wait at its old place; false if its queue was removed.
    fn put_back(&mut self, key: i64) -> bool {
        let Some(id) = queue_of(key) else {
            return false;
        };
        let queue = self.cache.queues().get(id);
        let is_there = queue.is_some_and(|queue| queue.now.row.state == QueueState::Live);
        if is_there {
            self.cache.give_back(id, key);
        }
        is_there
    }

    /// Moves a job of a removed queue to the front of the queue that has the name now.
    fn put_in_front(&mut self, key: i64) -> Result<(), StoreError> {
        let lost = || StoreError::Inconsistent(format!("job {key} is in no queue"));
        let old = queue_of(key)
            .and_then(|id| self.cache.queues().get(id))
            .ok_or_else(lost)?;
        let name = old.now.row.name.clone();
        let id = self
            .cache
            .find_or_make(&name)
            .map_err(StoreError::Statement)?;
        let row = &mut self.cache.touch(id).ok_or_else(lost)?.row;
        if row.position_front == 0 {
            return Err(StoreError::Statement(format!(
                "queue {name} has no place in front left: drain it and remove it"
            )));
        }
        row.position_front -= 1;
        let moved = key_at(id, row.position_front);
        self.cache.give_back(id, moved);
        self.move_job(key, moved)
    }

    /// Gives a job another key, which is part of what its record says. What cannot be read is kept as it was found.
    fn move_job(&mut self, from: i64, to: i64) -> Result<(), StoreError> {
        self.encoded.clear();
        match self.read_job(from)? {
            Some(Ok(record)) => record.encode(Place::Job { key: to }, self.encoded),
            Some(Err(corrupt)) => set_aside(Place::Job { key: to }, &corrupt.bytes, self.encoded),
            None => return self.suspect(|| format!("the job under the key {from} is not found")),
        }
        self.rows.move_job(from, to, self.encoded)
    }
}
