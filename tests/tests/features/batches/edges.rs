//! Members and callbacks that end otherwise, and batches there are not.

use serde_json::json;
use workmill_tests::{Server, instant_in};

use super::steps::{both, callback, member, new_batch, progress, with_success};
use crate::custom_job;

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
