//! The trash: what operators take away, and what is needed to put it back. It is kept for a time.

use workmill_proto::{SteadyTime, WireError};
use workmill_store::{
    Entry, EntryKey, Fate, Home, OpenAction, StoreError, Trash, TrashKey, TrashedJob, Tx, Watermark,
};

use crate::limits::SWEEP_SLICE_ROWS;
use crate::op::{ChangeExtent, Source};
use crate::overlay::Overlay;

/// Of how many actions one group forgets what they took away.
const FORGOTTEN_ACTIONS: usize = 100;

/// What is in the trash of the actions that a group looks at.
#[derive(Debug, Default)]
pub(crate) struct TrashBin {
    actions: Overlay<Trash>,
    taker: Option<Taker>,
}

/// The action that takes jobs away now.
#[derive(Clone, Copy, Debug)]
struct Taker {
    action: u64,
    /// What it has put away before this number is known not to be in the dead set any more, or was never there.
    left_dead: u64,
}

impl TrashBin {
    /// From now on jobs that are taken away are put away under this action, if it is one. `left_dead` is what [`Self::close`] told
    /// before.
    pub(crate) fn open(&mut self, action: Option<u64>, left_dead: u64) {
        self.taker = action.map(|action| Taker { action, left_dead });
    }

    /// Whether jobs that are taken away are put away.
    pub(crate) fn is_open(&self) -> bool {
        self.taker.is_some()
    }

    /// From now on jobs that are taken away are gone. Tells how far the action is, if there was one.
    pub(crate) fn close(&mut self) -> Option<u64> {
        self.taker.take().map(|taker| taker.left_dead)
    }

    /// What is left of what an action took away.
    pub(crate) fn of<T: Tx>(
        &mut self,
        tx: &mut T,
        action: u64,
    ) -> Result<Option<Trash>, StoreError> {
        Ok(self.actions.get(tx, &action)?.copied())
    }

    /// What an action took away, or all there is, as far as it is there now, and how many jobs that is; or why there is nothing.
    pub(crate) fn extent<T: Tx>(
        &mut self,
        tx: &mut T,
        action: Option<u64>,
    ) -> Result<Result<(ChangeExtent, u64), WireError>, StoreError> {
        let (until, jobs) = match action {
            None => (i64::MAX, 0),
            // Numbers that it goes on to give must not be those of what has come back.
            Some(id) if is_under_way(tx, id)? => {
                return Ok(Err(WireError::err(format!(
                    "action {id} is under way: stop it first, then undo it"
                ))));
            }
            Some(id) => match self.of(tx, id)? {
                Some(trash) => (trash.end.cast_signed(), trash.jobs()),
                None => {
                    return Ok(Err(WireError::err(format!(
                        "there is nothing in the trash of action {id}: it took no jobs away, they were put back, or their \
                         time is over"
                    ))));
                }
            },
        };
        let extent = ChangeExtent {
            source: Source::Trash(action),
            until: Watermark(until),
            only: None,
        };
        Ok(Ok((extent, jobs)))
    }

    /// Puts jobs away, if the trash is open; tells under which key the first of them is. From now on all that the action took is kept
    /// until then.
    pub(crate) fn put_away<T: Tx>(
        &mut self,
        tx: &mut T,
        ends_at: SteadyTime,
        jobs: Vec<TrashedJob>,
    ) -> Result<Option<TrashKey>, StoreError> {
        let Some(Taker { action, .. }) = self.taker.filter(|_| !jobs.is_empty()) else {
            return Ok(None);
        };
        let mut trash = self.begun(tx, action, ends_at)?;
        let first = (action, trash.end);
        Self::append(tx, action, &mut trash, jobs)?;
        self.actions.put(action, trash);
        Ok(Some(first))
    }

    /// The worker that had this job has done it: it is not to be put back.
    pub(crate) fn forget_done<T: Tx>(
        &mut self,
        tx: &mut T,
        (action, number): TrashKey,
    ) -> Result<(), StoreError> {
        let Some(mut trash) = self.of(tx, action)? else {
            return Ok(());
        };
        let found = tx.get::<TrashedJob>(&[(action, number)])?.pop().flatten();
        let is_left = (trash.first..trash.end).contains(&number);
        if let Some(job) = found.filter(|_| is_left) {
            tx.remove::<TrashedJob>(&[(action, number)])?;
            trash.bytes = trash.bytes.saturating_sub(job.bytes());
            trash.done += 1;
            self.keep(action, trash);
        }
        Ok(())
    }

    /// Puts jobs away that leave the dead set, as the action kills others. Those that it has killed itself come back to where they
    /// were before.
    pub(crate) fn put_away_evicted<T: Tx>(
        &mut self,
        tx: &mut T,
        ends_at: SteadyTime,
        evicted: Vec<Entry>,
    ) -> Result<(), StoreError> {
        let Some(Taker { action, .. }) = self.taker.filter(|_| !evicted.is_empty()) else {
            return Ok(());
        };
        let mut trash = self.begun(tx, action, ends_at)?;
        let mut others = Vec::new();
        for Entry { key, job } in evicted {
            let killed = match &mut self.taker {
                Some(taker) => taker.find_killed(tx, &trash, key)?,
                None => None,
            };
            let (number, home, was_pending) = match killed {
                Some((number, home, was_pending)) => (Some(number), home, was_pending),
                None => (None, Home::Set(key.set, key.at), false),
            };
            let fate = Fate::Evicted { job, was_pending };
            let job = TrashedJob { home, fate };
            match number {
                Some(number) => {
                    trash.bytes += job.bytes();
                    tx.put(&[((action, number), job)])?;
                }
                None => others.push(job),
            }
        }
        Self::append(tx, action, &mut trash, others)?;
        self.actions.put(action, trash);
        Ok(())
    }

