//! What callbacks look like, and who gets them.

use serde_json::json;
use workmill_store::CallbackState::{Absent, Done, Queued};

use super::committed;
use crate::world::World;

#[test]
fn a_callback_says_whose_it_is_and_what_it_lacks_is_filled_in() {
    let mut world = World::new();
    let parent = world.batch_with(&["success"], "");
    let complete =
        json!({"jobtype": "C", "args": [1], "custom": {"bid": "b-x", "_pbid": "x", "a": 1}});
    let success = json!({"jid": "jid-given", "jobtype": "S", "queue": "cb", "retry": 2, "reserve_for": 99,
        "unknown": [1.0]});
    let new = json!({"complete": complete, "success": success, "parent_bid": parent});
    let bid = world.new_batch(&new);
    world.commit(&bid);
    let complete = world.fetch(&["default"], "w").payload;
    assert_eq!(
        complete["custom"],
        json!({"a": 1, "_bid": bid, "_cb": "complete", "_pbid": parent})
    );
    assert_eq!(complete["retry"], 25);
    assert_eq!(complete["args"], json!([1]));
    let jid = complete["jid"].as_str().unwrap();
    assert!(jid.len() >= 8, "{jid}");
    assert!(complete["created_at"].is_string());
    world.ack(jid, "w");
    let success = world.run_callback();
    assert_eq!(success["jid"], "jid-given");
    assert_eq!(
        success["custom"],
        json!({"_bid": bid, "_cb": "success", "_pbid": parent})
    );
    let others = (
        &success["retry"],
        &success["reserve_for"],
        &success["unknown"],
    );
    assert_eq!(others, (&json!(2), &json!(99), &json!([1.0])));
}

#[test]
fn callbacks_of_several_batches_have_ids_of_their_own() {
    let mut world = World::new();
    let jids: std::collections::BTreeSet<String> = (0..20)
        .map(|_| {
            committed(&mut world, &["success"], &[]);
            world.run_callback()["jid"].as_str().unwrap().to_owned()
        })
        .collect();
    assert_eq!(jids.len(), 20);
}

#[test]
fn a_callback_has_no_parent_if_its_batch_has_none() {
    let mut world = World::new();
    let bid = committed(&mut world, &["success"], &[]);
    let custom = world.run_callback()["custom"].clone();
    assert_eq!(custom, json!({"_bid": bid, "_cb": "success"}));
}

#[test]
fn a_callback_for_later_waits_for_its_time() {
    let mut world = World::new();
    let at = world.now.plus_secs(30).to_string();
    let success = json!({"jobtype": "S", "queue": "cb", "at": at});
    let bid = world.new_batch(&json!({ "success": success }));
    world.commit(&bid);
    assert_eq!(world.totals().scheduled, 1);
    assert_eq!(world.callbacks(&bid), (Absent, Queued));
    world.pass(30);
    world.run_callback();
    assert_eq!(world.callbacks(&bid), (Absent, Done));
}

#[test]
fn a_callback_that_could_not_be_pushed_is_refused_with_its_batch() {
    let mut world = World::new();
    for custom in [json!({"expires_in": "soon"}), json!({"retry_delays": []})] {
        let new = json!({"success": {"jobtype": "S", "custom": custom}});
        world.batch_refused(&format!("NEW {new}"));
    }
    let unique = json!({"unique_for": 600, "bid": "b-nonsense"});
    for _ in 0..2 {
        let success = json!({"jobtype": "S", "queue": "cb", "custom": unique});
        let bid = world.new_batch(&json!({ "success": success }));
        world.commit(&bid);
    }
    assert_eq!(world.size("cb"), 2, "callbacks are not held to be unique");
}

#[test]
fn whoever_waits_gets_the_callback_in_the_group_of_the_last_ack() {
    let mut world = World::new();
    let waiting = world.wait(&["cb"], "w2");
    committed(&mut world, &["success"], &["jid-00001"]);
    world.perform("q");
    assert_eq!(world.served(waiting).payload["jobtype"], "success");
}

/// The only member of a committed batch has expired, in a queue that is paused.
fn world_of_one_expired() -> World {
    let mut world = World::new();
    let bid = world.batch_with(&["success"], "");
    let custom = json!({"bid": bid, "expires_in": 1});
    world.push("jid-00001", "q", json!({ "custom": custom }));
    world.commit(&bid);
    world.queue("PAUSE q");
    world.pass(1);
    world
}

#[test]
fn whoever_waits_gets_the_callback_that_an_expired_member_sets_free() {
    let mut world = world_of_one_expired();
    let first = world.wait(&["cb"], "w1");
    let second = world.wait(&["q"], "w2");
    world.queue("RESUME q");
    assert_eq!(world.served(first).payload["jobtype"], "success");
    assert!(world.answer(second).is_none());
}

#[test]
fn a_fetch_gets_the_callback_that_it_sets_free_itself() {
    let mut world = world_of_one_expired();
    world.queue("RESUME q");
    let fetched = world.fetch(&["cb", "q"], "w");
    assert_eq!(fetched.payload["jobtype"], "success");
}
