//! What is kept of an operation that is under way, so that the next server goes on with it: what is done to which jobs, written
//! once, and how far it is, written with each slice.

mod form;
mod resumed;
mod rows;

pub(crate) use rows::{forget, get, is_kept, keep, noted};
