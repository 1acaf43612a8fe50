//! What has to leave a full dead set, because an operator kills others.

use serde_json::json;
use workmill_engine::query::Query;
use workmill_engine::{Change, ChangeVerb, Request, Rules};
use workmill_store::CallbackState::{Done, Queued, Waiting};

use super::{left, operate, resume, take, undo};
use crate::world::{World, mutate_op};

/// Room for so many dead jobs, and as many dead already, `old-00000` first.
fn world_full_of_dead(most: usize) -> World {
    let mut world = World::with_rules(Rules {
        dead_jobs_max: most as u64,
        ..Rules::default()
    });
    for n in 0..most {
        let jid = format!("old-{n:05}");
        world.push(&jid, "q", json!({"retry": -1}));
        world.fetch(&["q"], "w");
        world.fail(&jid, "w");
        world.now = world.now.plus_secs(1);
    }
    world
}

fn push(world: &mut World, jobs: usize) {
    for n in 0..jobs {
        world.push(&format!("new-{n:05}"), "q", json!({}));
    }
}

/// The ids of the jobs in the queue `q`, and of those that are dead, both in their order.
fn jids(world: &mut World) -> (Vec<String>, Vec<String>) {
    let lines = world.everything();
    let jid = |line: &String| {
        let (_, rest) = line.split_once("jid: \"").unwrap();
        rest.split_once('"').unwrap().0.to_owned()
    };
    let queued = lines.iter().filter(|line| line.starts_with("q "));
    let dead = lines.iter().filter(|line| line.starts_with("SetTime"));
    (queued.map(jid).collect(), dead.map(jid).collect())
}

fn names(of: &str, numbers: std::ops::Range<usize>) -> Vec<String> {
    numbers.map(|n| format!("{of}-{n:05}")).collect()
}

#[test]
fn killed_jobs_and_those_that_left_for_them_come_back_together() {
    let mut world = world_full_of_dead(3);
    push(&mut world, 2);
    let before = world.everything();
    let action = take(&mut world, ChangeVerb::Kill, "state:enqueued");
    let (_, dead) = jids(&mut world);
    assert_eq!(dead, ["old-00002", "new-00000", "new-00001"]);
    assert_eq!(left(&world), [(action, 4)]);
    let undone = undo(&mut world, action);
    assert_eq!((undone.changed, undone.unknown), (4, 0));
    assert_eq!(jids(&mut world), (names("new", 0..2), names("old", 0..3)));
    assert_eq!(left(&world), []);
    let in_sets = |lines: Vec<String>| -> Vec<String> {
        let lines = lines.into_iter();
        lines.filter(|line| line.starts_with("SetTime")).collect()
    };
    assert_eq!(in_sets(world.everything()), in_sets(before));
}

#[test]
fn more_killed_jobs_than_there_is_room_for_come_back_to_where_they_were() {
    let mut world = world_full_of_dead(3);
    push(&mut world, 5);
    let action = take(&mut world, ChangeVerb::Kill, "state:enqueued");
    let (_, dead) = jids(&mut world);
    assert_eq!(dead, names("new", 2..5));
    assert_eq!(undo(&mut world, action).changed, 8);
    assert_eq!(jids(&mut world), (names("new", 0..5), names("old", 0..3)));
}

#[test]
fn a_long_kill_that_a_crash_ended_loses_nothing_of_what_it_drove_out() {
    for crashes in [false, true] {
        let mut world = world_full_of_dead(130);
        push(&mut world, 1_000);
        let query = Query::parse("state:enqueued").unwrap();
        let op = operate(&mut world, Change::of_matching(ChangeVerb::Kill, query));
        let ticket = world.next_ticket();
        let mut rest = world.slice(&[Request { ticket, op }]);
        for _ in 0..3 {
            rest = world.slice(&rest);
        }
        if crashes {
            world.crash();
            resume(&mut world);
        }
        while !crashes && !rest.is_empty() {
            rest = world.slice(&rest);
        }
        let (queued, dead) = jids(&mut world);
        assert_eq!((queued, dead), (vec![], names("new", 870..1_000)));
        let [(action, 1_130)] = left(&world)[..] else {
            panic!("{:?}", left(&world));
        };
        assert_eq!(undo(&mut world, action).changed, 1_130);
        assert_eq!(
            jids(&mut world),
            (names("new", 0..1_000), names("old", 0..130))
        );
    }
}

#[test]
fn nothing_is_kept_of_what_others_drive_out_of_the_dead_set() {
    let mut world = world_full_of_dead(3);
    push(&mut world, 1);
    world.run(mutate_op(&json!({"cmd": "kill", "target": "retries"})));
    world.push("new-dies", "d", json!({"retry": -1}));
    world.fetch(&["d"], "w");
    world.fail("new-dies", "w");
    assert_eq!(left(&world), []);
    // Nor of what leaves because its time is over, though an operator has killed it.
    let action = take(&mut world, ChangeVerb::Kill, "state:enqueued");
    assert_eq!(left(&world), [(action, 2)]);
}

#[test]
fn member_that_is_killed_and_driven_out_is_still_to_run_when_it_is_back() {
    let mut world = world_full_of_dead(1);
    let bid = world.batch_with(&["complete", "success"], "");
    for n in 1..=3 {
        world.push_member(&format!("member-00{n}"), &bid);
    }
    world.commit(&bid);
    let action = take(
        &mut world,
        ChangeVerb::Kill,
        "jid:member-001 OR jid:member-002",
    );
    assert_eq!(world.members(&bid), (3, 1, 2));
    assert_eq!(undo(&mut world, action).changed, 3);
    assert_eq!(world.members(&bid), (3, 3, 0));
    for _ in 0..3 {
        world.perform("q");
    }
    assert_eq!(world.callbacks(&bid), (Queued, Waiting));
}

#[test]
fn callback_that_is_driven_out_counts_as_done_and_comes_back_as_a_job() {
    let mut world = world_full_of_dead(1);
    let bid = world.batch_with(&["complete"], "");
    world.commit(&bid);
    assert_eq!(world.callbacks(&bid).0, Queued);
    take(&mut world, ChangeVerb::Kill, "queue:cb state:enqueued");
    assert_eq!(world.callbacks(&bid).0, Queued, "a dead one may run again");
    push(&mut world, 1);
    let action = take(&mut world, ChangeVerb::Kill, "state:enqueued");
    assert_eq!(world.callbacks(&bid).0, Done);
    assert_eq!(undo(&mut world, action).changed, 2);
    assert_eq!((world.size("q"), world.totals().dead), (1, 1));
    assert_eq!(world.callbacks(&bid).0, Done);
}

#[test]
fn job_that_stays_in_the_trash_counts_once_whatever_keeps_it_there() {
    let mut world = world_full_of_dead(2);
    world.push("unique-001", "q", json!({"custom": {"unique_for": 600}}));
    world.push("job-plain", "q", json!({}));
    let action = take(&mut world, ChangeVerb::Discard, "");
    world.give_locks_to("somebody");
    push(&mut world, 2);
    take(&mut world, ChangeVerb::Kill, "jid:new-*");
    // There is room for none of the dead ones, and the lock is another job's.
    let undone = undo(&mut world, action);
    assert_eq!(
        (undone.looked_at, undone.changed, undone.unknown),
        (4, 1, 3)
    );
    assert_eq!(left(&world)[0], (action, 3));
}
