//! Batches.

mod edges;
mod progress;
mod steps;