    /// What an action has put away so far, or nothing, to be kept until then.
    fn begun<T: Tx>(
        &mut self,
        tx: &mut T,
        action: u64,
        ends_at: SteadyTime,
    ) -> Result<Trash, StoreError> {
        let known = self.of(tx, action)?;
        if let (None, Some(taker)) = (known, &mut self.taker) {
            // All that it had put away is done: numbers begin anew.
            taker.left_dead = 0;
        }
        let known = known.unwrap_or(Trash {
            first: 0,
            end: 0,
            done: 0,
            bytes: 0,
            ends_at,
        });
        Ok(Trash { ends_at, ..known })
    }

    /// Puts jobs behind all that an action took away.
    pub(crate) fn append<T: Tx>(
        tx: &mut T,
        action: u64,
        trash: &mut Trash,
        jobs: Vec<TrashedJob>,
    ) -> Result<(), StoreError> {
        let keys = (trash.end..).map(|number| (action, number));
        trash.end += jobs.len() as u64;
        trash.bytes += jobs.iter().map(TrashedJob::bytes).sum::<u64>();
        let jobs: Vec<(TrashKey, TrashedJob)> = keys.zip(jobs).collect();
        tx.put(&jobs)
    }

    /// Notes what is left of what an action took away.
    pub(crate) fn keep(&mut self, action: u64, trash: Trash) {
        match trash.jobs() {
            0 => self.actions.remove(action),
            _ => self.actions.put(action, trash),
        }
    }

    /// Forgets a slice of what is kept up to this moment at the longest; tells how many jobs.
    pub(crate) fn forget_until<T: Tx>(
        &mut self,
        tx: &mut T,
        until: SteadyTime,
    ) -> Result<usize, StoreError> {
        // What this group has put away is kept for longer.
        self.actions.write(tx)?;
        let mut forgotten = 0;
        for action in tx.due::<Trash>(until, FORGOTTEN_ACTIONS)? {
            if forgotten >= SWEEP_SLICE_ROWS {
                break;
            }
            // What an action puts away while it goes on keeps its numbers: those who ACK late name jobs by them.
            if is_under_way(tx, action)? {
                continue;
            }
            let Some(mut trash) = self.of(tx, action)? else {
                continue;
            };
            let rest = (SWEEP_SLICE_ROWS - forgotten) as u64;
            let numbers = (trash.end - trash.first).min(rest);
            let keys = (trash.first..trash.first + numbers).map(|number| (action, number));
            let keys: Vec<TrashKey> = keys.collect();
            let done = match trash.done {
                0 => 0,
                _ => missing(tx, &keys)?,
            };
            tx.remove::<TrashedJob>(&keys)?;
            let jobs = numbers - done;
            // How large each of them is nobody knows without reading it.
            trash.bytes -= trash.bytes / trash.jobs().max(1) * jobs;
            trash.done = trash.done.saturating_sub(done);
            trash.first += numbers;
            self.keep(action, trash);
            forgotten += usize::try_from(jobs).unwrap_or(usize::MAX);
        }
        Ok(forgotten)
    }

    /// Forgets what is known, as it is flushed.
    pub(crate) fn clear(&mut self) {
        self.actions.clear();
    }

    /// Writes what was changed.
    pub(crate) fn write<T: Tx>(&mut self, tx: &mut T) -> Result<(), StoreError> {
        self.actions.write(tx)
    }
}

impl Taker {
    /// The number, the home and whether it was pending, of a job in the dead set that this action has killed. Jobs leave that set in the
    /// order in which it has killed them, so none is looked at twice.
    fn find_killed<T: Tx>(
        &mut self,
        tx: &mut T,
        trash: &Trash,
        key: EntryKey,
    ) -> Result<Option<(u64, Home, bool)>, StoreError> {
        self.left_dead = self.left_dead.max(trash.first);
        while self.left_dead < trash.end {
            let number = self.left_dead;
            let found = tx.get::<TrashedJob>(&[(self.action, number)])?.pop();
            if let Some(TrashedJob { home, fate }) = found.flatten()
                && let Fate::Killed { dead, was_pending } = fate
                && dead >= key
            {
                self.left_dead += u64::from(dead == key);
                return Ok((dead == key).then_some((number, home, was_pending)));
            }
            self.left_dead += 1;
        }
        Ok(None)
    }
}

/// How many of these are not in the trash any more.
fn missing<T: Tx>(tx: &mut T, keys: &[TrashKey]) -> Result<u64, StoreError> {
    let mut missing = 0;
    // One by one, as each may be large.
    for key in keys {
        let found = tx.get::<TrashedJob>(std::slice::from_ref(key))?;
        missing += u64::from(found.iter().all(Option::is_none));
    }
    Ok(missing)
}

fn is_under_way<T: Tx>(tx: &mut T, action: u64) -> Result<bool, StoreError> {
    let open = tx.get::<OpenAction>(&[action])?;
    Ok(open.iter().any(Option::is_some))
}
