//! The job payload as clients see it.

mod check;
mod custom;
mod failure;
mod parse;
mod payload;
mod render;
#[cfg(test)]
mod tests;
mod unique_key;

pub use custom::{
    BackOff, BackOffFormula, BackOffKind, CustomReading, CustomRules, Expiry, UniqueRule,
};
pub use failure::Failure;
pub use payload::Job;
pub use render::Rendered;
