//! Background duties: each is started, says when it has started, and is stopped, in the same way.

mod certificates;
mod clock_watch;
mod cron;
mod reaper;
mod recoverer;
mod service;
mod ticker;

pub(crate) use certificates::watch_certificates;
pub(crate) use clock_watch::watch_clocks;
pub(crate) use cron::fire_cron;
pub(crate) use reaper::reap_workers;
pub(crate) use recoverer::recover_lost;
pub(crate) use service::{Life, Service};
pub(crate) use ticker::tick;
