//! What existing client libraries depend on, point by point: bytes, texts and shapes. A change that breaks one of these
//! tests breaks somebody's production.

use serde_json::{Value, json};
use workmill_tests::{
    Client, Reply, Server, instant_in, job, log_in, password_proof, read_challenge,
};

/// Ruby, Java, Haskell and Clojure end their lines with LF alone.
#[test]
fn point_1_lines_that_end_in_lf_are_accepted_from_hello_on() {
    let server = Server::start();
    let mut client = Client::connect(server.addr());
    let lines = format!(
        "HELLO {{\"v\":2}}\nPUSH {}\nFETCH q\nEND\n",
        job("12345678", "q")
    );
    client.send_raw(lines.as_bytes()).unwrap();
    assert_eq!(client.read_reply(), Reply::ok());
    assert_eq!(client.read_reply(), Reply::ok());
    assert_eq!(client.read_reply().json()["jid"], "12345678");
    assert_eq!(client.read_reply(), Reply::Closed);
}

/// PHP and Perl compare the greeting's bytes, Node splits it at the space.
#[test]
fn point_2_greeting_is_known_to_the_byte() {
    let server = Server::start();
    assert_eq!(
        Client::connect(server.addr()).greeting(),
        "+HI {\"v\":2}\r\n"
    );
    let server = Server::builder().password("secret").start();
    let client = Client::connect(server.addr());
    assert!(
        client.greeting().starts_with("+HI {\"v\":2,\"i\":"),
        "{}",
        client.greeting()
    );
    assert_eq!(client.greeting().matches(' ').count(), 1);
}

/// The known answer that clients test themselves with.
#[test]
fn point_3_password_proof_is_the_known_one() {
    let proof = password_proof("foobar", "55104dc76695721d", 1545);
    assert_eq!(
        proof,
        "6d877f8e5544b1f2598768f817413ab8a357afffa924dedae99eb91472d4ec30"
    );
    let server = Server::builder().password("foobar").start();
    assert_eq!(log_in(server.addr(), "foobar").1, Reply::ok());
    let (mut client, reply) = log_in(server.addr(), "Foobar");
    assert_eq!(reply, Reply::Error("ERR Invalid password".to_owned()));
    assert_eq!(client.read_reply(), Reply::Closed);
}

/// A Python client logs in only because one without `v` hashes once.
#[test]
fn point_3_client_without_a_version_hashes_once() {
    let server = Server::builder().password("foobar").start();
    let mut client = Client::connect(server.addr());
    let (salt, _) = read_challenge(client.greeting());
    assert_eq!(
        client.hello(&json!({"pwdhash": password_proof("foobar", &salt, 1)})),
        Reply::ok()
    );
}

#[test]
fn point_4_hello_with_nulls_and_unknown_members_is_accepted_and_no_hello_is_closed_silently() {
    let server = Server::start();
    for hello in [
        json!({}),
        json!({"wid": null, "pwdhash": null}),
        json!({"v": 2, "language": "haskell"}),
    ] {
        assert_eq!(
            Client::connect(server.addr()).hello(&hello),
            Reply::ok(),
            "{hello}"
        );
    }
    assert_eq!(Client::connect(server.addr()).cmd("PING"), Reply::Closed);
}

#[test]
fn point_5_replies_have_their_known_forms() {
    let server = Server::start();
    let mut client = server.client();
    assert_eq!(
        client.cmd(format!("PUSH {}", job("12345678", "q"))),
        Reply::Simple("OK".to_owned())
    );
    for bulk in ["INFO", "FETCH q", "PUSHB []", "QUEUE LATENCY q"] {
        let text = client.cmd(bulk).text();
        serde_json::from_str::<Value>(&text).unwrap();
        assert!(!text.contains(['\r', '\n']), "{bulk}: {text}");
    }
    client.send("FETCH q");
    client.send("PUSHB []");
    assert_eq!(client.read_reply(), Reply::Nil);
    assert_eq!(
        client.read_reply(),
        Reply::Bulk(b"{}".to_vec()),
        "nothing follows a nil"
    );
}

#[test]
fn point_6_fetch_waits_over_all_queues_and_wakes_for_any() {
    let server = Server::start();
    let mut pusher = server.client();
    let mut client = server.client();
    client.park(&mut pusher, "critical default bulk");
    pusher.push(&job("12345678", "bulk"));
    assert_eq!(client.read_reply().json()["queue"], "bulk");
    // PHP gives up reading after two seconds; a test client that does so sees a nil.
    client
        .socket()
        .set_read_timeout(Some(std::time::Duration::from_secs(2)))
        .unwrap();
    assert_eq!(client.cmd("FETCH critical default"), Reply::Nil);
}

