//! How batches go on to their ends.

use serde_json::json;
use workmill_tests::{Client, Server};

use super::steps::{both, callback, member, progress, status, with_success};
use crate::kill_and_start;

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
            "ERR batch {bottom} is batch {top}, or batch {top} waits for it: they would wait for each other"
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
