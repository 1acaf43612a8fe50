//! MUTATE on the retries, the scheduled and the dead jobs.

use serde_json::{Value, json};
use workmill_tests::{Client, Server, instant_in};

fn mutate(client: &mut Client, cmd: &str, target: &str, filter: &Value) {
    let mut mutation = json!({"cmd": cmd, "target": target});
    if !filter.is_null() {
        mutation["filter"] = filter.clone();
    }
    client.ok(format!("MUTATE {mutation}"));
}

/// Schedules a job an hour from now.
fn schedule(client: &mut Client, jid: &str, jobtype: &str, args: Value) {
    client.push(&json!({"jid": jid, "queue": "q", "jobtype": jobtype, "args": args, "at": instant_in(3600)}));
}

/// Empties a set into its queue and returns the jids that were in it, sorted.
fn jids_of(client: &mut Client, target: &str) -> Vec<String> {
    mutate(client, "requeue", target, &Value::Null);
    let size = client.queue_size("q").unwrap_or(0);
    let mut jids: Vec<String> = (0..size)
        .map(|_| {
            let jid = client.fetch_jid("q");
            client.ack(&jid);
            jid
        })
        .collect();
    jids.sort();
    jids
}

/// Fills a set with three jobs of two types.
fn fill(client: &mut Client, target: &str) {
    for (jid, jobtype, args) in [
        ("jid-mail-1", "Mail", json!(["fizz"])),
        ("jid-mail-2", "Mail", json!(["buzz", 7])),
        ("jid-report", "Report", json!(["fizz", "buzz"])),
    ] {
        let mut job = json!({"jid": jid, "queue": "q", "jobtype": jobtype, "args": args});
        match target {
            "scheduled" => {
                job["at"] = json!(instant_in(3600));
                client.push(&job);
            }
            "retries" | "dead" => {
                job["retry"] = json!(if target == "dead" { -1 } else { 25 });
                client.push(&job);
                client.fetch_now("q");
                client.fail(jid);
            }
            _ => panic!("no such set: {target}"),
        }
    }
    assert_eq!(set_size(client, target), 3);
}

fn set_size(client: &mut Client, target: &str) -> u64 {
    client.info()["faktory"]["sets"][target].as_u64().unwrap()
}

const SETS: [&str; 3] = ["scheduled", "retries", "dead"];

#[test]
fn requeue_without_filter_moves_every_job_of_the_set() {
    for target in SETS {
        let server = Server::start();
        let mut client = server.client();
        fill(&mut client, target);
        assert_eq!(
            jids_of(&mut client, target),
            ["jid-mail-1", "jid-mail-2", "jid-report"],
            "{target}"
        );
        assert_eq!(set_size(&mut client, target), 0);
    }
}

#[test]
fn discard_and_clear_without_filter_empty_the_set_only() {
    for cmd in ["discard", "clear"] {
        for filter in [Value::Null, json!({})] {
            let server = Server::start();
            let mut client = server.client();
            for target in SETS {
                fill(&mut client, target);
            }
            for (index, target) in SETS.iter().enumerate() {
                mutate(&mut client, cmd, target, &filter);
                assert_eq!(set_size(&mut client, target), 0, "{cmd} {target}");
                for other in &SETS[index + 1..] {
                    assert_eq!(
                        set_size(&mut client, other),
                        3,
                        "{cmd} {target} left {other} alone"
                    );
                }
            }
        }
    }
}

#[test]
fn null_filter_and_null_members_mean_all() {
    let server = Server::start();
    let mut client = server.client();
    for filter in [
        "null",
        "{}",
        r#"{"jids":null,"jobtype":null,"regexp":null}"#,
    ] {
        fill(&mut client, "scheduled");
        client.ok(format!(
            r#"MUTATE {{"cmd":"discard","target":"scheduled","filter":{filter}}}"#
        ));
        assert_eq!(set_size(&mut client, "scheduled"), 0, "{filter}");
    }
}

#[test]
fn what_is_explicitly_empty_matches_nothing() {
    let server = Server::start();
    let mut client = server.client();
    for target in SETS {
        fill(&mut client, target);
        for cmd in ["discard", "clear", "kill", "requeue"] {
            for filter in [
                r#"{"jids":[]}"#,
                r#"{"jids":[],"jobtype":"Mail","regexp":"*"}"#,
                r#"{"jids":[],"jobtype":"","regexp":""}"#,
                r#"{"jobtype":""}"#,
                r#"{"regexp":""}"#,
            ] {
                client.ok(format!(
                    r#"MUTATE {{"cmd":"{cmd}","target":"{target}","filter":{filter}}}"#
                ));
                assert_eq!(set_size(&mut client, target), 3, "{cmd} {target} {filter}");
            }
        }
    }
}