#[test]
fn point_7_connections_without_a_wid_work_and_jobs_may_change_connections() {
    let server = Server::start();
    let mut first = server.client();
    let mut second = server.client();
    for jid in ["jid-000001", "jid-000002"] {
        first.push(&job(jid, "q"));
        assert_eq!(first.fetch_jid("q"), jid);
    }
    second.ack("jid-000001");
    second.fail("jid-000002");
    assert_eq!(second.task_size("Busy"), 0);
}

#[test]
fn point_8_bare_fail_is_fine_and_unknown_jids_have_known_answers() {
    let server = Server::start();
    let mut client = server.client();
    client.push(&job("12345678", "q"));
    client.fetch_now("q");
    client.ok(r#"FAIL {"jid":"12345678"}"#);
    client.ok(r#"ACK {"jid":"no-such-job"}"#);
    assert_eq!(
        client.refused(r#"FAIL {"jid":"no-such-job"}"#),
        "ERR Job not found no-such-job"
    );
}

#[test]
fn point_9_beat_answers_ok_or_the_state() {
    let server = Server::start();
    let mut worker = server.worker("w1");
    assert_eq!(worker.task_size("Workers"), 1);
    // One client BEATs on a new connection.
    let mut other = server.client();
    assert_eq!(other.beat("w1"), Reply::ok());
    assert_eq!(
        other.cmd(r#"BEAT {"wid":"w1","current_state":"quiet"}"#),
        Reply::Bulk(br#"{"state":"quiet"}"#.to_vec())
    );
    assert_eq!(worker.fetch("q"), None);
    assert_eq!(
        other.cmd(r#"BEAT {"wid":"w1","current_state":"terminate"}"#),
        Reply::Bulk(br#"{"state":"terminate"}"#.to_vec())
    );
    assert_eq!(other.beat("X").error(), "ERR unknown worker X");
}

#[test]
fn point_10_priority_unknown_keys_empty_at_and_short_reservations_are_tolerated() {
    let server = Server::start();
    let mut client = server.client();
    for (key, value) in [
        ("priority", json!(5)),
        ("labels", json!(["a"])),
        ("at", json!("")),
        ("at", json!(instant_in(0))),
        ("at", json!(instant_in(-60))),
        ("reserve_for", json!(1)),
    ] {
        let mut pushed = job("12345678", "q");
        pushed[key] = value;
        client.push(&pushed);
        assert_eq!(client.fetch_jid("q"), "12345678", "{pushed}");
    }
}

#[test]
fn point_11_fetched_job_equals_the_pushed_one_plus_what_is_filled_in() {
    let server = Server::start();
    let mut client = server.client();
    for pushed in [
        json!({"jid": "12345678", "jobtype": "T", "args": []}),
        json!({"jid": "12345678", "jobtype": "T", "args": [1, {"a": null}], "custom": {"locale": "de", "x": null}, "retry": 3, "reserve_for": 60}),
    ] {
        client.push(&pushed);
        let mut fetched = client.fetch_now("default");
        let mut expected = pushed.clone();
        for filled_in in ["created_at", "enqueued_at"] {
            expected[filled_in] = fetched[filled_in].clone();
            assert!(fetched[filled_in].is_string());
        }
        expected["queue"] = json!("default");
        if pushed["retry"].is_null() {
            expected["retry"] = json!(25);
        }
        assert_eq!(fetched.take(), expected);
    }
}

#[test]
fn point_12_error_texts_are_known_and_leave_the_connection_open() {
    let server = Server::start();
    let mut client = server.client();
    for (line, text) in [
        (
            r#"PUSH {"jobtype":"T","args":[]}"#,
            "ERR jobs must have a reasonable jid parameter",
        ),
        (
            r#"PUSH {"jid":"12345678","args":[]}"#,
            "ERR jobs must have a jobtype parameter",
        ),
        (
            r#"PUSH {"jid":"12345678","jobtype":"T"}"#,
            "ERR jobs must have an args parameter",
        ),
        (
            r#"PUSH {"jid":"12345678","jobtype":"T","args":[],"reserve_for":86401}"#,
            "ERR jobs cannot be reserved for more than one day",
        ),
        (
            "QUEUE LATENCY *",
            "ERR QUEUE LATENCY does not support wildcards",
        ),
    ] {
        assert_eq!(client.refused(line), text, "{line}");
    }
    client.info();
}

#[test]
fn point_13_failure_has_its_known_members_and_survives_a_requeue() {
    let server = Server::start();
    let mut client = server.client();
    let mut pushed = job("12345678", "q");
    pushed["retry"] = json!(5);
    client.push(&pushed);
    client.fetch_now("q");
    client.ok(r#"FAIL {"jid":"12345678","errtype":"E","message":"m"}"#);
    client.ok(r#"MUTATE {"cmd":"requeue","target":"retries","filter":{"jids":["12345678"]}}"#);
    let failure = client.fetch_now("q")["failure"].clone();
    assert_eq!(
        (&failure["retry_count"], &failure["remaining"]),
        (&json!(0), &json!(5))
    );
    assert_eq!(
        (&failure["errtype"], &failure["message"]),
        (&json!("E"), &json!("m"))
    );
    assert!(failure["failed_at"].is_string() && failure["next_at"].is_string());
    assert!(failure.get("backtrace").is_none());
}

#[test]
fn point_14_info_is_right_at_once_and_names_itself_as_clients_expect() {
    let server = Server::start();
    let mut client = server.client();
    client.push(&job("12345678", "q"));
    assert_eq!(client.queue_size("q"), Some(1));
    client.fetch_now("q");
    assert_eq!(client.queue_size("q"), Some(0), "a drained queue stays");
    client.ok("QUEUE REMOVE q");
    assert_eq!(client.queue_size("q"), None, "a removed one disappears");
    let info = client.info();
    for total in [
        "total_failures",
        "total_processed",
        "total_enqueued",
        "total_queues",
    ] {
        assert!(info["faktory"][total].is_u64(), "{total}");
    }
    for task in ["Scheduled", "Retries", "Dead", "Workers", "Busy"] {
        assert!(info["faktory"]["tasks"][task]["size"].is_u64(), "{task}");
    }
    assert!(
        info["server"]["description"]
            .as_str()
            .unwrap()
            .contains("Enterprise")
    );
    let version: Vec<u32> = info["server"]["faktory_version"]
        .as_str()
        .unwrap()
        .split('.')
        .map(|part| part.parse().unwrap())
        .collect();
    assert_eq!(version.len(), 3);
    assert!(version[0] == 1 && version[1] >= 8, "{version:?}");
    for number in ["uptime", "connections", "command_count", "used_memory_mb"] {
        assert!(info["server"][number].is_u64(), "{number}");
    }
}

#[test]
fn point_15_mutate_takes_the_filters_that_clients_send() {
    let server = Server::start();
    let mut client = server.client();
    for filter in [
        r#"{"regexp":"*\"args\":[\"fizz\"]*"}"#,
        r#"{"regexp":"*\"args\":\\[\"fizz\"\\]*"}"#,
        r#"{"jobtype":"T"}"#,
        r#"{"jids":["12345678"]}"#,
        "{}",
    ] {
        let mut pushed = json!({"jid": "12345678", "queue": "q", "jobtype": "T", "args": ["fizz"]});
        pushed["at"] = json!(instant_in(3600));
        client.push(&pushed);
        client.ok(format!(
            r#"MUTATE {{"cmd":"discard","target":"scheduled","filter":{filter}}}"#
        ));
        // An unescaped bracket opens a character class, which `"` is in: the text does not match.
        let left = u64::from(filter.contains(r#":[\"fizz"#));
        assert_eq!(client.task_size("Scheduled"), left, "{filter}");
        client.ok(r#"MUTATE {"cmd":"clear","target":"scheduled","filter":{}}"#);
        assert_eq!(client.task_size("Scheduled"), 0);
    }
}

#[test]
fn point_16_queue_commands_take_a_star_and_unknown_names() {
    let server = Server::start();
    let mut client = server.client();
    for subcommand in ["PAUSE", "RESUME", "REMOVE"] {
        client.ok(format!("QUEUE {subcommand} *"));
        client.ok(format!("QUEUE {subcommand} unknown"));
    }
    assert_eq!(
        client.cmd("QUEUE LATENCY unknown").text(),
        r#"{"unknown":0}"#
    );
}

#[test]
fn point_17_every_error_has_the_code_err() {
    let server = Server::start();
    let mut client = server.client();
    for line in [
        "EXPLODE",
        "PUSH",
        "PUSH {",
        "PUSHB",
        "ACK",
        "FAIL",
        "BEAT",
        "MUTATE",
        "QUEUE",
        "QUEUE EXPLODE",
        "FETCH",
        "BATCH",
        "TRACK",
    ] {
        let error = client.refused(line);
        assert!(error.starts_with("ERR "), "{line}: {error}");
    }
}
