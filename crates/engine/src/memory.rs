//! What the engine keeps between groups, only in memory: it may be lost.

use workmill_proto::{SteadyTime, Timestamp};

use crate::actions::Actions;
use crate::cron::{PlanReport, Timetable};
use crate::features::{Careful, Slots};
use crate::history::History;
use crate::makers::Makers;
use crate::operations::Operations;
use crate::parked::Parked;
use crate::rechecks::Rechecks;

/// It changes with a group, and goes back if the group is rolled back.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    /// The FETCHes that wait.
    pub(crate) parked: Parked,
    /// How fast queues may be handed out.
    pub(crate) slots: Slots,
    /// When queues are to be looked at again.
    pub(crate) rechecks: Rechecks,
    /// The next ticks of cron entries.
    pub(crate) timetable: Timetable,
    /// When the server before this one was last there, by the wall clock; none if there was none.
    pub(crate) down_since: Option<Timestamp>,
    /// What the log is to say of the plan of cron entries; not undone, as it tells of what is so.
    pub(crate) plan_report: PlanReport,
    /// Who made which queue.
    pub(crate) makers: Makers,
    /// The operations that are remembered.
    pub(crate) operations: Operations,
    /// What was counted of jobs over time and is not written yet.
    pub(crate) history: History,
    /// How actions ended that is still to be written down.
    pub(crate) actions: Actions,
    /// The careful retries that are under way.
    pub(crate) careful: Careful,
    /// How many groups of failures there are; none if that is not known.
    pub(crate) failure_groups: Option<usize>,
    /// Whether all failed jobs are known to be in groups of failures. It never becomes untrue.
    pub(crate) are_grouped: bool,
}

impl Memory {
    /// Has those queues served that are to be looked at again by now.
    pub(crate) fn recheck_due(&mut self, now: SteadyTime) {
        for queue in self.rechecks.take_due(now) {
            self.parked.make_ready(&queue);
        }
    }

    /// When the server before this one ended, as far as anybody knows.
    pub(crate) fn last_server_ended_at(&self, now: Timestamp) -> Timestamp {
        self.down_since.unwrap_or(now)
    }

    /// Keeps what the group changed.
    pub(crate) fn commit(&mut self) {
        self.parked.commit();
        self.slots.commit();
        self.rechecks.commit();
        self.timetable.commit();
        self.makers.commit();
        self.operations.commit();
        self.history.commit();
        self.actions.commit();
        self.careful.commit();
    }

    /// Undoes what the group changed.
    pub(crate) fn roll_back(&mut self) {
        self.parked.roll_back();
        self.slots.roll_back();
        self.rechecks.roll_back();
        self.timetable.roll_back();
        self.makers.roll_back();
        self.operations.roll_back();
        self.history.roll_back();
        self.actions.roll_back();
        self.careful.roll_back();
        // They are counted again.
        self.failure_groups = None;
    }
}
