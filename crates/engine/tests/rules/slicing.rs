//! What is long runs in slices, so that others are served between them.

use std::sync::Arc;

use serde_json::json;
use workmill_engine::{Duty, Op, Request, Throttle};

use crate::world::{World, fetch_op, requeue_op, throttled};

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
fn a_group_hands_out_few_large_jobs_and_the_next_goes_on() {
    let mut world = World::new();
    let large = "x".repeat(3 << 20);
    for index in 0..5 {
        world.push(&format!("job-{index:06}"), "q", json!({ "args": [large] }));
    }
    let requests: Vec<Request> = [["q"], ["q"], ["q"], ["other"], ["q"], ["q"]]
        .iter()
        .map(|queues| Request {
            ticket: world.next_ticket(),
            op: fetch_op(queues, "w"),
        })
        .collect();
    let mut served = Vec::new();
    let mut group: &[Request] = &requests;
    for _ in 0..4 {
        world.slice(group);
        group = &[];
        served.push(
            requests
                .iter()
                .filter_map(|request| world.take_job(request.ticket))
                .map(|job| job.jid().to_owned())
                .collect::<Vec<_>>(),
        );
        let goes_on = world.next_deadline() == Some(world.now);
        assert_eq!(
            goes_on,
            served.concat().len() < 5,
            "at once, until all are served"
        );
    }
    let expected: [&[&str]; 4] = [
        &["job-000000", "job-000001"],
        &["job-000002", "job-000003"],
        &["job-000004"],
        &[],
    ];
    assert_eq!(served, expected);
}

#[test]
fn a_throttled_queue_hands_out_few_large_jobs_in_a_group() {
    let mut world = World::with_rules(throttled(Throttle {
        concurrency: Some(9),
        ..Throttle::default()
    }));
    let large = "x".repeat(5 << 20);
    for index in 0..2 {
        world.push(&format!("job-{index:06}"), "q", json!({ "args": [large] }));
    }
    let requests = [(); 2].map(|()| Request {
        ticket: world.next_ticket(),
        op: fetch_op(&["q"], "w"),
    });
    world.slice(&requests);
    let [first, second] = requests.map(|request| request.ticket);
    assert_eq!(world.take_job(first).unwrap().jid(), "job-000000");
    assert!(world.take_job(second).is_none());
    world.slice(&[]);
    assert_eq!(world.take_job(second).unwrap().jid(), "job-000001");
}

/// A world in which the worker `w` has four large jobs, of which a group may rewrite two.
fn world_with_large_jobs_held() -> World {
    let mut world = World::new();
    let large = "x".repeat(3 << 20);
    for index in 0..4 {
        let jid = format!("job-{index:06}");
        world.push(&jid, "q", json!({"args": [large], "reserve_for": 90}));
        world.fetch(&["q"], "w");
    }
    world
}

/// Asserts that two groups do what is asked, half each, and that whoever asks something small is answered by the first.
fn assert_done_in_halves(world: &mut World, ops: Vec<Op>) {
    let small =
        world.push_op(&json!({"jid": "jid-small", "queue": "s", "jobtype": "T", "args": []}));
    let requests: Vec<Request> = ops
        .into_iter()
        .chain([small])
        .map(|op| Request {
            ticket: world.next_ticket(),
            op,
        })
        .collect();
    let rest = world.slice(&requests);
    assert_eq!(world.totals().working, 2, "half of it is done");
    let [.., small] = &requests[..] else { panic!() };
    assert!(world.answer(small.ticket).is_some());
    assert_eq!(world.slice(&rest).len(), 0);
    assert_eq!(world.totals().working, 0);
}

#[test]
fn a_group_writes_few_large_jobs_anew_that_fail() {
    let mut world = world_with_large_jobs_held();
    let fail = |index| World::fail_op(&format!("job-{index:06}"), "w");
    assert_done_in_halves(&mut world, (0..4).map(fail).collect());
    assert_eq!(world.totals().retries, 4);
}

#[test]
fn a_group_writes_few_large_jobs_anew_that_are_requeued() {
    let mut world = world_with_large_jobs_held();
    let requeue = |index| requeue_op(&format!("job-{index:06}"), "w");
    assert_done_in_halves(&mut world, (0..4).map(requeue).collect());
    assert_eq!(world.size("q"), 4);
}

#[test]
fn a_group_writes_few_large_jobs_anew_whose_reservations_end() {
    let mut world = world_with_large_jobs_held();
    world.pass(89);
    world.now = world.now.plus_secs(1);
    let ticket = world.next_ticket();
    let mut rest = vec![Request {
        ticket,
        op: Op::Tick(Duty::ExpireReservations),
    }];
    for left in [2, 0] {
        rest = world.slice(&rest);
        assert_eq!(world.totals().working, left);
    }
}

#[test]
fn a_group_writes_few_large_jobs_anew_that_lost_their_worker() {
    let mut world = world_with_large_jobs_held();
    world.pass(60);
    let ticket = world.next_ticket();
    let mut rest = vec![Request {
        ticket,
        op: Op::Tick(Duty::RecoverLost {
            alive: Arc::default(),
        }),
    }];
    for left in [2, 0] {
        rest = world.slice(&rest);
        assert_eq!(world.totals().working, left);
    }
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
