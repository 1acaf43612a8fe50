//! Jobs for later.

use serde_json::json;
use workmill_engine::Duty;

use crate::world::World;

#[test]
fn a_scheduled_job_is_enqueued_when_its_time_has_come() {
    let mut world = World::new();
    let at = world.now.plus_secs(30).to_string();
    world.push("jid-00001", "q", json!({ "at": at }));
    world.pass(29);
    assert_eq!((world.totals().scheduled, world.size("q")), (1, 0));
    world.pass(1);
    assert_eq!((world.totals().scheduled, world.size("q")), (0, 1));
    let job = world.fetch(&["q"], "w").payload;
    assert_eq!(job["at"], at.as_str());
    assert_eq!(job["enqueued_at"], world.now.to_string());
}

#[test]
fn due_jobs_come_in_the_order_of_their_time() {
    let mut world = World::new();
    for (jid, secs) in [("jid-third", 3), ("jid-first", 1), ("jid-second", 2)] {
        let at = world.now.plus_secs(secs).to_string();
        world.push(jid, "q", json!({ "at": at }));
    }
    world.now = world.now.plus_secs(5);
    world.tick(Duty::Promote);
    for jid in ["jid-first", "jid-second", "jid-third"] {
        assert_eq!(world.fetch(&["q"], "w").jid(), jid);
    }
}

#[test]
fn a_promotion_wakes_who_waits() {
    let mut world = World::new();
    let at = world.now.plus_secs(1).to_string();
    world.push("jid-00001", "q", json!({ "at": at }));
    let waiting = world.try_fetch(&["q"], "w").unwrap_err();
    world.now = world.now.plus_secs(1);
    world.tick(Duty::Promote);
    assert_eq!(world.take_job(waiting).unwrap().jid(), "jid-00001");
}

#[test]
fn two_jobs_with_the_same_time_are_two_jobs() {
    let mut world = World::new();
    let at = world.now.plus_secs(60).to_string();
    world.push("jid-00001", "q", json!({ "at": at }));
    world.push("jid-00002", "q", json!({ "at": at }));
    let discard =
        json!({"cmd": "discard", "target": "scheduled", "filter": {"jids": ["jid-00001"]}});
    world.mutate(discard.clone());
    world.mutate(discard);
    assert_eq!(world.totals().scheduled, 1);
    world.pass(60);
    assert_eq!(world.fetch(&["q"], "w").jid(), "jid-00002");
}

#[test]
fn all_due_jobs_move_however_many() {
    let mut world = World::new();
    let at = world.now.plus_secs(1).to_string();
    for index in 0..2_500 {
        world.push(&format!("job-{index:06}"), "q", json!({ "at": at }));
    }
    world.now = world.now.plus_secs(2);
    world.tick(Duty::Promote);
    assert_eq!((world.totals().scheduled, world.size("q")), (0, 2_500));
    assert_eq!(world.fetch(&["q"], "w").jid(), "job-000000");
}

#[test]
fn a_restart_forgets_no_scheduled_job() {
    let mut world = World::new();
    let at = world.now.plus_secs(10).to_string();
    world.push("jid-00001", "q", json!({ "at": at }));
    world.restart();
    world.pass(10);
    assert_eq!(world.fetch(&["q"], "w").jid(), "jid-00001");
}
