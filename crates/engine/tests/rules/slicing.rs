//! What is long runs in slices, so that others are served between them.

use serde_json::json;
use workmill_engine::{Duty, Op, Request};

use crate::world::{World, fetch_op};

#[test]
fn a_slice_of_a_promotion_leaves_room_for_others() {
    let mut world = World::new();
    let at = world.now.plus_secs(1).to_string();
    for index in 0..3_000 {
        world.push(&format!("job-{index:06}"), "slow", json!({ "at": at }));
    }
    world.push("jid-quick", "quick", json!({}));
    world.now = world.now.plus_secs(2);
    let ticket = world.next_ticket();
    let rest = world.slice(&[Request {
        ticket,
        op: Op::Tick(Duty::Promote),
    }]);
    assert_eq!(rest.len(), 1);
    assert!(world.answer(ticket).is_none(), "it is not finished");
    let other = world.next_ticket();
    let mut next = rest;
    next.push(Request {
        ticket: other,
        op: fetch_op(&["quick"], "w"),
    });
    world.slice(&next);
    assert_eq!(world.take_job(other).unwrap().jid(), "jid-quick");
}

#[test]
fn a_million_rows_are_flushed_by_a_mark_and_swept_in_slices() {
    let mut world = World::new();
    for index in 0..5_000 {
        world.push(&format!("job-{index:06}"), "q", json!({}));
    }
    world.ok(Op::Flush);
    let ticket = world.next_ticket();
    let mut rest = world.slice(&[Request {
        ticket,
        op: Op::Tick(Duty::Sweep),
    }]);
    let mut slices = 1;
    while !rest.is_empty() {
        rest = world.slice(&rest);
        slices += 1;
    }
    assert!(slices > 2, "{slices} slices");
    assert!(world.answer(ticket).is_some());
}
