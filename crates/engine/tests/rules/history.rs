//! What happens to jobs is counted over time, and written every few seconds.

use std::time::Duration;

use serde_json::json;
use workmill_engine::{Duty, Op, Request};
use workmill_store::{HistoryCounts, HistoryLine, OTHERS, Resolution};

use crate::world::World;

/// What happened to jobs of a queue in the slot of this moment; nothing if that is not known.
fn of_queue(world: &World, resolution: Resolution, queue: &str) -> HistoryLine {
    let slot = world.history(resolution);
    slot.queues.0.get(queue).cloned().unwrap_or_default()
}

fn of_type(world: &World, resolution: Resolution, jobtype: &str) -> HistoryLine {
    let slot = world.history(resolution);
    slot.jobtypes.0.get(jobtype).cloned().unwrap_or_default()
}

fn push(world: &mut World, jid: &str) {
    world.push(jid, "mail", json!({"jobtype": "Send"}));
}

#[test]
fn each_step_of_a_job_is_counted_by_queue_and_by_type() {
    let mut world = World::new();
    for jid in ["done-0001", "fail-0001", "died-0001"] {
        push(&mut world, jid);
    }
    world.push("died-0002", "mail", json!({"jobtype": "Die", "retry": -1}));
    for _ in 0..4 {
        world.fetch(&["mail"], "w1");
    }
    world.ack("done-0001", "w1");
    for jid in ["fail-0001", "died-0002"] {
        world.fail(jid, "w1");
    }
    assert!(
        world.history(Resolution::Minute).is_empty(),
        "not yet written"
    );
    world.tick(Duty::KeepClocks);
    let expected = HistoryCounts {
        enqueued: 4,
        started: 4,
        succeeded: 1,
        failed: 2,
        dead: 1,
        expired: 0,
    };
    for resolution in Resolution::ALL {
        assert_eq!(of_queue(&world, resolution, "mail").counts, expected);
        let of_type = |jobtype| of_type(&world, resolution, jobtype).counts;
        assert_eq!((of_type("Send").failed, of_type("Send").dead), (1, 0));
        assert_eq!((of_type("Die").failed, of_type("Die").dead), (1, 1));
        assert_eq!(world.history(resolution).jobtypes.sum().counts, expected);
    }
}

#[test]
fn a_job_for_later_is_enqueued_when_its_time_comes() {
    let mut world = World::new();
    let at = world.now.plus_secs(30).to_string();
    world.push("later-0001", "mail", json!({"at": at}));
    world.tick(Duty::KeepClocks);
    assert!(world.history(Resolution::Day).is_empty());
    world.now = world.now.plus_secs(31);
    world.tick(Duty::Promote);
    world.tick(Duty::KeepClocks);
    assert_eq!(of_queue(&world, Resolution::Day, "mail").counts.enqueued, 1);
}

#[test]
fn a_job_that_expires_is_counted() {
    let mut world = World::new();
    let custom = json!({"expires_in": 5});
    world.push(
        "late-0001",
        "mail",
        json!({"jobtype": "Send", "custom": custom}),
    );
    world.now = world.now.plus_secs(6);
    world.assert_nothing(&["mail"]);
    world.tick(Duty::KeepClocks);
    let counts = of_type(&world, Resolution::Day, "Send").counts;
    assert_eq!((counts.enqueued, counts.started, counts.expired), (1, 0, 1));
}

#[test]
fn it_is_told_how_long_jobs_waited_and_ran() {
    let mut world = World::new();
    for (jid, wait, run) in [("slow-0001", 2, 30), ("slow-0002", 2, 60)] {
        push(&mut world, jid);
        world.now = world.now.plus_secs(wait);
        world.fetch(&["mail"], "w1");
        world.now = world.now.plus_secs(run);
        match run {
            30 => world.ack(jid, "w1"),
            _ => world.fail(jid, "w1"),
        }
    }
    world.tick(Duty::KeepClocks);
    for resolution in Resolution::ALL {
        let line = of_type(&world, resolution, "Send");
        if !resolution.has_times() {
            assert_eq!((line.waits.count(), line.runs.count()), (0, 0));
            continue;
        }
        assert_eq!(
            (line.waits.count(), line.waits.sum()),
            (2, Duration::from_secs(4))
        );
        assert_eq!(
            (line.runs.count(), line.runs.sum()),
            (2, Duration::from_secs(90))
        );
        let longest = line.runs.quantile(0.99).unwrap().as_secs();
        assert!((53..=68).contains(&longest), "{longest}");
    }
}

