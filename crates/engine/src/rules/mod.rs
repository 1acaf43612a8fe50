//! The rules, one file each, as methods of a [`crate::group::Group`] at work.

mod ack;
mod act;
mod backoff;
mod batch;
mod callbacks;
mod corrupt;
mod cron;
mod cron_plan;
mod dead;
mod fail;
mod fetch;
mod flush;
mod held;
mod life;
mod mutate;
mod mutate_jobs;
mod operations;
mod purge;
mod push;
mod queue;
mod recover;
mod report;
mod requeue;
mod reservation;
mod schedule;
mod sweep;
mod tombstones;
mod track;

pub(crate) use cron_plan::PlanReport;
