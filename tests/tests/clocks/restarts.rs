//! What lasts a while lasts as long as it is, also under another clock after a restart.

use serde_json::json;
use workmill_tests::{Client, Reply, Server, ServerFiles, WallClock, job};

const HOUR: i64 = 3_600;

/// Nothing here lasts longer than some seconds; FETCHes that find nothing pace the waiting, about two seconds each.
const FETCHES_MAX: usize = 15;

fn wait_for(client: &mut Client, queue: &str) -> String {
    (0..FETCHES_MAX)
        .find_map(|_| client.fetch(queue))
        .and_then(|job| job["jid"].as_str().map(str::to_owned))
        .unwrap_or_else(|| panic!("nothing comes into {queue}"))
}

#[test]
fn durations_do_not_wait_for_a_clock_that_was_wrong() {
    for (before, after) in [(8 * HOUR, 0), (-8 * HOUR, 0)] {
        let files = ServerFiles::default();
        let clock = WallClock::of(&files, before);
        let config = "[throttles]\nslow = { concurrency = 1, timeout = 3 }\n";
        let builder = Server::builder().files(files).config(config);
        let mut server = clock.carry(builder).start();
        let mut client = server.client();
        let mut retried = job("jid-retried", "retried");
        retried["custom"] = json!({ "retry_delays": [4] });
        client.push(&retried);
        client.fetch_now("retried");
        client.fail("jid-retried");
        let mut unique = job("jid-unique-1", "unique");
        unique["custom"] = json!({ "unique_for": 3 });
        client.push(&unique);
        client.push(&job("jid-slow-1", "slow"));
        client.push(&job("jid-slow-2", "slow"));
        client.fetch_now("slow");

        server.stop();
        clock.set(after);
        server.start_again();
        if before > after {
            server.wait_for_log("the clock shows an earlier time than when the server ran last");
        }
        let mut client = server.client();
        assert_eq!(wait_for(&mut client, "retried"), "jid-retried");
        assert_eq!(wait_for(&mut client, "slow"), "jid-slow-2");
        unique["jid"] = "jid-unique-2".into();
        let push = format!("PUSH {unique}");
        let taken = (0..FETCHES_MAX).any(|_| {
            let taken = client.cmd(&push) == Reply::ok();
            taken || client.fetch("nothing-is-ever-pushed-here").is_some()
        });
        assert!(taken, "the lock of 3 s is still there");
    }
}

#[test]
fn a_batch_can_be_committed_after_forty_minutes_without_a_server() {
    let files = ServerFiles::default();
    let clock = WallClock::of(&files, 0);
    let mut server = clock.carry(Server::builder().files(files)).start();
    let mut client = server.client();
    let callback = json!({ "jid": "jid-callback", "jobtype": "Done", "args": [], "queue": "done" });
    let Reply::Bulk(bid) = client.cmd(format!("BATCH NEW {}", json!({ "success": callback })))
    else {
        panic!("no bid");
    };
    let bid = String::from_utf8_lossy(&bid).into_owned();
    server.stop();
    clock.set(40 * 60);
    server.start_again();
    let mut client = server.client();
    client.ok(format!("BATCH COMMIT {bid}"));
    assert_eq!(client.fetch_jid("done"), "jid-callback");
}