#[test]
fn a_filter_that_is_misspelt_or_left_out_of_filter_touches_nothing() {
    let server = Server::start();
    let mut client = server.client();
    for target in SETS {
        fill(&mut client, target);
        for cmd in ["discard", "clear", "kill", "requeue"] {
            for meant in [
                r#""fliter":{"jids":["jid-mail-1"]}"#,
                r#""jids":["jid-mail-1"]"#,
            ] {
                let text = client.refused(format!(
                    r#"MUTATE {{"cmd":"{cmd}","target":"{target}",{meant}}}"#
                ));
                assert!(text.contains("no \"filter\""), "{text}");
                assert_eq!(set_size(&mut client, target), 3, "{cmd} {target} {meant}");
            }
        }
    }
}

#[test]
fn clear_ignores_its_filter() {
    let server = Server::start();
    let mut client = server.client();
    fill(&mut client, "dead");
    mutate(&mut client, "clear", "dead", &json!({"jobtype": "Mail"}));
    assert_eq!(set_size(&mut client, "dead"), 0);
}

#[test]
fn kill_moves_jobs_to_the_dead() {
    for target in SETS {
        let server = Server::start();
        let mut client = server.client();
        fill(&mut client, target);
        mutate(&mut client, "kill", target, &json!({"jobtype": "Mail"}));
        assert_eq!(
            set_size(&mut client, "dead"),
            if target == "dead" { 3 } else { 2 },
            "{target}"
        );
        mutate(
            &mut client,
            "discard",
            "dead",
            &json!({"jobtype": "Report"}),
        );
        assert_eq!(
            jids_of(&mut client, "dead"),
            ["jid-mail-1", "jid-mail-2"],
            "{target}"
        );
    }
}

#[test]
fn jids_name_exactly_those_jobs() {
    let server = Server::start();
    let mut client = server.client();
    fill(&mut client, "scheduled");
    mutate(
        &mut client,
        "discard",
        "scheduled",
        &json!({"jids": ["jid-mail-1", "jid-mail", "unknown", "fizz"]}),
    );
    assert_eq!(
        jids_of(&mut client, "scheduled"),
        ["jid-mail-2", "jid-report"]
    );
}

/// Demand 24: every job of the type was hit.
#[test]
fn jids_win_over_the_other_filters() {
    let server = Server::start();
    let mut client = server.client();
    fill(&mut client, "scheduled");
    mutate(
        &mut client,
        "discard",
        "scheduled",
        &json!({"jids": ["jid-report"], "jobtype": "Mail", "regexp": "*"}),
    );
    assert_eq!(
        jids_of(&mut client, "scheduled"),
        ["jid-mail-1", "jid-mail-2"]
    );
}

#[test]
fn every_copy_of_a_jid_is_meant() {
    let server = Server::start();
    let mut client = server.client();
    schedule(&mut client, "same-jid", "Mail", json!([1]));
    schedule(&mut client, "same-jid", "Mail", json!([2]));
    schedule(&mut client, "other-jid", "Mail", json!([3]));
    mutate(
        &mut client,
        "discard",
        "scheduled",
        &json!({"jids": ["same-jid"]}),
    );
    assert_eq!(jids_of(&mut client, "scheduled"), ["other-jid"]);
}

#[test]
fn jobtype_is_compared_exactly_and_whole() {
    let server = Server::start();
    let mut client = server.client();
    for (jid, jobtype, args) in [
        ("jid-exact1", "Mail", json!([])),
        ("jid-longer", "MailAll", json!([])),
        ("jid-prefix", "EMail", json!([])),
        ("jid-lower1", "mail", json!([])),
        ("jid-inargs", "Report", json!(["Mail", {"jobtype": "Mail"}])),
    ] {
        schedule(&mut client, jid, jobtype, args);
    }
    mutate(
        &mut client,
        "discard",
        "scheduled",
        &json!({"jobtype": "Mail"}),
    );
    assert_eq!(
        jids_of(&mut client, "scheduled"),
        ["jid-inargs", "jid-longer", "jid-lower1", "jid-prefix"]
    );
}

