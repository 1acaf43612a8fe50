//! The query language over jobs in any state: what people type to find jobs, and to say which ones to act on.
//!
//! A [`Query`] is parsed from text once and held against many jobs ([`Query::matches`]). Reading order: `expr.rs` (what a
//! query is made of), `parse/` (from text), `print.rs` (back to text), `job.rs` (what can be known of a job), `matching.rs`
//! (whether it matches), `scope.rs` (where a match can be), `redaction.rs` (what they do not see).

mod error;
mod expr;
mod job;
mod matching;
mod moment;
mod number;
mod parse;
mod path;
mod pattern;
mod print;
mod range;
mod redaction;
mod scope;
mod term;
#[cfg(test)]
mod tests;

pub use error::QueryError;
pub use expr::Query;
pub use job::QueryJob;
pub use matching::Verdict;
pub use redaction::{Redaction, Redactions};
pub use term::JobState;
