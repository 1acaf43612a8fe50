//! A job that gets another payload.

use std::sync::Arc;

use serde_json::json;
use workmill_engine::{Change, ChangeVerb, JobEdit, Op, Outcome};
use workmill_proto::{Job, SetName};
use workmill_store::reading::Bounds;
use workmill_store::{JobRef, Place, Reading as _};

use crate::world::{World, queue};

/// The first job of a place, as somebody sees it: its key and its body.
fn seen(world: &World, place: &Place) -> (JobRef, Vec<u8>) {
    let jobs = world
        .reader()
        .jobs(place, None, Bounds::of_rows(1))
        .unwrap();
    let first = jobs.items.into_iter().next().unwrap();
    (first.key, first.job.unwrap().body)
}

/// Changes what was seen of a job of a place into one of another type, in another queue; tells how many were.
fn edit(world: &mut World, place: &Place, (key, body): (JobRef, Vec<u8>), enqueue: bool) -> u64 {
    let mut payload: serde_json::Value = serde_json::from_slice(&body).unwrap();
    payload["jobtype"] = json!("Mended");
    payload["queue"] = json!("other");
    payload["args"] = json!([12_345_678_901_234_567_890_u64]);
    payload["reserve_for"] = json!(120);
    let job = Job::parse(payload.to_string().as_bytes()).unwrap();
    let verb = ChangeVerb::Edit(Arc::new(JobEdit::new(body, job, enqueue)));
    let change = Change::of_jobs(verb, vec![(place.clone(), key)]).unwrap();
    match world.run(Op::change(change)) {
        Outcome::Changed { jobs, .. } => jobs,
        other => panic!("not changed: {other:?}"),
    }
}

fn set(set: SetName) -> Place {
    Place::Set(set)
}

/// A job that failed once and waits to be tried again.
fn failed_once(world: &mut World) {
    world.push(
        "jid-00001",
        "q",
        json!({"jobtype": "Broken", "x": 1, "custom": {"y": 2}}),
    );
    world.fetch(&["q"], "w");
    world.fail("jid-00001", "w");
}

#[test]
fn edited_job_is_enqueued_at_once_and_keeps_what_is_not_edited() {
    let mut world = World::new();
    failed_once(&mut world);
    let retries = set(SetName::Retries);
    let was = seen(&world, &retries);
    assert_eq!(edit(&mut world, &retries, was, true), 1);
    assert_eq!((world.totals().retries, world.size("other")), (0, 1));
    let job = world.fetch(&["other"], "w").payload;
    assert_eq!(job["jid"], "jid-00001");
    assert_eq!(job["jobtype"], "Mended");
    assert_eq!(job["args"], json!([12_345_678_901_234_567_890_u64]));
    assert_eq!((&job["x"], &job["custom"]["y"]), (&json!(1), &json!(2)));
    assert_eq!(job["failure"]["retry_count"], 0);
    // What it failed before counts.
    world.fail("jid-00001", "w");
    assert_eq!(world.totals().retries, 1);
}

#[test]
fn edited_job_of_a_set_stays_there_until_its_time_if_it_is_not_to_be_enqueued() {
    let mut world = World::new();
    let at = world.now.plus_secs(3_000).to_string();
    world.push("jid-00001", "q", json!({"at": at}));
    let scheduled = set(SetName::Scheduled);
    let was = seen(&world, &scheduled);
    let JobRef::Entry(before) = was.0 else {
        panic!("no entry")
    };
    assert_eq!(edit(&mut world, &scheduled, was, false), 1);
    let JobRef::Entry(after) = seen(&world, &scheduled).0 else {
        panic!("no entry")
    };
    assert_eq!(before.at, after.at);
    assert_eq!((world.totals().scheduled, world.size("other")), (1, 0));
}

#[test]
fn edited_job_of_a_queue_goes_to_the_tail() {
    let mut world = World::new();
    for jid in ["jid-00001", "jid-00002"] {
        world.push(jid, "other", json!({}));
    }
    let place = queue("other");
    let was = seen(&world, &place);
    assert_eq!(edit(&mut world, &place, was, false), 1);
    assert_eq!(world.fetch(&["other"], "w").jid(), "jid-00002");
    assert_eq!(world.fetch(&["other"], "w").payload["jobtype"], "Mended");
}

#[test]
fn job_that_is_not_as_it_was_seen_is_left_as_it_is() {
    let mut world = World::new();
    failed_once(&mut world);
    let retries = set(SetName::Retries);
    let (key, mut body) = seen(&world, &retries);
    assert_eq!(edit(&mut world, &retries, (key, body.clone()), false), 1);
    let (key, edited) = seen(&world, &retries);
    assert_ne!(body, edited);
    // Somebody who has seen the one before comes too late.
    assert_eq!(edit(&mut world, &retries, (key, body.clone()), true), 0);
    assert_eq!(seen(&world, &retries).1, edited);
    body.clear();
    body.extend_from_slice(br#"{"jid":"jid-00009","jobtype":"T","args":[]}"#);
    assert_eq!(edit(&mut world, &retries, (key, body), true), 0);
}

#[test]
fn job_that_a_worker_has_is_left_to_it() {
    let mut world = World::new();
    world.push("jid-00001", "q", json!({}));
    let (key, body) = seen(&world, &queue("q"));
    world.fetch(&["q"], "w");
    assert_eq!(edit(&mut world, &Place::Working, (key, body), true), 0);
    world.ack("jid-00001", "w");
    assert_eq!(world.totals().working, 0);
}

#[test]
fn expired_job_that_is_edited_and_enqueued_runs() {
    let mut world = World::new();
    let expires_at = world.now.plus_secs(60).to_string();
    world.push(
        "jid-00001",
        "q",
        json!({"custom": {"expires_at": expires_at}}),
    );
    world.queue("PAUSE q");
    let place = queue("q");
    let was = seen(&world, &place);
    world.pass(120);
    assert_eq!(edit(&mut world, &place, was, true), 1);
    assert_eq!(world.fetch(&["other"], "w").jid(), "jid-00001");
}

#[test]
fn unique_job_that_is_edited_keeps_its_lock() {
    let mut world = World::new();
    let unique =
        json!({"at": world.now.plus_secs(900).to_string(), "custom": {"unique_for": 3_600}});
    world.push("jid-00001", "q", unique.clone());
    let scheduled = set(SetName::Scheduled);
    let was = seen(&world, &scheduled);
    assert_eq!(edit(&mut world, &scheduled, was, true), 1);
    world.push_refused("jid-00002", "q", unique.clone());
    world.fetch(&["other"], "w");
    world.ack("jid-00001", "w");
    world.push("jid-00003", "q", unique);
}
