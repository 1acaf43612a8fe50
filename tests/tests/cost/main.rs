//! What a job costs the server may not rise unnoticed. System calls per 1,000 jobs and instructions per job are
//! counted, not times, so a slow or busy machine changes nothing.
//!
//! - [`system_calls`]: the real server under `strace -c`, over the wire, with `durability = "always"`, with one thread and
//!   with several.
//! - [`instructions`]: protocol, engine and store in one thread under callgrind, as release build, which
//!   `cargo build --release -p workmill-engine --example job_cost` makes. What history takes of them is a figure of its own.
//!
//! Each has a table of figures at its top: what was measured when they were written down. Every run prints what it
//! measured beside them, and fails if that is above a figure by more than its tolerance.
//!
//! How to change a figure honestly:
//!
//! - Too high: first find out why. Without your change, is it as committed? Then your change costs this, at every job
//!   of every user. If it is worth that, write the new figure down in the same commit and say in its body what is
//!   bought with it. Never widen a tolerance to get through.
//! - A new compiler, SQLite or valgrind moves figures too: change them in a commit that does nothing else.
//! - Lower than committed by more than the tolerance: the table says so. Write the new figure down, or what was won
//!   may be lost again unnoticed.
//!
//! Copy the figures from the printed table of a run on an idle machine, and the date with them.

mod calls;
mod figure;
mod instructions;
mod profile;
mod system_calls;
