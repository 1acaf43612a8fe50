//! The web port of a real server.

mod access;
mod actions;
mod attempts;
mod audit;
mod completed;
mod contrib;
mod document;
mod editing;
mod events;
mod failures;
mod forms;
mod history;
mod port;
mod probes;
mod why;