#[test]
fn glob_matches_the_whole_compact_json() {
    for (glob, left) in [
        (r#"*"args":\["fizz"\]*"#, vec!["jid-mail-2", "jid-report"]),
        (r#"*"args":\["fizz"*"#, vec!["jid-mail-2"]),
        ("*buzz*", vec!["jid-mail-1"]),
        ("*jid-mail-?*", vec!["jid-report"]),
        ("*jid-mail-[2-9]*", vec!["jid-mail-1", "jid-report"]),
        ("*jid-mail-[^2-9]*", vec!["jid-mail-2", "jid-report"]),
        ("jid-mail-1", vec!["jid-mail-1", "jid-mail-2", "jid-report"]),
        ("{*}", vec![]),
        ("*", vec![]),
        (
            r#"*"jobtype":"Report"*"args":\[*\]*"#,
            vec!["jid-mail-1", "jid-mail-2"],
        ),
        (
            r"*\*nothing\?*",
            vec!["jid-mail-1", "jid-mail-2", "jid-report"],
        ),
    ] {
        let server = Server::start();
        let mut client = server.client();
        fill(&mut client, "scheduled");
        mutate(
            &mut client,
            "discard",
            "scheduled",
            &json!({"regexp": glob}),
        );
        assert_eq!(jids_of(&mut client, "scheduled"), left, "{glob}");
    }
}

#[test]
fn glob_and_jobtype_together_must_both_match() {
    let server = Server::start();
    let mut client = server.client();
    fill(&mut client, "retries");
    mutate(
        &mut client,
        "discard",
        "retries",
        &json!({"regexp": "*fizz*", "jobtype": "Mail"}),
    );
    assert_eq!(
        jids_of(&mut client, "retries"),
        ["jid-mail-2", "jid-report"]
    );
}

#[test]
fn glob_made_to_backtrack_is_answered() {
    let server = Server::start();
    let mut client = server.client();
    schedule(
        &mut client,
        "jid-aaaaaa",
        "Mail",
        json!(["a".repeat(5_000)]),
    );
    let glob = format!("{}b", "*a".repeat(500));
    mutate(
        &mut client,
        "discard",
        "scheduled",
        &json!({"regexp": glob}),
    );
    assert_eq!(set_size(&mut client, "scheduled"), 1);
}

/// Demand 7: a space in the JSON was refused.
#[test]
fn json_may_have_spaces_anywhere() {
    let server = Server::start();
    let mut client = server.client();
    schedule(&mut client, "jid-spaced", "Mail all", json!(["a b"]));
    schedule(&mut client, "jid-another", "Mail", json!([]));
    client.ok(r#"MUTATE   { "cmd" : "discard" , "target" : "scheduled" , "filter" : { "jobtype" : "Mail all" } }  "#);
    assert_eq!(jids_of(&mut client, "scheduled"), ["jid-another"]);
}

#[test]
fn requeued_scheduled_job_has_a_fresh_enqueued_at_and_latency_works() {
    let server = Server::start();
    let mut client = server.client();
    schedule(&mut client, "jid-000001", "Mail", json!([]));
    mutate(&mut client, "requeue", "scheduled", &Value::Null);
    assert!(client.cmd("QUEUE LATENCY q").json()["q"].is_number());
    let job = client.fetch_now("q");
    assert!(
        job["enqueued_at"]
            .as_str()
            .is_some_and(|text| !text.is_empty()),
        "{job}"
    );
    assert!(job["at"].is_string(), "{job}");
}

#[test]
fn requeue_keeps_the_failure_and_its_counts() {
    let server = Server::start();
    let mut client = server.client();
    fill(&mut client, "retries");
    mutate(
        &mut client,
        "requeue",
        "retries",
        &json!({"jids": ["jid-report"]}),
    );
    let job = client.fetch_now("q");
    assert_eq!(job["failure"]["retry_count"], 0);
    assert_eq!(job["failure"]["errtype"], "RuntimeError");
    client.fail("jid-report");
    mutate(
        &mut client,
        "requeue",
        "retries",
        &json!({"jids": ["jid-report"]}),
    );
    assert_eq!(client.fetch_now("q")["failure"]["retry_count"], 1);
}

#[test]
fn unmatched_and_empty_sets_are_ok() {
    let server = Server::start();
    let mut client = server.client();
    for target in SETS {
        for cmd in ["clear", "kill", "discard", "requeue"] {
            mutate(&mut client, cmd, target, &Value::Null);
            mutate(&mut client, cmd, target, &json!({"jids": ["unknown1"]}));
            mutate(&mut client, cmd, target, &json!({"regexp": "*x*"}));
        }
    }
    assert_eq!(client.info()["faktory"]["queues"], json!({}));
}

#[test]
fn thousands_of_jobs_are_moved_and_others_are_served_meanwhile() {
    let server = Server::start();
    let mut client = server.client();
    let at = instant_in(3600);
    let jobs: Vec<Value> = (0..10_000)
        .map(|number| json!({"jid": format!("jid-{number:08}"), "queue": "q", "jobtype": "Mail", "args": [], "at": at}))
        .collect();
    client.push_bulk(&jobs);
    assert_eq!(set_size(&mut client, "scheduled"), 10_000);
    let mut other = server.client();
    client.send(r#"MUTATE {"cmd":"kill","target":"scheduled","filter":{"regexp":"*Mail*"}}"#);
    other.info();
    assert!(client.read_reply().is_ok());
    let info = other.info();
    assert_eq!(
        info["faktory"]["sets"],
        json!({"scheduled": 0, "retries": 0, "working": 0, "dead": 10_000})
    );
    mutate(&mut client, "requeue", "dead", &Value::Null);
    assert_eq!(client.queue_size("q"), Some(10_000));
}

#[test]
fn dead_jobs_killed_again_are_neither_lost_nor_doubled() {
    let server = Server::start();
    let mut client = server.client();
    fill(&mut client, "dead");
    for _ in 0..3 {
        mutate(&mut client, "kill", "dead", &Value::Null);
        assert_eq!(set_size(&mut client, "dead"), 3);
    }
    assert_eq!(
        jids_of(&mut client, "dead"),
        ["jid-mail-1", "jid-mail-2", "jid-report"]
    );
}
