//! The trash: what operators take away, and what is needed to put it back. It is kept for a time.

use workmill_proto::{SteadyTime, WireError};
use workmill_store::{OpenAction, StoreError, Trash, TrashKey, TrashedJob, Tx, Watermark};

use crate::limits::SWEEP_SLICE_ROWS;
use crate::op::{ChangeExtent, Source};
use crate::overlay::Overlay;

/// Of how many actions one group forgets what they took away.
const FORGOTTEN_ACTIONS: usize = 100;

/// What is in the trash of the actions that a group looks at.
#[derive(Debug, Default)]
pub(crate) struct TrashBin(Overlay<Trash>);

impl TrashBin {
    /// What is left of what an action took away.
    pub(crate) fn of<T: Tx>(
        &mut self,
        tx: &mut T,
        action: u64,
    ) -> Result<Option<Trash>, StoreError> {
        Ok(self.0.get(tx, &action)?.copied())
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

    /// Puts jobs away that an action takes. From now on all that it took is kept until then.
    pub(crate) fn put_away<T: Tx>(
        &mut self,
        tx: &mut T,
        ends_at: SteadyTime,
        action: u64,
        jobs: Vec<TrashedJob>,
    ) -> Result<(), StoreError> {
        if jobs.is_empty() {
            return Ok(());
        }
        let known = self.of(tx, action)?;
        let mut trash = known.unwrap_or(Trash {
            first: 0,
            end: 0,
            bytes: 0,
            ends_at,
        });
        trash.ends_at = ends_at;
        Self::append(tx, action, &mut trash, jobs)?;
        self.0.put(action, trash);
        Ok(())
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
            0 => self.0.remove(action),
            _ => self.0.put(action, trash),
        }
    }

    /// Forgets a slice of what is kept up to this moment at the longest; tells how many jobs.
    pub(crate) fn forget_until<T: Tx>(
        &mut self,
        tx: &mut T,
        until: SteadyTime,
    ) -> Result<usize, StoreError> {
        // What this group has put away is kept for longer.
        self.0.write(tx)?;
        let mut forgotten = 0;
        for action in tx.due::<Trash>(until, FORGOTTEN_ACTIONS)? {
            if forgotten >= SWEEP_SLICE_ROWS {
                break;
            }
            let Some(mut trash) = self.of(tx, action)? else {
                continue;
            };
            let rest = (SWEEP_SLICE_ROWS - forgotten) as u64;
            let jobs = trash.jobs().min(rest);
            let keys = (trash.first..trash.first + jobs).map(|number| (action, number));
            tx.remove::<TrashedJob>(&keys.collect::<Vec<_>>())?;
            // How large each of them is nobody knows without reading it.
            trash.bytes -= trash.bytes / trash.jobs().max(1) * jobs;
            trash.first += jobs;
            self.keep(action, trash);
            forgotten += usize::try_from(jobs).unwrap_or(usize::MAX);
        }
        Ok(forgotten)
    }

    /// Forgets what is known, as it is flushed.
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// Writes what was changed.
    pub(crate) fn write<T: Tx>(&mut self, tx: &mut T) -> Result<(), StoreError> {
        self.0.write(tx)
    }
}

fn is_under_way<T: Tx>(tx: &mut T, action: u64) -> Result<bool, StoreError> {
    let open = tx.get::<OpenAction>(&[action])?;
    Ok(open.iter().any(Option::is_some))
}
