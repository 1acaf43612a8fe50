//! FETCHes that wait, and callbacks that become due while others are served.

use serde_json::json;
use workmill_engine::{Op, Outcome, Ticket};
use workmill_proto::{Command, parse_command};

use crate::world::{World, fetch_op};

#[test]
fn a_callback_that_a_dropped_job_brings_is_not_kept_from_those_who_were_looked_at_before() {
    let mut world = World::new();
    let first = world.group(vec![fetch_op(&["callbacks"], "w1")])[0];
    let second = world.group(vec![fetch_op(&["jobs"], "w2")])[0];
    let ops = batch_of_one_expired(&mut world);
    world.group(ops);
    assert_got_the_callback(&mut world, first);
    assert!(world.answer(second).is_none());
}

#[test]
fn a_callback_goes_to_the_fetch_that_dropped_the_last_job_before_it() {
    let mut world = World::new();
    let ops = batch_of_one_expired(&mut world);
    world.group(ops);
    let waiting = world.group(vec![fetch_op(&["callbacks", "jobs"], "w1")])[0];
    assert_got_the_callback(&mut world, waiting);
}

#[test]
fn a_callback_goes_to_the_waiting_fetch_that_dropped_the_last_job_before_it() {
    let mut world = World::new();
    let waiting = world.group(vec![fetch_op(&["callbacks", "jobs"], "w1")])[0];
    let ops = batch_of_one_expired(&mut world);
    world.group(ops);
    assert_got_the_callback(&mut world, waiting);
}

/// Pushes the only member of a batch, which has expired, and commits the batch.
fn batch_of_one_expired(world: &mut World) -> Vec<Op> {
    let complete = json!({"jid": "callback-1", "jobtype": "C", "queue": "callbacks"});
    let new = batch_op(world, &format!("NEW {}", json!({"complete": complete})));
    let Outcome::Bid(bid) = world.run(new) else {
        panic!("no batch was made");
    };
    let expires_at = world.now.plus_secs(-1).to_string();
    let member = json!({
        "jid": "member-1", "jobtype": "T", "queue": "jobs", "args": [],
        "custom": {"bid": bid.to_string(), "expires_at": expires_at},
    });
    let commit = batch_op(world, &format!("COMMIT {bid}"));
    vec![world.push_op(&member), commit]
}

fn batch_op(world: &World, words: &str) -> Op {
    match parse_command(format!("BATCH {words}").as_bytes()).unwrap() {
        Command::Batch(command) => Op::batch(command, world.now).unwrap(),
        other => panic!("{other:?}"),
    }
}

fn assert_got_the_callback(world: &mut World, ticket: Ticket) {
    let fetched = world.take_job(ticket);
    assert_eq!(fetched.expect("it is served at once").jid(), "callback-1");
}
