//! The order of jobs, and PUSHB.

use serde_json::{Value, json};
use workmill_tests::{Server, instant_in, job};

#[test]
fn jobs_of_a_queue_come_in_the_order_they_were_pushed() {
    let server = Server::start();
    let mut client = server.client();
    let jids: Vec<String> = (0..100).map(|number| format!("jid-{number:06}")).collect();
    for (index, jid) in jids.iter().enumerate() {
        if index % 3 == 0 {
            assert_eq!(client.push_bulk(&[job(jid, "q")]), json!({}));
        } else {
            client.push(&job(jid, "q"));
        }
    }
    let fetched: Vec<String> = jids.iter().map(|_| client.fetch_jid("q")).collect();
    assert_eq!(fetched, jids);
}

#[test]
fn bulk_push_keeps_its_order_and_answers_an_empty_map() {
    let server = Server::start();
    let mut client = server.client();
    let jobs: Vec<Value> = (0..1000)
        .map(|number| job(&format!("jid-{number:06}"), "q"))
        .collect();
    let array = serde_json::to_string(&jobs).unwrap();
    assert_eq!(client.cmd(format!("PUSHB {array}")).bulk(), b"{}");
    assert_eq!(client.cmd("PUSHB []").bulk(), b"{}");
    for job in &jobs {
        assert_eq!(client.fetch_now("q")["jid"], job["jid"]);
    }
}

#[test]
fn bulk_push_refuses_bad_jobs_by_jid_and_takes_the_rest() {
    let server = Server::start();
    let mut client = server.client();
    let mut bad_queue = job("bad-queue", "a b");
    bad_queue["args"] = json!([1]);
    let mut bad_later = job("bad-later", "a b");
    bad_later["at"] = json!(instant_in(3600));
    let mut bad_reserve = job("bad-reserve", "q");
    bad_reserve["reserve_for"] = json!(86_401);
    let refused = client.push_bulk(&[
        job("good-one", "q"),
        bad_queue,
        bad_later,
        bad_reserve,
        json!({"jid": "no-jobtype", "args": []}),
        json!({"jid": "bad-args", "jobtype": "Test", "args": "x"}),
        json!({"jid": "short", "jobtype": "Test", "args": []}),
        json!({"jobtype": "Test", "args": []}),
        job("good-two", "q"),
    ]);
    let refused = refused.as_object().unwrap();
    let mut keys: Vec<&String> = refused.keys().collect();
    keys.sort();
    assert_eq!(
        keys,
        [
            "",
            "bad-args",
            "bad-later",
            "bad-queue",
            "bad-reserve",
            "no-jobtype",
            "short"
        ]
    );
    assert_eq!(refused["no-jobtype"], "jobs must have a jobtype parameter");
    assert_eq!(
        refused["short"],
        "jobs must have a reasonable jid parameter"
    );
    assert_eq!(refused[""], "jobs must have a reasonable jid parameter");
    assert_eq!(
        refused["bad-reserve"],
        "jobs cannot be reserved for more than one day"
    );
    assert_eq!(client.queue_size("q"), Some(2));
    assert_eq!(client.fetch_jid("q"), "good-one");
    assert_eq!(client.fetch_jid("q"), "good-two");
    assert_eq!(client.task_size("Scheduled"), 0);
}

#[test]
fn job_that_is_no_object_does_not_keep_the_others_out() {
    let server = Server::start();
    let mut client = server.client();
    client
        .cmd(r#"PUSHB [1,{"jid":"good-one","jobtype":"T","args":[],"queue":"q"},null,"x",[]]"#)
        .json();
    assert_eq!(client.queue_size("q"), Some(1));
}

#[test]
fn bulk_push_of_many_jobs_is_taken_whole() {
    let server = Server::start();
    let mut client = server.client();
    let jobs: Vec<Value> = (0..20_000)
        .map(|number| job(&format!("jid-{number:08}"), "q"))
        .collect();
    assert_eq!(client.push_bulk(&jobs), json!({}));
    assert_eq!(client.queue_size("q"), Some(20_000));
}
