//! Databases that older versions have written: today's store finds in them what was there. And what a check finds when
//! something of it is damaged.
//!
//! `version-N.sql` is what a server with version N of the tables has left after a clean stop, as the `.dump` of sqlite3, with
//! one of everything it can keep. Version 9 is the one of version 6 with its tables brought up to date, and with what a server of
//! that version had written of two actions, in the middle of which it was killed, and of history.
#![expect(clippy::unwrap_used, reason = "what fails must stop the test")]

mod batches;
mod counters;
mod damage;
mod jobs;
mod locks;
mod older;
mod pages;
mod restored;
mod trash;
