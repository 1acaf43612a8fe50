//! The pages: what they show, and the handlers that put it together. The templates are in `templates/`.
//!
//! A handler takes a [`Frame`], makes the value its template shows, and gives `Frame::show` that or the problem instead.

mod act;
mod act_jobs;
mod actions;
mod answer;
mod attention;
mod audit;
mod bare;
mod batches;
mod bulk;
mod chart;
mod concern_sentences;
mod concerns;
mod cookies;
mod cron;
mod cron_edit;
mod cron_runs;
mod cron_words;
mod failures;
mod forms;
mod frame;
mod history_chart;
mod job;
mod job_edit;
mod job_rows;
mod job_table;
mod jobtypes;
mod json;
mod links;
mod listing;
mod machinery;
mod nav;
mod notice;
mod operation_start;
mod operations;
mod overview;
mod preferences;
mod queue_rows;
mod queues;
mod ranges;
mod reasons;
mod search;
mod server;
mod sets;
mod timeline;

pub(crate) use act::{on_queue, on_workers};
pub(crate) use act_jobs::{entry, on_entry, on_job, on_set};
pub(crate) use answer::nothing_here;
pub(crate) use attention::on_attention;
pub(crate) use audit::{audit, on_audit};
pub(crate) use bare::{Reader, Unserved, unserved};
pub(crate) use batches::{batch, batches};
#[cfg(test)]
pub(crate) use concerns::ConcernRow;
pub(crate) use cron::{cron, on_cron};
pub(crate) use cron_edit::{edit_cron, new_cron, on_edit_cron, on_new_cron};
pub(crate) use cron_runs::{cron_runs, on_cron_runs};
pub(crate) use failures::{failure, failures};
pub(crate) use frame::Frame;
pub(crate) use job::job;
pub(crate) use job_edit::{edit_job, on_edit};
pub(crate) use jobtypes::jobtypes;
pub(crate) use machinery::{locks, throttles, workers};
pub(crate) use operation_start::{new_operation, on_operations, on_selected};
pub(crate) use operations::{on_operation, operation, operations};
pub(crate) use overview::show as overview;
pub(crate) use queues::{queue, queues};
#[cfg(test)]
pub(crate) use reasons::told;
pub(crate) use search::search;
pub(crate) use server::{debug, server};
pub(crate) use sets::set;
