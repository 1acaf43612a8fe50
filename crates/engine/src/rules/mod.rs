//! The rules, one file each, as methods of a [`crate::group::Group`] at work.

mod ack;
mod backoff;
mod corrupt;
mod dead;
mod fail;
mod fetch;
mod flush;
mod mutate;
mod push;
mod queue;
mod recover;
mod report;
mod reservation;
mod schedule;
