//! What operators do is in the audit log, also after the server was killed.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use workmill_tests::{Client, Server, instant_in, job, web_get};

/// Scheduled jobs that a MUTATE takes many slices for.
const JOBS: u64 = 40_000;

/// How often the server is killed, and how many queues are paused until then.
const ROUNDS: usize = 5;
const QUEUES: usize = 200;

/// All items of a list, page by page.
fn pages(server: &Server, path: &str) -> Vec<Value> {
    let (mut all, mut cursor) = (Vec::new(), String::new());
    loop {
        let answer = web_get(&server.web_url(), &format!("{path}{cursor}"));
        assert_eq!(answer.status, 200);
        let mut answer: Value = serde_json::from_slice(&answer.body).unwrap();
        match answer["items"].take() {
            Value::Array(items) => all.extend(items),
            other => panic!("no items: {other}"),
        }
        match answer["cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return all,
        }
    }
}

/// The entries of the log, the earliest first.
fn audit(server: &Server) -> Vec<Value> {
    let mut entries = pages(server, "/api/v1/audit?limit=500");
    entries.reverse();
    entries
}

fn set_size(client: &mut Client, set: &str) -> u64 {
    client.info()["faktory"]["sets"][set].as_u64().unwrap()
}

#[test]
fn commands_of_operators_are_told_of_and_work_is_not() {
    let mut server = Server::builder().web().start();
    let mut client = server.worker("wid-anna");
    client.push(&job("jid-000001", "q"));
    client.push(&job("jid-000002", "q"));
    client.fetch_now("q");
    client.ack("jid-000001");
    client.ok("QUEUE PAUSE q");
    client.ok("QUEUE REMOVE q");
    client.refused("MUTATE {\"cmd\":\"shoot\",\"target\":\"dead\"}");
    client.ok("MUTATE {\"cmd\":\"discard\",\"target\":\"dead\",\"filter\":{\"jobtype\":\"Mail\"}}");
    client.ok("FLUSH");
    server.restart();
    let told: Vec<_> = audit(&server)
        .iter()
        .map(|entry| {
            assert_eq!(entry["name"], "wid-anna");
            assert_eq!(entry["role"], "client");
            assert_eq!(entry["address"], "127.0.0.1");
            assert_eq!(entry["state"], "done");
            json!([entry["action"], entry["target"], entry["changed"]])
        })
        .collect();
    let expected = [
        json!(["queue.pause", "queue q", 1]),
        json!(["queue.remove", "queue q", 1]),
        json!(["job.delete", "dead of type Mail", 0]),
        json!(["flush", "everything", 0]),
    ];
    assert_eq!(told, expected);
}

#[test]
fn a_change_that_a_kill_interrupts_says_how_far_it_came() {
    let mut server = Server::builder().web().start();
    let mut client = server.client();
    let at = instant_in(36_000);
    for thousand in 0..JOBS / 1_000 {
        let jobs = (0..1_000).map(|n| {
            let jid = format!("jid-{:06}", thousand * 1_000 + n);
            json!({"jid": jid, "queue": "q", "jobtype": "Mail", "args": [], "at": at})
        });
        client.push_bulk(&jobs.collect::<Vec<_>>());
    }
    client.send(
        "MUTATE {\"cmd\":\"kill\",\"target\":\"scheduled\",\"filter\":{\"jobtype\":\"Mail\"}}",
    );
    loop {
        let entries = audit(&server);
        if let Some(entry) = entries.first() {
            assert_eq!(
                entry["state"], "running",
                "it was over before it could be killed"
            );
            assert!(entry["changed"].as_u64().unwrap() > 0);
            break;
        }
    }
    server.kill9();
    server.start_again();
    let mut client = server.client();
    let entry = loop {
        let entry = audit(&server).remove(0);
        if entry["state"] != "running" {
            break entry;
        }
    };
    assert_eq!(entry["state"], "interrupted");
    let dead = set_size(&mut client, "dead");
    assert_eq!(entry["changed"], dead);
    assert_eq!(dead + set_size(&mut client, "scheduled"), JOBS);
    assert!(dead > 0 && dead < JOBS);
}

#[test]
fn an_action_and_its_entry_are_there_together_or_not_at_all_after_a_kill() {
    let mut server = Server::builder().web().start();
    for round in 0..ROUNDS {
        let mut client = server.worker("wid-anna");
        // The kill comes while they are under way: some are answered, some are not.
        for n in 0..QUEUES {
            client.send(format!("QUEUE PAUSE q-{round}-{n}"));
        }
        let answered = 1 + round * 7;
        for _ in 0..answered {
            client.read_reply();
        }
        server.kill9();
        server.start_again();
        let paused: BTreeSet<String> = pages(&server, "/api/v1/queues?limit=500")
            .into_iter()
            .map(|queue| {
                assert_eq!(queue["paused"], true);
                format!("queue {}", queue["name"].as_str().unwrap())
            })
            .collect();
        let told: Vec<Value> = pages(&server, "/api/v1/audit?limit=500");
        let told_of: BTreeSet<String> = told
            .iter()
            .map(|entry| entry["target"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(told.len(), told_of.len(), "one is told of twice");
        assert_eq!(told_of, paused);
        for n in 0..answered {
            assert!(paused.contains(&format!("queue q-{round}-{n}")), "{n}");
        }
    }
}
