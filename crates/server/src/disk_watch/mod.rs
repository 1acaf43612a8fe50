//! What happens when the disk hangs: an operation that neither succeeds nor fails.
//!
//! A thread with a runtime of its own looks at what is being asked of the disk, as all others may be stuck in it. It says
//! so in the log, lets the uptime stand still, greets whoever connects where the thread that would do so is stuck, and ends
//! the process when it is to stop and cannot.
//!
//! Reading order: `hangs` (what is to be said and done), `thread` (who looks), `stand_in` and `uptime` (what is done).

mod hangs;
mod stand_in;
mod thread;
mod uptime;

pub(crate) use stand_in::stand_in;
pub(crate) use thread::DiskWatch;
pub(crate) use uptime::hold_uptime;
