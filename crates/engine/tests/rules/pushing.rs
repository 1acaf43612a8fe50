//! PUSH and PUSHB.

use serde_json::json;
use workmill_engine::{BulkPush, Op, Outcome};
use workmill_proto::{CustomReading, Job, RefusedJob, WireError};

use crate::world::World;

#[test]
fn jobs_come_out_in_the_order_they_went_in() {
    let mut world = World::new();
    for index in 0..20 {
        world.push(&format!("job-{index:06}"), "default", json!({}));
    }
    for index in 0..20 {
        assert_eq!(
            world.fetch(&["default"], "w").jid(),
            format!("job-{index:06}")
        );
    }
}

#[test]
fn a_fetched_job_is_the_pushed_one_with_the_times_filled_in() {
    let mut world = World::new();
    world.push("jid-12345", "q", json!({"custom": {"a": 1}, "priority": 9}));
    let now = world.now.to_string();
    world.now = world.now.plus_secs(5);
    let expected = json!({
        "jid": "jid-12345", "queue": "q", "jobtype": "Thing", "args": [], "retry": 25,
        "custom": {"a": 1}, "priority": 9, "created_at": now, "enqueued_at": now,
    });
    assert_eq!(world.fetch(&["q"], "w").payload, expected);
}

#[test]
fn retry_of_one_job_does_not_change_the_default_of_the_next() {
    let mut world = World::new();
    world.push("jid-00001", "q", json!({"retry": 0}));
    world.push("jid-00002", "q", json!({}));
    assert_eq!(world.fetch(&["q"], "w").payload["retry"], 0);
    assert_eq!(world.fetch(&["q"], "w").payload["retry"], 25);
}

#[test]
fn a_job_for_the_past_is_enqueued_at_once_and_keeps_its_at() {
    let mut world = World::new();
    world.push("jid-00001", "q", json!({"at": "2020-01-01T00:00:00Z"}));
    assert_eq!(
        world.fetch(&["q"], "w").payload["at"],
        "2020-01-01T00:00:00Z"
    );
}

#[test]
fn a_back_off_that_is_not_understood_is_refused() {
    for custom in [
        json!({"retry_delays": []}),
        json!({"retry_delays": [-1]}),
        json!({"retry_delays": "10"}),
        json!({"retry_delays": [1.5]}),
        json!({"retry_backoff": {"kind": "cubic", "base": 1}}),
        json!({"retry_backoff": {"kind": "linear"}}),
        json!({"retry_backoff": {"kind": "linear", "base": 1e12}}),
        json!({"retry_delays": [1], "retry_backoff": {"kind": "linear", "base": 1}}),
    ] {
        let payload = json!({"jid": "jid-00001", "jobtype": "T", "args": [], "custom": custom});
        let job = Job::parse(payload.to_string().as_bytes()).unwrap();
        let error = Op::push(job, World::new().now, CustomReading::ALL).unwrap_err();
        assert!(error.text.contains("retry_"), "{custom}: {error}");
    }
}

#[test]
fn a_bulk_push_takes_what_is_good_and_names_what_is_not() {
    let mut world = World::new();
    let item = |jid: &str| {
        let payload = json!({"jid": jid, "jobtype": "T", "args": []});
        Job::parse(payload.to_string().as_bytes()).unwrap()
    };
    let bad = RefusedJob {
        jid: "bad".to_owned(),
        error: WireError::err("no"),
    };
    let custom = r#"{"jid":"job-custom","jobtype":"T","args":[],"custom":{"retry_delays":[]}}"#;
    let jobs = (0..2_500).map(|index| match index {
        1_700 => Err(bad.clone()),
        1_800 => Ok(Job::parse(custom.as_bytes()).unwrap()),
        _ => Ok(item(&format!("job-{index:06}"))),
    });
    let bulk = BulkPush::new(jobs.collect(), world.now, CustomReading::ALL);
    match world.run(Op::PushBulk(bulk)) {
        Outcome::Refusals(refused) => {
            assert_eq!(refused[0], ("bad".to_owned(), WireError::err("no")));
            assert_eq!(refused[1].0, "job-custom");
            assert_eq!(refused.len(), 2);
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(world.size("default"), 2_498);
    assert_eq!(world.fetch(&["default"], "w").jid(), "job-000000");
}
