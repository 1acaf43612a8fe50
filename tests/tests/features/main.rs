//! Unique and expiring jobs, REQUEUE, batches, tracking and throttles over the wire: their main ways, their texts, and what a
//! killed server leaves of them. Their rules have tests with a clock of their own in the engine.

mod batches;
mod expiring;
mod requeue;
mod switches;
mod throttles;
mod tracking;
mod unique;

use serde_json::Value;
use workmill_tests::{Client, Server, job};

/// A job with this `custom`.
fn custom_job(jid: &str, queue: &str, custom: Value) -> Value {
    let mut job = job(jid, queue);
    job["custom"] = custom;
    job
}

/// Ends a server without warning and starts it again; returns a new connection.
fn kill_and_start(server: &mut Server) -> Client {
    server.kill9();
    server.start_again();
    server.client()
}
