//! Batches.

use serde_json::{Value, json};
use workmill_tests::{Client, Server, instant_in};

use crate::{custom_job, kill_and_start};

fn new_batch(client: &mut Client, batch: &Value) -> String {
    client.cmd(format!("BATCH NEW {batch}")).text()
}

/// A batch with both callbacks, which go into the queue `callbacks`.
fn both(client: &mut Client) -> String {
    let batch = json!({
        "description": "import",
        "complete": {"jobtype": "Complete", "queue": "callbacks"},
        "success": {"jobtype": "Success", "queue": "callbacks"},
    });
    new_batch(client, &batch)
}

/// A batch with a success callback of this type, perhaps as a part of another.
fn with_success(client: &mut Client, jobtype: &str, parent: Option<&str>) -> String {
    let success = json!({"jobtype": jobtype, "queue": "callbacks"});
    new_batch(client, &json!({"success": success, "parent_bid": parent}))
}

fn member(jid: &str, bid: &str) -> Value {
    custom_job(jid, "work", json!({"bid": bid}))
}

fn status(client: &mut Client, bid: &str) -> Value {
    client.cmd(format!("BATCH STATUS {bid}")).json()
}

/// Total, pending, failed; and the states of the callbacks.
fn progress(client: &mut Client, bid: &str) -> Value {
    let status = status(client, bid);
    let keys = ["total", "pending", "failed", "complete_st", "success_st"];
    keys.map(|key| status[key].clone()).into()
}

/// Fetches a callback, which is to be of this type, and returns its jid.
fn callback(client: &mut Client, jobtype: &str) -> String {
    let job = client.fetch_now("callbacks");
    assert_eq!(job["jobtype"], jobtype);
    job["jid"].as_str().expect("a job has a jid").to_owned()
}

#[test]
fn callbacks_come_one_after_the_other_and_are_told_what_they_belong_to() {
    let server = Server::start();
    let mut client = server.client();
    let bid = both(&mut client);
    assert!(bid.starts_with("b-") && bid.len() == 16, "{bid}");
    let bulk = [member("jid-000001", &bid), member("jid-000002", &bid)];
    assert_eq!(client.push_bulk(&bulk), json!({}));
    assert_eq!(client.fetch_now("work")["custom"], json!({"bid": bid}));
    client.ack("jid-000001");
    client.fetch_now("work");
    client.ack("jid-000002");
    assert_eq!(progress(&mut client, &bid), json!([2, 0, 0, "", ""]));
    assert_eq!(client.queue_size("callbacks"), None, "not before COMMIT");
    client.ok(format!("BATCH COMMIT {bid}"));
    assert_eq!(progress(&mut client, &bid), json!([2, 0, 0, "1", ""]));
    let complete = client.fetch_now("callbacks");
    assert_eq!(complete["custom"], json!({"_bid": bid, "_cb": "complete"}));
    assert_eq!(client.queue_size("callbacks"), Some(0), "not before an ACK");
    client.ack(complete["jid"].as_str().unwrap());
    assert_eq!(progress(&mut client, &bid), json!([2, 0, 0, "2", "1"]));
    let success = callback(&mut client, "Success");
    client.ack(&success);
    let status = status(&mut client, &bid);
    assert_eq!(
        status,
        json!({"bid": bid, "description": "import", "created_at": status["created_at"], "total": 2, "pending": 0,
            "failed": 0, "complete_st": "2", "success_st": "2", "completed_st": "2"})
    );
}

