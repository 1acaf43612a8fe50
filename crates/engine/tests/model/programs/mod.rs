//! Random programs with crashes and faults: whatever happens, no batch is left stuck, no callback fires twice or early,
//! no lock outlives its end or its job's success, no slot leaks, and nothing is handed out faster than it may.

mod acts;
mod limits;
mod program;
mod server;
mod sight;
mod witness;

pub use program::run;
