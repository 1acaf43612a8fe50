//! Locks: each job that must have its lock has it.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::time::Duration;

use workmill_proto::SteadyTime;

use super::findings::{Findings, ProblemKind};
use crate::reading::Snapshot;
use crate::{JobLock, Lock, LockKey, StoreError};

/// By how much the clock may have gone on since it was kept last: a lock may be over then.
const CLOCK_BEHIND_MAX: Duration = Duration::from_secs(600);

#[derive(Debug)]
pub(super) struct Locks {
    locks: HashMap<LockKey, Lock>,
    /// Locks that end later are not over for certain.
    surely_held_from: SteadyTime,
}

impl Locks {
    pub(super) fn read<S: Snapshot>(
        rows: &mut S,
        findings: &mut Findings,
    ) -> Result<Self, StoreError> {
        let tallies = rows.tallies()?;
        let now = tallies.clocks.map(|clocks| clocks.steady);
        let mut locks = HashMap::new();
        rows.locks(tallies.generation, None, |lock| {
            match lock {
                Ok((key, lock)) => drop(locks.insert(key, lock)),
                Err(error) => {
                    findings.add(ProblemKind::Row, || format!("a lock: {}", error.reason));
                }
            }
            ControlFlow::Continue(())
        })?;
        findings.count("locks", locks.len() as u64);
        Ok(Self {
            locks,
            surely_held_from: now.map_or(SteadyTime::MAX, |now| now.plus(CLOCK_BEHIND_MAX)),
        })
    }

    /// Looks at the lock of a job. One that is given back at the start may be somebody else's by now.
    pub(super) fn see(&self, jid: &str, wanted: &JobLock, findings: &mut Findings) {
        let held = self.locks.get(&wanted.key);
        let own =
            held.filter(|held| *held.owner.jid == *jid && held.owner.pushing == wanted.pushing);
        match own {
            Some(lock) if lock.ends_at != wanted.ends_at => {
                findings.add(ProblemKind::Lock, || {
                    format!("{jid:?}: its lock ends at another time than the job says")
                });
            }
            None if !wanted.until_start && wanted.ends_at > self.surely_held_from => {
                findings.add(ProblemKind::Lock, || match held {
                    Some(held) => format!("{jid:?}: its lock belongs to {:?}", held.owner.jid),
                    None => format!("{jid:?} has no lock"),
                });
            }
            Some(_) | None => {}
        }
    }
}
