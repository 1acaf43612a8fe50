//! What to measure.

mod address;
mod options;
mod server;

pub(crate) use address::Address;
pub(crate) use options::TargetOptions;
pub(crate) use server::Target;