#[test]
fn a_killed_server_goes_on_with_batches_where_they_were() {
    let mut server = Server::start();
    let mut client = server.client();
    let bid = both(&mut client);
    client.push(&member("jid-000001", &bid));
    client.push(&member("jid-000002", &bid));
    client.ok(format!("BATCH COMMIT {bid}"));
    let mut client = kill_and_start(&mut server);
    assert_eq!(progress(&mut client, &bid), json!([2, 2, 0, "", ""]));
    client.fetch_now("work");
    client.fail("jid-000001");
    client.fetch_now("work");
    client.ack("jid-000002");
    let mut client = kill_and_start(&mut server);
    assert_eq!(progress(&mut client, &bid), json!([2, 0, 1, "1", ""]));
    let complete = callback(&mut client, "Complete");
    let mut client = kill_and_start(&mut server);
    client.ack(&complete);
    client.ok(r#"MUTATE {"cmd":"requeue","target":"retries"}"#);
    client.fetch_now("work");
    client.ack("jid-000001");
    let mut client = kill_and_start(&mut server);
    assert_eq!(progress(&mut client, &bid), json!([2, 0, 0, "2", "1"]));
    callback(&mut client, "Success");
    assert_eq!(client.queue_size("callbacks"), Some(0), "each comes once");
}

/// Demand 21: a batch whose job was acknowledged stuck when the reply was lost and the ACK was sent again.
#[test]
fn an_ack_that_is_sent_again_counts_once_and_the_batch_goes_on() {
    let mut server = Server::start();
    let mut client = server.client();
    let bid = both(&mut client);
    for jid in ["jid-000001", "jid-000002"] {
        client.push(&member(jid, &bid));
        client.fetch_now("work");
    }
    client.ok(format!("BATCH COMMIT {bid}"));
    let mut losing = server.client();
    losing.send(r#"ACK {"jid":"jid-000001"}"#);
    client.wait_for_info(|info| info["faktory"]["total_processed"] == 1);
    drop(losing);
    client.ack("jid-000001");
    assert_eq!(progress(&mut client, &bid), json!([2, 1, 0, "", ""]));
    client.ack("jid-000002");
    let mut client = kill_and_start(&mut server);
    for jid in ["jid-000001", "jid-000002"] {
        client.ack(jid);
    }
    assert_eq!(progress(&mut client, &bid), json!([2, 0, 0, "1", ""]));
    let complete = callback(&mut client, "Complete");
    client.ack(&complete);
    client.ack(&complete);
    callback(&mut client, "Success");
    assert_eq!(client.queue_size("callbacks"), Some(0));
}

/// Demand 21: the server crashed when a callback was tried again.
#[test]
fn a_callback_that_fails_is_tried_again() {
    let server = Server::start();
    let mut client = server.client();
    let bid = both(&mut client);
    client.ok(format!("BATCH COMMIT {bid}"));
    for (jobtype, before, after) in [
        ("Complete", json!(["1", ""]), json!(["2", "1"])),
        ("Success", json!(["2", "1"]), json!(["2", "2"])),
    ] {
        let jid = callback(&mut client, jobtype);
        client.fail(&jid);
        let states = |client: &mut Client| {
            let now = progress(client, &bid);
            json!([now[3], now[4]])
        };
        assert_eq!(states(&mut client), before);
        client.ok(r#"MUTATE {"cmd":"requeue","target":"retries"}"#);
        let again = client.fetch_now("callbacks");
        assert_eq!(again["jid"], *jid);
        assert_eq!(again["failure"]["message"], "it broke");
        client.ack(&jid);
        assert_eq!(states(&mut client), after);
    }
    assert_eq!(progress(&mut client, &bid), json!([0, 0, 0, "2", "2"]));
}

#[test]
fn a_batch_waits_for_those_below_it() {
    let mut server = Server::start();
    let mut client = server.client();
    let top = with_success(&mut client, "Top", None);
    let middle = with_success(&mut client, "Middle", Some(&top));
    let bottom = with_success(&mut client, "Bottom", Some(&middle));
    let adopted = with_success(&mut client, "Adopted", None);
    client.ok(format!("BATCH CHILD {top} {adopted}"));
    client.ok(format!("BATCH CHILD {top} {adopted}"));
    assert_eq!(
        client.refused(format!("BATCH CHILD {bottom} {top}")),
        format!(
            "ERR batch {bottom} waits for batch {top} already, or is the same: they would wait for each other"
        )
    );
    assert_eq!(status(&mut client, &bottom)["parent_bid"], *middle);
    assert_eq!(status(&mut client, &adopted)["parent_bid"], *top);
    client.push(&member("jid-000001", &bottom));
    for bid in [&top, &middle, &bottom, &adopted] {
        client.ok(format!("BATCH COMMIT {bid}"));
    }
    let done = callback(&mut client, "Adopted");
    client.ack(&done);
    client.fetch_now("work");
    client.ack("jid-000001");
    for jobtype in ["Bottom", "Middle", "Top"] {
        client = kill_and_start(&mut server);
        let done = callback(&mut client, jobtype);
        assert_eq!(client.queue_size("callbacks"), Some(0), "{jobtype} alone");
        client.ack(&done);
    }
}

#[test]
fn a_batch_that_is_done_takes_more_and_repeats_no_callback() {
    let server = Server::start();
    let mut client = server.client();
    let bid = with_success(&mut client, "Done", None);
    client.ok(format!("BATCH COMMIT {bid}"));
    let done = callback(&mut client, "Done");
    client.ack(&done);
    assert_eq!(client.cmd(format!("BATCH OPEN {bid}")).text(), bid);
    client.push(&member("jid-000001", &bid));
    client.ok(format!("BATCH COMMIT {bid}"));
    assert_eq!(progress(&mut client, &bid), json!([1, 1, 0, "", "2"]));
    client.fetch_now("work");
    client.ack("jid-000001");
    assert_eq!(progress(&mut client, &bid), json!([1, 0, 0, "", "2"]));
    assert_eq!(client.queue_size("callbacks"), Some(0));
}

#[test]
fn members_that_end_otherwise_leave_no_batch_stuck() {
    let server = Server::start();
    let mut client = server.client();
    for (end, failed) in [
        ("expire", 0),
        ("discard", 0),
        ("clear", 0),
        ("remove", 0),
        ("kill", 1),
        ("fail", 1),
    ] {
        let bid = both(&mut client);
        let mut job = member("jid-000001", &bid);
        if end == "expire" {
            job["custom"]["expires_in"] = json!(0);
        }
        if ["discard", "clear", "kill"].contains(&end) {
            job["at"] = json!(instant_in(3600));
        }
        job["retry"] = json!(0);
        client.push(&job);
        client.ok(format!("BATCH COMMIT {bid}"));
        match end {
            "expire" => assert_eq!(client.fetch("work"), None),
            "remove" => client.ok("QUEUE REMOVE work"),
            "fail" => {
                client.fetch_now("work");
                client.fail("jid-000001");
            }
            cmd => client.ok(format!(r#"MUTATE {{"cmd":"{cmd}","target":"scheduled"}}"#)),
        }
        client.wait_for_info(|info| info["faktory"]["queues"]["callbacks"] == 1);
        assert_eq!(
            progress(&mut client, &bid),
            json!([1, 0, failed, "1", ""]),
            "{end}"
        );
        let complete = callback(&mut client, "Complete");
        client.ack(&complete);
        if failed == 0 {
            let success = callback(&mut client, "Success");
            client.ack(&success);
        }
        assert_eq!(client.queue_size("callbacks"), Some(0), "{end}");
    }
}

#[test]
fn a_callback_that_nobody_can_acknowledge_holds_nothing_up() {
    let server = Server::start();
    let mut client = server.client();
    let bid = new_batch(
        &mut client,
        &json!({
            "complete": {"jobtype": "Complete", "queue": "callbacks", "retry": 0},
            "success": {"jobtype": "Success", "queue": "callbacks", "at": instant_in(3600)},
        }),
    );
    let above = with_success(&mut client, "Above", None);
    client.ok(format!("BATCH CHILD {above} {bid}"));
    client.ok(format!("BATCH COMMIT {above}"));
    client.ok(format!("BATCH COMMIT {bid}"));
    let complete = callback(&mut client, "Complete");
    client.fail(&complete);
    assert_eq!(progress(&mut client, &bid), json!([0, 0, 0, "2", "1"]));
    assert_eq!(client.task_size("Scheduled"), 1);
    client.ok(r#"MUTATE {"cmd":"discard","target":"scheduled","filter":{"jobtype":"Success"}}"#);
    assert_eq!(progress(&mut client, &bid), json!([0, 0, 0, "2", "2"]));
    callback(&mut client, "Above");
}

#[test]
fn a_callback_is_neither_unique_nor_a_member() {
    let server = Server::start();
    let mut client = server.client();
    let other = with_success(&mut client, "Other", None);
    let custom = json!({"unique_for": 600, "bid": other});
    let success = json!({"jobtype": "Test", "queue": "callbacks", "custom": custom});
    let bids = [(); 2].map(|()| new_batch(&mut client, &json!({"success": success})));
    for bid in &bids {
        client.ok(format!("BATCH COMMIT {bid}"));
        assert_eq!(progress(&mut client, bid), json!([0, 0, 0, "", "1"]));
    }
    client.push(&custom_job(
        "jid-000001",
        "callbacks",
        json!({"unique_for": 600}),
    ));
    for bid in &bids {
        let callback = client.fetch_now("callbacks");
        assert_eq!(
            callback["custom"],
            json!({"unique_for": 600, "_bid": bid, "_cb": "success"})
        );
        client.ack(callback["jid"].as_str().unwrap());
    }
    assert_eq!(progress(&mut client, &other), json!([0, 0, 0, "", ""]));
}

#[test]
fn a_batch_that_is_not_known_is_an_error_except_at_the_end_of_its_jobs() {
    let server = Server::start();
    let mut client = server.client();
    let bid = both(&mut client);
    client.push(&member("jid-000001", &bid));
    client.ok("FLUSH");
    let text = format!("ERR No such batch {bid}");
    for command in ["OPEN", "COMMIT", "STATUS"] {
        assert_eq!(client.refused(format!("BATCH {command} {bid}")), text);
    }
    let parent = json!({"parent_bid": bid, "success": {"jobtype": "Done"}});
    assert_eq!(client.refused(format!("BATCH NEW {parent}")), text);
    let job = member("jid-000001", &bid);
    assert_eq!(client.refused(format!("PUSH {job}")), text);
    assert_eq!(
        client.push_bulk(&[job]),
        json!({"jid-000001": format!("No such batch {bid}")})
    );
    for strange in ["x", &"b".repeat(64), &"b".repeat(65)] {
        assert_eq!(
            client.refused(format!("BATCH OPEN {strange}")),
            format!("ERR No such batch {strange}")
        );
    }
    assert_eq!(
        client.refused("BATCH NEW {}"),
        r#"ERR a batch needs a callback: send a job as "success", "complete" or both"#
    );
}
