//! Batches that wait for other batches.

use serde_json::json;
use workmill_store::CallbackState::{Absent, Done, Queued, Waiting};

use crate::world::World;

const BOTH: [&str; 2] = ["complete", "success"];

#[test]
fn a_parent_waits_for_the_callbacks_of_its_child() {
    let mut world = World::new();
    let parent = world.batch_with(&BOTH, "");
    let child = world.batch_with(&BOTH, &parent);
    world.push_member("jid-00001", &child);
    world.commit(&child);
    world.commit(&parent);
    assert_eq!(world.callbacks(&parent), (Waiting, Waiting));
    world.perform("q");
    assert_eq!(world.callbacks(&parent), (Waiting, Waiting));
    let bid_of = |callback: serde_json::Value| {
        let custom = &callback["custom"];
        (custom["_bid"].clone(), custom["_cb"].clone())
    };
    assert_eq!(
        bid_of(world.run_callback()),
        (json!(child), json!("complete"))
    );
    assert_eq!(world.callbacks(&child), (Done, Queued));
    assert_eq!(world.callbacks(&parent), (Queued, Waiting));
    assert_eq!(
        bid_of(world.run_callback()),
        (json!(child), json!("success"))
    );
    assert_eq!(world.callbacks(&parent), (Queued, Waiting));
    assert_eq!(
        bid_of(world.run_callback()),
        (json!(parent), json!("complete"))
    );
    assert_eq!(
        bid_of(world.run_callback()),
        (json!(parent), json!("success"))
    );
    assert_eq!(world.callbacks(&parent), (Done, Done));
}

#[test]
fn the_success_of_a_parent_waits_for_the_success_callback_of_its_child() {
    let mut world = World::new();
    let parent = world.batch_with(&["success"], "");
    let child = world.batch_with(&["success"], &parent);
    world.commit(&parent);
    world.commit(&child);
    assert_eq!(world.callbacks(&parent), (Absent, Waiting));
    world.run_callback();
    assert_eq!(world.callbacks(&parent), (Absent, Queued));
}

#[test]
fn a_child_that_fails_lets_its_parent_complete_and_not_succeed() {
    let mut world = World::new();
    let parent = world.batch_with(&BOTH, "");
    let child = world.batch_with(&["complete"], &parent);
    world.push_member("jid-00001", &child);
    world.commit(&child);
    world.commit(&parent);
    world.fetch(&["q"], "w");
    world.fail("jid-00001", "w");
    world.run_callback();
    assert_eq!(world.callbacks(&parent), (Queued, Waiting));
    world.run_callback();
    assert_eq!(world.callbacks(&parent), (Done, Waiting));
    world.pass(60);
    world.perform("q");
    assert_eq!(world.callbacks(&parent), (Done, Queued));
}

#[test]
fn an_uncommitted_child_holds_its_parent_up() {
    let mut world = World::new();
    let parent = world.batch_with(&["complete"], "");
    let child = world.batch_with(&["complete"], &parent);
    world.commit(&parent);
    assert_eq!(world.callbacks(&parent), (Waiting, Absent));
    world.commit(&child);
    world.run_callback();
    assert_eq!(world.callbacks(&parent), (Queued, Absent));
}

#[test]
fn batches_nest_at_any_depth() {
    let mut world = World::new();
    let mut bids = vec![world.batch_with(&["success"], "")];
    for _ in 0..100 {
        let child = world.batch_with(&["success"], bids.last().unwrap());
        bids.push(child);
    }
    for bid in &bids {
        world.commit(bid);
    }
    for bid in bids.iter().rev() {
        assert_eq!(world.size("cb"), 1);
        assert_eq!(world.run_callback()["custom"]["_bid"], json!(bid));
    }
    assert_eq!(world.size("cb"), 0);
}

#[test]
fn a_batch_may_have_several_parents_and_children() {
    let mut world = World::new();
    let parents = [(); 3].map(|()| world.batch_with(&["success"], ""));
    let children = [(); 2].map(|()| world.batch_with(&["success"], &parents[0]));
    for parent in &parents {
        for child in &children {
            world.adopt(parent, child);
            world.adopt(parent, child);
        }
        world.commit(parent);
    }
    world.commit(&children[0]);
    world.run_callback();
    assert_eq!(world.callbacks(&parents[1]), (Absent, Waiting));
    world.commit(&children[1]);
    let custom = world.run_callback()["custom"].clone();
    assert_eq!(custom["_pbid"], json!(parents[0]), "the first one");
    for parent in &parents {
        assert_eq!(world.callbacks(parent), (Absent, Queued));
    }
}

