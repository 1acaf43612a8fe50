//! A wall clock that is set, forward and back, while the server runs and while it does not; and a server that is frozen.

mod instants;
mod restarts;
mod ticks;
