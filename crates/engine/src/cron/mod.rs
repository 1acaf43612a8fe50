//! Cron: when a recurring job is due, and what is known of the entries that ask for it.
//!
//! Nothing here knows the time: zones and moments are given. [`Schedule`] is one line of a crontab, with its zone;
//! [`CronEntry`] the job that goes with it; [`CronTable`] all entries of a configuration; [`MadeEntries`] those that were made
//! while the server runs. The engine keeps a
//! [`Timetable`] of what is due next. `rules/cron.rs` pushes what is due.

mod calendar;
mod day_rule;
mod definition;
mod entry;
mod error;
mod field;
mod plan_report;
mod schedule;
mod timetable;
mod zoned;

pub use calendar::{PlainDays, PlainSchedule};
pub use definition::{CronFlaw, FindZone, check_cron_name, read_schedule};
pub use entry::{CronEntry, CronTable, MadeEntries};
pub use error::ScheduleError;
pub(crate) use plan_report::PlanReport;
pub use schedule::Schedule;
use schedule::split_zone;
pub(crate) use timetable::{Due, Timetable};
