//! INFO: its shape, and that it is right after every command.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use workmill_tests::{Client, Server, instant_in, job, parse_instant};

fn keys(value: &Value) -> BTreeSet<&str> {
    value
        .as_object()
        .unwrap_or_else(|| panic!("no object: {value}"))
        .keys()
        .map(String::as_str)
        .collect()
}

#[test]
fn info_has_every_known_member_with_its_type() {
    let server = Server::start();
    let mut client = server.client();
    let info = client.info();
    parse_instant(&info["now"]);
    let time = info["server_utc_time"].as_str().unwrap();
    assert!(
        time.ends_with(" UTC") && time.len() == "12:34:56 UTC".len(),
        "{time}"
    );
    let faktory = &info["faktory"];
    assert_eq!(faktory["queues"], json!({}));
    assert_eq!(
        keys(&faktory["sets"]),
        BTreeSet::from(["dead", "retries", "scheduled", "working"])
    );
    for total in [
        "total_failures",
        "total_processed",
        "total_enqueued",
        "total_queues",
    ] {
        assert_eq!(faktory[total], 0, "{total}");
    }
    for task in ["Busy", "Workers"] {
        assert_eq!(faktory["tasks"][task]["size"], 0, "{task}");
        assert!(faktory["tasks"][task]["reaped"].is_u64(), "{task}");
    }
    for task in ["Scheduled", "Retries", "Dead"] {
        for count in ["size", "cycles", "enqueued"] {
            assert!(faktory["tasks"][task][count].is_u64(), "{task}.{count}");
        }
        assert!(
            faktory["tasks"][task]["wall_time_sec"].is_number(),
            "{task}"
        );
    }
    let server = &info["server"];
    assert_eq!(server["description"], "Faktory Enterprise");
    assert_eq!(server["faktory_version"], "1.10.0");
    assert!(
        server["workmill_version"]
            .as_str()
            .is_some_and(|version| version.split('.').count() == 3)
    );
    for count in ["uptime", "connections", "command_count", "used_memory_mb"] {
        assert!(server[count].is_u64(), "{count}: {}", server[count]);
    }
    assert_eq!(server["connections"], 1);
}

#[test]
fn info_is_on_one_line() {
    let server = Server::start();
    let mut client = server.client();
    client.push(&job("12345678", "q"));
    let text = client.cmd("INFO").text();
    assert!(!text.contains(['\r', '\n']));
}

#[test]
fn sizes_are_right_after_every_command() {
    let server = Server::start();
    let mut client = server.client();
    let expect = |client: &mut Client,
                  queue: Option<u64>,
                  sets: [u64; 4],
                  processed: u64,
                  failures: u64| {
        let info = client.info();
        let faktory = &info["faktory"];
        assert_eq!(faktory["queues"]["q"].as_u64(), queue);
        assert_eq!(faktory["total_enqueued"].as_u64(), Some(queue.unwrap_or(0)));
        let [scheduled, retries, working, dead] = sets;
        assert_eq!(
            faktory["sets"],
            json!({"scheduled": scheduled, "retries": retries, "working": working, "dead": dead})
        );
        for (task, size) in [
            ("Scheduled", scheduled),
            ("Retries", retries),
            ("Busy", working),
            ("Dead", dead),
        ] {
            assert_eq!(faktory["tasks"][task]["size"], size, "{task}");
        }
        assert_eq!(faktory["total_processed"], processed);
        assert_eq!(faktory["total_failures"], failures);
    };
    let mut later = job("jid-later", "q");
    later["at"] = json!(instant_in(3600));
    client.push(&later);
    expect(&mut client, None, [1, 0, 0, 0], 0, 0);
    client.push(&job("jid-000001", "q"));
    client.push_bulk(&[job("jid-000002", "q"), job("jid-000003", "q")]);
    expect(&mut client, Some(3), [1, 0, 0, 0], 0, 0);
    client.fetch_now("q");
    expect(&mut client, Some(2), [1, 0, 1, 0], 0, 0);
    client.ack("jid-000001");
    expect(&mut client, Some(2), [1, 0, 0, 0], 1, 0);
    client.fetch_now("q");
    client.fail("jid-000002");
    expect(&mut client, Some(1), [1, 1, 0, 0], 2, 1);
    client.ok(r#"MUTATE {"cmd":"kill","target":"retries"}"#);
    expect(&mut client, Some(1), [1, 0, 0, 1], 2, 1);
    client.ok(r#"MUTATE {"cmd":"requeue","target":"scheduled"}"#);
    expect(&mut client, Some(2), [0, 0, 0, 1], 2, 1);
    client.ok(r#"MUTATE {"cmd":"clear","target":"dead"}"#);
    expect(&mut client, Some(2), [0, 0, 0, 0], 2, 1);
    client.ok("QUEUE REMOVE q");
    expect(&mut client, None, [0, 0, 0, 0], 2, 1);
}

#[test]
fn drained_queue_stays_with_size_zero() {
    let server = Server::start();
    let mut client = server.client();
    client.push(&job("12345678", "q"));
    client.fetch_now("q");
    client.ack("12345678");
    let info = client.info();
    assert_eq!(info["faktory"]["queues"], json!({"q": 0}));
    assert_eq!(info["faktory"]["total_queues"], 1);
}

#[test]
fn connections_and_commands_are_counted() {
    let server = Server::start();
    let mut client = server.client();
    let before = client.info()["server"]["command_count"].as_u64().unwrap();
    for number in 0..10 {
        client.push(&job(&format!("jid-{number:06}"), "q"));
    }
    let info = client.info();
    assert!(info["server"]["command_count"].as_u64().unwrap() >= before + 10);
    let others: Vec<Client> = (0..5).map(|_| server.client()).collect();
    assert_eq!(client.info()["server"]["connections"], 6);
    drop(others);
    client.wait_for_info(|info| info["server"]["connections"] == 1);
}

#[test]
fn counters_and_sizes_survive_a_restart() {
    let mut server = Server::start();
    let mut client = server.client();
    for jid in ["jid-000001", "jid-000002", "jid-000003"] {
        client.push(&job(jid, "q"));
    }
    client.fetch_now("q");
    client.ack("jid-000001");
    client.fetch_now("q");
    client.fail("jid-000002");
    let before = client.info()["faktory"].clone();
    server.restart();
    let after = server.client().info()["faktory"].clone();
    for key in [
        "queues",
        "sets",
        "total_failures",
        "total_processed",
        "total_enqueued",
        "total_queues",
    ] {
        assert_eq!(after[key], before[key], "{key}");
    }
}
