//! Making batches, and looking at them.

use serde_json::{Value, json};
use workmill_tests::Client;

use crate::custom_job;

pub(super) fn new_batch(client: &mut Client, batch: &Value) -> String {
    client.cmd(format!("BATCH NEW {batch}")).text()
}

/// A batch with both callbacks, which go into the queue `callbacks`.
pub(super) fn both(client: &mut Client) -> String {
    let batch = json!({
        "description": "import",
        "complete": {"jobtype": "Complete", "queue": "callbacks"},
        "success": {"jobtype": "Success", "queue": "callbacks"},
    });
    new_batch(client, &batch)
}

/// A batch with a success callback of this type, perhaps as a part of another.
pub(super) fn with_success(client: &mut Client, jobtype: &str, parent: Option<&str>) -> String {
    let success = json!({"jobtype": jobtype, "queue": "callbacks"});
    new_batch(client, &json!({"success": success, "parent_bid": parent}))
}

pub(super) fn member(jid: &str, bid: &str) -> Value {
    custom_job(jid, "work", json!({"bid": bid}))
}

pub(super) fn status(client: &mut Client, bid: &str) -> Value {
    client.cmd(format!("BATCH STATUS {bid}")).json()
}

/// Total, pending, failed; and the states of the callbacks.
pub(super) fn progress(client: &mut Client, bid: &str) -> Value {
    let status = status(client, bid);
    let keys = ["total", "pending", "failed", "complete_st", "success_st"];
    keys.map(|key| status[key].clone()).into()
}

/// Fetches a callback, which is to be of this type, and returns its jid.
pub(super) fn callback(client: &mut Client, jobtype: &str) -> String {
    let job = client.fetch_now("callbacks");
    assert_eq!(job["jobtype"], jobtype);
    job["jid"].as_str().expect("a job has a jid").to_owned()
}
