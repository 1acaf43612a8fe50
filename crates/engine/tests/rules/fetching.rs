//! FETCH, and the FETCHes that wait.

use serde_json::json;
use workmill_engine::{Op, Outcome, ServerId};

use crate::world::{World, fetch_op};

#[test]
fn the_left_most_queue_with_something_wins() {
    let mut world = World::new();
    world.push("jid-in-b-1", "b", json!({}));
    world.push("jid-in-c-1", "c", json!({}));
    world.push("jid-in-a-1", "a", json!({}));
    let order: Vec<String> = (0..3)
        .map(|_| world.fetch(&["a", "b", "c"], "w").jid().to_owned())
        .collect();
    assert_eq!(order, ["jid-in-a-1", "jid-in-b-1", "jid-in-c-1"]);
}

#[test]
fn whoever_waits_longest_is_served_first_in_the_group_of_the_push() {
    let mut world = World::new();
    let first = world.try_fetch(&["x", "q"], "w1").unwrap_err();
    let second = world.try_fetch(&["q"], "w2").unwrap_err();
    let payload = json!({"jid": "jid-00001", "queue": "q", "jobtype": "T", "args": []});
    let push = world.push_op(&payload);
    let tickets = world.group(vec![push, fetch_op(&["q"], "late")]);
    assert_eq!(world.take_job(first).unwrap().jid(), "jid-00001");
    assert!(world.answer(second).is_none());
    assert!(world.answer(tickets[1]).is_none());
    world.push("jid-00002", "q", json!({}));
    assert_eq!(world.take_job(second).unwrap().jid(), "jid-00002");
}

#[test]
fn a_waiting_fetch_is_answered_nothing_in_time() {
    let mut world = World::new();
    world.assert_nothing(&["q", "other"]);
    world.push("jid-00001", "q", json!({}));
    assert_eq!(world.size("q"), 1, "nobody waits any more");
}

#[test]
fn several_waiting_fetches_are_served_by_one_group() {
    let mut world = World::new();
    let waiting: Vec<_> = (0..3)
        .map(|_| world.try_fetch(&["q"], "w").unwrap_err())
        .collect();
    let pushes = (0..2)
        .map(|index| {
            let jid = format!("job-{index:06}");
            world.push_op(&json!({"jid": jid, "queue": "q", "jobtype": "T", "args": []}))
        })
        .collect();
    world.group(pushes);
    assert_eq!(world.take_job(waiting[0]).unwrap().jid(), "job-000000");
    assert_eq!(world.take_job(waiting[1]).unwrap().jid(), "job-000001");
    assert!(world.answer(waiting[2]).is_none());
}

#[test]
fn a_fetch_whose_client_left_takes_no_job() {
    let mut world = World::new();
    let gone = world.try_fetch(&["q"], "w").unwrap_err();
    world.ok(Op::Forget(gone));
    assert!(matches!(world.answer(gone), Some(Outcome::Nothing)));
    world.push("jid-00001", "q", json!({}));
    assert_eq!(world.size("q"), 1);
}

#[test]
fn an_undelivered_job_goes_back_to_its_place_and_to_whoever_waits() {
    let mut world = World::new();
    for jid in ["jid-00001", "jid-00002", "jid-00003"] {
        world.push(jid, "q", json!({}));
    }
    let first = world.fetch(&["q"], "w1");
    let second = world.fetch(&["q"], "w2");
    world.ok(Op::Nack(vec![second.tag, first.tag]));
    assert_eq!(world.size("q"), 3);
    assert_eq!(world.fetch(&["q"], "w").jid(), "jid-00001");
    assert_eq!(world.fetch(&["q"], "w").jid(), "jid-00002");
    assert_eq!(world.fetch(&["q"], "w").jid(), "jid-00003");
    let waiting = world.try_fetch(&["q"], "w4").unwrap_err();
    world.push("jid-00004", "q", json!({}));
    let fourth = world.take_job(waiting).unwrap();
    let waiting = world.try_fetch(&["q"], "w5").unwrap_err();
    world.ok(Op::Nack(vec![fourth.tag]));
    assert_eq!(world.take_job(waiting).unwrap().jid(), "jid-00004");
}

#[test]
fn a_late_return_does_not_take_a_job_from_its_next_worker() {
    let mut world = World::new();
    world.push("jid-00001", "q", json!({}));
    let first = world.fetch(&["q"], "w1");
    world.ok(Op::Nack(vec![first.tag]));
    world.now = world.now.plus_secs(1);
    world.fetch(&["q"], "w2");
    world.ok(Op::Nack(vec![first.tag]));
    assert_eq!(world.size("q"), 0);
    assert_eq!(world.totals().working, 1);
}

#[test]
fn a_group_that_never_happened_leaves_the_waiting_fetches_waiting() {
    let mut world = World::new();
    let waiting = world.try_fetch(&["q"], "w").unwrap_err();
    let payload = json!({"jid": "jid-00001", "queue": "q", "jobtype": "T", "args": []});
    let ticket = world.next_ticket();
    let request = workmill_engine::Request {
        ticket,
        op: world.push_op(&payload),
    };
    world
        .try_slice(std::slice::from_ref(&request), false)
        .unwrap();
    assert_eq!(world.totals().working, 0);
    world.slice(&[request]);
    assert_eq!(world.take_job(waiting).unwrap().jid(), "jid-00001");
}

#[test]
fn fetches_that_list_too_many_queues_together_are_refused() {
    let mut world = World::new();
    let queues: Vec<String> = (0..100_000).map(|index| format!("queue-{index}")).collect();
    let queues: Vec<&str> = queues.iter().map(String::as_str).collect();
    for _ in 0..5 {
        world.try_fetch(&queues, "w").unwrap_err();
    }
    let text = world.refused(fetch_op(&["q"], "w"));
    assert!(text.starts_with("too many FETCHes wait"), "{text}");
    world.push("jid-00001", "q", json!({}));
    assert_eq!(
        world.fetch(&["q"], "w").jid(),
        "jid-00001",
        "what is there is given"
    );
}

#[test]
fn a_stopping_server_sends_its_own_clients_away_and_nobody_else() {
    let other = |queue: &str| {
        let mut fetch = fetch_op(&[queue], "w");
        if let Op::Fetch(fetch) = &mut fetch {
            fetch.server = ServerId(7);
        }
        fetch
    };
    let mut world = World::new();
    let waiting = world.try_fetch(&["q"], "w").unwrap_err();
    let staying = world.group(vec![other("q")])[0];
    world.ok(Op::Drain(ServerId::LOCAL));
    assert!(matches!(world.answer(waiting), Some(Outcome::Nothing)));
    assert!(world.answer(staying).is_none());
    world.push("jid-00001", "q", json!({}));
    assert!(matches!(world.answer(staying), Some(Outcome::Job(_))));
    world.push("jid-00002", "q", json!({}));
    assert!(matches!(world.run(fetch_op(&["q"], "w")), Outcome::Nothing));
    assert!(matches!(world.run(other("q")), Outcome::Job(_)));
}