#[test]
fn a_batch_cannot_wait_for_itself() {
    let mut world = World::new();
    let top = world.batch_with(&["success"], "");
    let middle = world.batch_with(&["success"], &top);
    let bottom = world.batch_with(&["success"], "");
    world.adopt(&middle, &bottom);
    for (parent, child) in [(&top, &top), (&middle, &top), (&bottom, &top)] {
        let text = world.batch_refused(&format!("CHILD {parent} {child}"));
        assert!(text.contains("wait for each other"), "{text}");
    }
    world.adopt(&top, &bottom);
    for bid in [&bottom, &middle, &top] {
        world.commit(bid);
        world.run_callback();
        assert_eq!(
            world.callbacks(bid),
            (Absent, Done),
            "refused links count not"
        );
    }
}

#[test]
fn unknown_batches_are_adopted_by_none() {
    let mut world = World::new();
    let bid = world.batch_with(&["success"], "");
    let unknown = "b-AAAAAAAAAAAAAA";
    for words in [format!("{bid} {unknown}"), format!("{unknown} {bid}")] {
        let text = world.batch_refused(&format!("CHILD {words}"));
        assert_eq!(text, format!("No such batch {unknown}"));
    }
}

#[test]
fn a_batch_has_a_hundred_parents_at_most() {
    let mut world = World::new();
    let child = world.batch_with(&["success"], "");
    let parents: Vec<String> = (0..101)
        .map(|_| world.batch_with(&["success"], ""))
        .collect();
    for parent in &parents[..100] {
        world.adopt(parent, &child);
    }
    let text = world.batch_refused(&format!("CHILD {} {child}", parents[100]));
    assert_eq!(text, format!("batch {child} has 100 parents already"));
    world.adopt(&parents[7], &child);
    world.commit(&child);
    world.run_callback();
    world.commit(&parents[99]);
    assert_eq!(world.callbacks(&parents[99]), (Absent, Queued));
    world.commit(&parents[100]);
    assert_eq!(world.callbacks(&parents[100]), (Absent, Queued));
}

#[test]
fn a_child_that_is_done_holds_nobody_up() {
    let mut world = World::new();
    let child = world.batch_with(&["success"], "");
    world.commit(&child);
    world.run_callback();
    let parent = world.batch_with(&BOTH, "");
    world.adopt(&parent, &child);
    world.commit(&parent);
    assert_eq!(world.callbacks(&parent), (Queued, Waiting));
    world.run_callback();
    assert_eq!(world.callbacks(&parent), (Done, Queued));
}

#[test]
fn a_child_that_is_complete_holds_up_the_success_only() {
    let mut world = World::new();
    let child = world.batch_with(&BOTH, "");
    world.commit(&child);
    world.run_callback();
    let parent = world.batch_with(&["complete"], "");
    let other = world.batch_with(&["success"], "");
    world.adopt(&parent, &child);
    world.adopt(&other, &child);
    world.commit(&parent);
    world.commit(&other);
    assert_eq!(world.callbacks(&parent), (Queued, Absent));
    assert_eq!(world.callbacks(&other), (Absent, Waiting));
}

#[test]
fn a_child_made_by_a_callback_holds_up_the_success_of_its_parent() {
    let mut world = World::new();
    let parent = world.batch_with(&BOTH, "");
    world.commit(&parent);
    let complete = world.fetch(&["cb"], "w");
    let child = world.batch_with(&["success"], &parent);
    world.ack(complete.jid(), "w");
    assert_eq!(world.callbacks(&parent), (Done, Waiting));
    world.commit(&child);
    world.run_callback();
    assert_eq!(world.callbacks(&parent), (Done, Queued));
    let late = world.batch_with(&["success"], &parent);
    world.commit(&late);
    world.run_callback();
    world.run_callback();
    assert_eq!(world.size("cb"), 0);
}

#[test]
fn nesting_survives_a_restart() {
    let mut world = World::new();
    let parent = world.batch_with(&["success"], "");
    let child = world.batch_with(&["success"], &parent);
    world.commit(&parent);
    world.restart();
    world.commit(&child);
    world.restart();
    world.run_callback();
    assert_eq!(world.callbacks(&parent), (Absent, Queued));
}

#[test]
fn batches_nest_so_deeply_and_no_deeper() {
    let mut world = World::new();
    let mut bid = world.batch_with(&["success"], "");
    for _ in 0..500 {
        bid = world.batch_with(&["success"], &bid);
    }
    let child = json!({"parent_bid": bid, "success": {"jobtype": "S"}});
    let refusal = world.batch_refused(&format!("NEW {child}"));
    assert!(refusal.ends_with("nest them less deeply"), "{refusal}");
    let free = world.batch_with(&["success"], "");
    let refusal = world.batch_refused(&format!("CHILD {bid} {free}"));
    assert!(refusal.ends_with("nest them less deeply"), "{refusal}");
}
