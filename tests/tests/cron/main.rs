//! Recurring jobs: when they come, also when the server dies, and when their configuration changes.

mod firing;
mod making;
mod reference;
mod runs;