#[test]
fn what_was_handed_out_before_a_restart_is_counted_by_its_type() {
    let mut world = World::new();
    for jid in ["old-00001", "old-00002"] {
        push(&mut world, jid);
        world.fetch(&["mail"], "w1");
    }
    world.restart();
    world.ack("old-00001", "w1");
    world.fail("old-00002", "w1");
    world.tick(Duty::KeepClocks);
    let line = of_type(&world, Resolution::HourOfTimes, "Send");
    assert_eq!((line.counts.succeeded, line.counts.failed), (1, 1));
    assert_eq!((line.counts.enqueued, line.counts.started), (2, 2));
    assert_eq!(
        of_type(&world, Resolution::Hour, OTHERS).counts,
        HistoryCounts::default()
    );
}

#[test]
fn a_job_that_cannot_be_read_is_counted_with_what_it_was_handed_out_as() {
    let mut world = World::new();
    push(&mut world, "soon-0001");
    world.fetch(&["mail"], "w1");
    // Damage is only seen after a restart, and then nothing tells of which type the job was.
    world.spoil_first_job(b"?");
    world.ack("soon-0001", "w1");
    world.tick(Duty::KeepClocks);
    let others = of_type(&world, Resolution::Day, OTHERS).counts;
    assert_eq!((others.succeeded, others.started), (1, 0));
    assert_eq!(of_type(&world, Resolution::Day, "Send").counts.started, 1);
}

#[test]
fn a_kill_loses_the_statistics_of_the_last_seconds_and_no_others() {
    let mut world = World::new();
    push(&mut world, "kept-0001");
    world.tick(Duty::KeepClocks);
    push(&mut world, "lost-0001");
    world.crash();
    assert_eq!(of_queue(&world, Resolution::Day, "mail").counts.enqueued, 1);
    assert_eq!(world.size("mail"), 2, "no job is lost");
    push(&mut world, "kept-0002");
    world.restart();
    assert_eq!(of_queue(&world, Resolution::Day, "mail").counts.enqueued, 2);
}

#[test]
fn what_is_rolled_back_is_not_counted_and_what_cannot_be_written_is_later() {
    let mut world = World::new();
    push(&mut world, "job-00001");
    let write = Request {
        ticket: world.next_ticket(),
        op: Op::Tick(Duty::KeepClocks),
    };
    world.try_slice(&[write], false).unwrap();
    assert!(world.history(Resolution::Minute).is_empty());
    world.tick(Duty::KeepClocks);
    world.tick(Duty::KeepClocks);
    assert_eq!(
        of_queue(&world, Resolution::Minute, "mail").counts.enqueued,
        1
    );
}

#[test]
fn a_clock_that_is_set_counts_in_the_minute_it_shows() {
    let mut world = World::new();
    let enqueued = |world: &World, resolution| of_queue(world, resolution, "mail").counts.enqueued;
    push(&mut world, "job-00001");
    let years = 10 * 365 * 86_400;
    for (jid, set_secs) in [
        ("job-00002", years),
        ("job-00003", -years),
        ("job-00004", 0),
    ] {
        world.clock_set_secs = set_secs;
        push(&mut world, jid);
    }
    world.tick(Duty::KeepClocks);
    for (set_secs, expected) in [(0, 2), (years, 1), (-years, 1)] {
        world.clock_set_secs = set_secs;
        for resolution in [Resolution::Minute, Resolution::Day] {
            assert_eq!(
                enqueued(&world, resolution),
                expected,
                "{resolution:?} {set_secs}"
            );
        }
        assert_eq!(enqueued(&world, Resolution::Ever), 4);
    }
}

#[test]
fn a_flush_forgets_the_history_and_what_is_not_written() {
    let mut world = World::new();
    push(&mut world, "job-00001");
    world.tick(Duty::KeepClocks);
    push(&mut world, "job-00002");
    world.ok(Op::Flush);
    world.tick(Duty::KeepClocks);
    assert!(world.history(Resolution::Ever).is_empty());
    push(&mut world, "job-00003");
    world.tick(Duty::KeepClocks);
    assert_eq!(
        of_queue(&world, Resolution::Ever, "mail").counts.enqueued,
        1
    );
}

#[test]
fn executions_that_end_as_if_they_had_not_begun_are_no_ends() {
    let mut world = World::new();
    push(&mut world, "job-00001");
    world.fetch(&["mail"], "w1");
    world.requeue("job-00001", "w1");
    world.tick(Duty::KeepClocks);
    let counts = of_queue(&world, Resolution::Day, "mail").counts;
    assert_eq!((counts.started, counts.succeeded, counts.failed), (1, 0, 0));
}
