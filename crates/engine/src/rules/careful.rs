//! Careful retry: what one does, twice a second, by a duty of its own, until all its jobs are retried and have ended, or too many have failed again.

use workmill_store::{StoreError, Tx};

use super::act::note_change;
use crate::features::{Care, CarefulRun, NextRetry};
use crate::group::Group;
use crate::op::{Mutate, MutateProgress, Ticket};
use crate::operations::{Done, OperationState};
use crate::outcome::Outcome;

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

    /// Does what may be done now. None if that was the last of it.
    fn step_carefully(&mut self, mut run: CarefulRun) -> Result<Option<CarefulRun>, StoreError> {
        let Some(mut progress) = run.mutate.progress.take() else {
            return Ok(None);
        };
        let has_more = |progress: &MutateProgress| progress.next_index < progress.extents.len();
        let (id, now) = (run.mutate.operation, self.now.steady);
        let mut done = Done::default();
        let next = match self.memory.operations.goes_on(id) {
            true => run.next(now, has_more(&progress)),
            false => NextRetry::End(OperationState::Cancelled),
        };
        let state = match next {
            NextRetry::End(state) => state,
            NextRetry::Wait => OperationState::Running,
            NextRetry::Retry(room) => {
                self.memory.careful.begin();
                done = self.mutate_slice(&run.mutate, &mut progress, room)?;
                let retried = self.memory.careful.finish();
                self.memory.operations.advance(id, done);
                run.retried(retried, done.changed, now, room);
                run.looks_on &= has_more(&progress);
                match run.is_over(has_more(&progress)) {
                    true => OperationState::Done,
                    false => OperationState::Running,
                }
            }
        };
        progress.changed += done.changed;
        if done.looked_at > 0 || run.is_changed || state != OperationState::Running {
            run.is_changed = false;
            progress.watch = run.summary();
            let news = (&state, done, None);
            note_change(
                self.tx,
                self.memory,
                self.now,
                &run.mutate,
                &mut progress,
                news,
            )?;
            progress.watch = None;
            if let Some(action) = progress.noted.as_ref().map(|noted| noted.id) {
                run.write_rows(self.tx, action, state == OperationState::Running)?;
            }
        }
        if state == OperationState::Running {
            run.mutate.progress = Some(progress);
            return Ok(Some(run));
        }
        if let Some(id) = id {
            self.memory.operations.end(id, state, self.now.wall);
        }
        Ok(None)
    }
}
