//! The rules of jobs, as plain synchronous code.
//!
//! [`Engine::run_group`] sees a transaction, the time and a group of requests, and nothing else: no clock,
//! no randomness of its own, no sockets, no tokio. So everything it does can be replayed from a seed.
//!
//! Reading order: [`Op`] (what can be asked), `ask/` (how ops are made), [`OpTraits`] (what they cost, and what must not
//! overtake them), [`Engine`] (how a group runs), then one file per rule in `rules/`, and [`Outcome`] (what is answered).
//! When recurring jobs are due is told by `cron/`.

mod action;
mod actions;
mod answers;
mod ask;
mod audit;
mod budget;
mod change;
mod context;
mod cron;
mod engine;
mod event;
mod features;
mod group;
mod history;
mod job_edit;
mod limits;
mod makers;
mod memory;
mod new_job;
mod op;
mod op_traits;
mod operations;
mod outcome;
mod overlay;
mod parked;
mod passage;
pub mod query;
mod rechecks;
mod resumption;
mod rules;
mod step;
mod throttle;

pub use action::is_about_queue;
pub use actions::NotedAction;
pub use change::{Change, ChangeFilter, ChangePlaces, ChangeVerb};
pub use context::{GroupContext, Rules};
pub use cron::{
    CronEntry, CronFlaw, CronTable, FindZone, MadeEntries, PlainDays, PlainSchedule, Schedule,
    ScheduleError, check_cron_name, read_schedule,
};
pub use engine::Engine;
pub use event::{Event, EventKind};
pub use features::{Care, Watch};
pub use job_edit::JobEdit;
pub use limits::{CHANGE_JOBS_MAX, FETCH_WAIT, OPERATIONS_RUNNING_MAX};
pub use makers::ClientId;
pub use new_job::{NewJob, WantedLock};
pub use op::{
    Ack, Action, BatchOp, BulkPush, ChangeExtent, CronOp, CronPut, CronRun, CronSwitch,
    DeliveryTag, Duty, Fail, Fetch, Mutate, MutateProgress, NewBatch, Note, Op, OperationsOp,
    Request, Requeue, ServerId, Source, Ticket, TrackOp,
};
pub use op_traits::{Barrier, OpTraits, Rank, put_alike_together, rank_of_all};
pub use operations::{OperationId, OperationReport, OperationState};
pub use outcome::{Answer, BatchReport, FetchedJob, GroupResult, InfoReport, Outcome, TrackReport};
pub use throttle::{Rate, Throttle};
