//! The pattern of a MUTATE: Redis' glob.
//!
//! [`Glob`] splits it at its stars; the parts between them are sought from left to right.

mod part;
mod pattern;
#[cfg(test)]
mod tests;

pub use pattern::Glob;
