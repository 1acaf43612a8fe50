//! Careful retry: what one does, twice a second, until all its jobs are retried and have ended, or too many have failed again.

use workmill_store::{StoreError, Tx};

use crate::careful::{Care, CarefulRun};
use crate::group::Group;
use crate::op::{Mutate, MutateProgress, Ticket};
use crate::operations::{Done, OperationState};
use crate::outcome::Outcome;
use crate::resumption;

impl<T: Tx> Group<'_, T> {
    /// Begins one, or goes on with one that the last server has left. Its answer comes at once, and it goes on by itself.
    pub(super) fn start_carefully(
        &mut self,
        ticket: Ticket,
        mutate: &Mutate,
        mut progress: Box<MutateProgress>,
        care: Care,
    ) -> Result<(), StoreError> {
        let watch = progress
            .watch
            .take()
            .map_or_else(Default::default, |watch| *watch);
        let run = CarefulRun {
            mutate: Mutate {
                progress: Some(progress),
                ..mutate.clone()
            },
            care,
            watch,
            is_changed: true,
            looks_on: false,
        };
        if let Some(run) = self.step_carefully(run)? {
            self.memory.careful.add(run);
        }
        let outcome = match mutate.operation {
            Some(id) => Outcome::of_operation(self.memory.operations.report(id)),
            None => Outcome::Ok,
        };
        self.answers.give(ticket, outcome);
        Ok(())
    }

    /// Goes on with all that are under way. Tells whether one has yet to find the jobs that it may retry now.
    pub(crate) fn go_on_carefully(&mut self) -> Result<bool, StoreError> {
        let (mut index, mut looks_on) = (0, false);
        while let Some(run) = self.memory.careful.take(index) {
            if let Some(run) = self.step_carefully(run)? {
                looks_on |= run.looks_on;
                self.memory.careful.put_back(index, run);
                index += 1;
            }
        }
        Ok(looks_on)
    }

    /// Writes down what has ended of what is watched, in the transaction in which it ended.
    pub(crate) fn keep_careful(&mut self) -> Result<(), StoreError> {
        for run in self.memory.careful.take_changed() {
            let progress = watched(&run);
            if let Some((progress, noted)) = progress {
                let operations = &self.memory.operations;
                resumption::keep(self.tx, operations, &run.mutate, &progress, (noted, false))?;
            }
        }
        Ok(())
    }

    /// Does what may be done now. None if that was the last of it.
    fn step_carefully(&mut self, mut run: CarefulRun) -> Result<Option<CarefulRun>, StoreError> {
        let Some(mut progress) = run.mutate.progress.take() else {
            return Ok(None);
        };
        let (state, done) = self.advance_carefully(&mut run, &mut progress)?;
        progress.changed += done.changed;
        if done.looked_at > 0 || run.is_changed || state != OperationState::Running {
            run.is_changed = false;
            progress.watch = Some(Box::new(run.watch.clone()));
            self.note_change(&run.mutate, &mut progress, &state, done, None)?;
            progress.watch = None;
        }
        if state == OperationState::Running {
            run.mutate.progress = Some(progress);
            return Ok(Some(run));
        }
        if let Some(id) = run.mutate.operation {
            self.memory.operations.end(id, state, self.now.wall);
        }
        Ok(None)
    }

    fn advance_carefully(
        &mut self,
        run: &mut CarefulRun,
        progress: &mut MutateProgress,
    ) -> Result<(OperationState, Done), StoreError> {
        let mut done = Done::default();
        if !self.memory.operations.goes_on(run.mutate.operation) {
            return Ok((OperationState::Cancelled, done));
        }
        let now = self.now.steady;
        let has_more = progress.next_index < progress.extents.len();
        if let Some(reason) = run.watch.objection(&run.care, now, has_more) {
            tracing::warn!(reason, "a careful retry goes no further");
            return Ok((OperationState::Failed(reason), done));
        }
        let is_first = !run.watch.is_rated();
        let room = run.watch.room(&run.care, now);
        run.looks_on = false;
        if room > 0 && has_more {
            self.memory.careful.begin();
            done = self.mutate_slice(&run.mutate, progress, None, room)?;
            for jid in self.memory.careful.finish() {
                run.watch.begin(jid, now);
            }
            if !is_first {
                run.watch.use_up(done.changed, &run.care);
            }
            self.memory.operations.advance(run.mutate.operation, done);
            let has_more = progress.next_index < progress.extents.len();
            run.looks_on = has_more && done.changed < room as u64;
        }
        let is_over = progress.next_index >= progress.extents.len() && run.watch.is_over();
        Ok(match is_over {
            true => (OperationState::Done, done),
            false => (OperationState::Running, done),
        })
    }
}

/// How far one is with what it watches, and its number in the audit log, if it has one.
fn watched(run: &CarefulRun) -> Option<(MutateProgress, u64)> {
    let mut progress = MutateProgress::clone(run.mutate.progress.as_ref()?);
    progress.watch = Some(Box::new(run.watch.clone()));
    let noted = progress.noted.as_ref()?.id;
    Some((progress, noted))
}
