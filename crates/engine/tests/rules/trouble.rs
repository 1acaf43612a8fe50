//! Records that cannot be read, and statements that fail.

use serde_json::json;
use workmill_engine::{Op, Outcome};

use crate::world::World;

#[test]
fn an_unreadable_job_blocks_nobody_and_keeps_its_bytes() {
    let mut world = World::new();
    for jid in ["jid-00001", "jid-00002"] {
        world.push(jid, "q", json!({}));
    }
    world.spoil_first_job(&[0x01, 0xde, 0xad, 0xbe, 0xef]);
    assert_eq!(world.fetch(&["q"], "w").jid(), "jid-00002");
    let totals = world.totals();
    assert_eq!(
        (totals.dead, totals.working, totals.queues["q"].size),
        (1, 1, 0)
    );
    world.mutate(json!({"cmd": "requeue", "target": "dead"}));
    let job = world.fetch(&["q"], "w").payload;
    assert_eq!(job["failure"]["errtype"], "Corrupt");
    assert_eq!(job["custom"]["stored_bytes_base64"], "Ad6tvu8=");
}

#[test]
fn an_unreadable_entry_of_a_set_is_quarantined_when_its_time_comes() {
    let mut world = World::new();
    for (jid, secs) in [("jid-00001", 5), ("jid-00002", 6)] {
        let at = world.now.plus_secs(secs).to_string();
        world.push(jid, "q", json!({ "at": at }));
    }
    world.spoil_first_scheduled(&[]);
    world.pass(10);
    let totals = world.totals();
    assert_eq!(
        (totals.dead, totals.scheduled, totals.queues["q"].size),
        (1, 0, 1)
    );
}

#[test]
fn an_unreadable_job_that_fails_is_quarantined() {
    let mut world = World::new();
    world.push("jid-00001", "q", json!({}));
    world.fetch(&["q"], "w");
    world.spoil_first_job(&[1]);
    world.fail("jid-00001", "w");
    let totals = world.totals();
    assert_eq!(
        (totals.dead, totals.working, totals.counts.failures),
        (1, 0, 1)
    );
}

#[test]
fn the_same_group_again_does_the_same() {
    let push = |world: &World, jid: &str| {
        world.push_op(&json!({"jid": jid, "queue": "q", "jobtype": "T", "args": []}))
    };
    let replay = || {
        let mut world = World::new();
        let ops = vec![push(&world, "jid-00001"), push(&world, "jid-00002")];
        world.group(ops);
        let mut delays = Vec::new();
        for jid in ["jid-00001", "jid-00002"] {
            world.fetch(&["q"], "w");
            world.fail(jid, "w");
        }
        world.pass(60);
        world.queue("RESUME q");
        for _ in 0..2 {
            let payload = world.fetch(&["q"], "w").payload;
            delays.push(payload["failure"]["next_at"].to_string());
        }
        delays
    };
    assert_eq!(replay(), replay());
}

#[test]
fn an_empty_group_does_nothing() {
    let mut world = World::new();
    assert!(world.group(vec![]).is_empty());
    assert!(matches!(world.run(Op::Info), Outcome::Info(_)));
}
