//! What is kept of the attempts at a job that went wrong.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use workmill_engine::{Change, Duty, Fail, Op, OperationId, Outcome, Rules};
use workmill_proto::{Command, MutationVerb, SetName, parse_command};
use workmill_store::reading::Bounds;
use workmill_store::{Attempt, JobRecord, Operator, Place, Reading as _};

use crate::world::{World, change_op, queue, requeue_op};

const JID: &str = "jid-00001";

fn record(world: &World) -> JobRecord {
    let found = world.reader().find_jobs(JID, None, Bounds::of_rows(10));
    let mut found = found.unwrap().items;
    assert_eq!(found.len(), 1, "{found:?}");
    found.remove(0).1.job.unwrap()
}

fn attempts(world: &World) -> Vec<Attempt> {
    record(world).attempts.read().unwrap()
}

/// The error of each attempt as it is kept with it, the latest first.
fn errors(world: &World) -> Vec<Option<String>> {
    let attempts = attempts(world).into_iter();
    attempts
        .map(|attempt| attempt.error.map(|error| error.message.into()))
        .collect()
}

fn fail_with(world: &mut World, message: &str, backtrace: &[String]) {
    let line = json!({"jid": JID, "errtype": "Boom", "message": message, "backtrace": backtrace});
    let Command::Fail(report) = parse_command(format!("FAIL {line}").as_bytes()).unwrap() else {
        panic!("no FAIL");
    };
    let wid = "w".into();
    world.ok(Op::Fail(Arc::new(Fail { report, wid })));
}

/// Pushes a job that is tried again after a second each time.
fn push(world: &mut World, more: Value) {
    let mut payload = json!({"custom": {"retry_delays": [1]}, "retry": 1_000});
    let members = more.as_object().unwrap().clone();
    payload.as_object_mut().unwrap().extend(members);
    world.push(JID, "q", payload);
}

/// Tries a job once more, without success.
fn attempt(world: &mut World, message: &str) {
    world.fetch(&["q"], "w");
    fail_with(world, message, &[]);
    world.pass(2);
}

#[test]
fn a_job_that_never_failed_has_none() {
    let mut world = World::new();
    push(&mut world, json!({}));
    world.fetch(&["q"], "w");
    assert!(record(&world).attempts.is_empty());
}

#[test]
fn an_attempt_tells_when_who_and_when_next() {
    let mut world = World::new();
    push(&mut world, json!({"custom": {"retry_delays": [40]}}));
    let began_at = world.now;
    world.fetch(&["q"], "w");
    world.pass(7);
    world.fail(JID, "w");
    let attempts = attempts(&world);
    let expected = Attempt {
        ended_at: began_at.plus_secs(7),
        took: Duration::from_secs(7),
        wid: "w".into(),
        retry_after_secs: Some(40),
        error: None,
    };
    assert_eq!(attempts, [expected]);
    assert_eq!(attempts[0].began_at(), began_at);
}

#[test]
fn how_long_it_took_does_not_depend_on_the_wall_clock() {
    let mut world = World::new();
    push(&mut world, json!({}));
    world.fetch(&["q"], "w");
    world.clock_set_secs = -3_600;
    world.pass(7);
    world.fail(JID, "w");
    assert_eq!(attempts(&world)[0].took, Duration::from_secs(7));
    assert_eq!(attempts(&world)[0].ended_at, world.wall());
}

#[test]
fn the_error_of_an_earlier_attempt_is_kept_if_it_was_another() {
    let mut world = World::new();
    push(&mut world, json!({}));
    for message in ["one", "two", "two", "three"] {
        attempt(&mut world, message);
    }
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(errors(&world), [None, text("two"), None, text("one")]);
}

#[test]
fn workers_get_the_same_payload_with_and_without() {
    let payload = |attempts_max| {
        let mut world = World::with_rules(Rules {
            attempts_max,
            ..Rules::default()
        });
        push(&mut world, json!({}));
        for message in ["one", "two"] {
            attempt(&mut world, message);
        }
        world.fetch(&["q"], "w").payload
    };
    assert_eq!(payload(0), payload(25));
}

#[test]
fn the_latest_ones_are_kept() {
    let mut world = World::with_rules(Rules {
        attempts_max: 3,
        ..Rules::default()
    });
    push(&mut world, json!({}));
    for number in 0..5 {
        attempt(&mut world, &format!("error {number}"));
    }
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(errors(&world), [None, text("error 3"), text("error 2")]);
    assert_eq!(record(&world).failure_count, 5);
}

#[test]
fn none_are_kept_if_that_is_off() {
    let mut world = World::new();
    push(&mut world, json!({}));
    attempt(&mut world, "one");
    world.set_rules(Rules {
        attempts_max: 0,
        ..Rules::default()
    });
    attempt(&mut world, "two");
    assert!(record(&world).attempts.is_empty());
}

#[test]
fn many_large_errors_take_a_bounded_number_of_bytes() {
    let mut world = World::with_rules(Rules {
        attempts_max: 1_000,
        ..Rules::default()
    });
    push(&mut world, json!({}));
    for number in 0..60 {
        let lines: Vec<String> = (0..50)
            .map(|line| format!("{number} {line} {}", "x".repeat(900)))
            .collect();
        world.fetch(&["q"], "w");
        fail_with(&mut world, &format!("{number} {}", "y".repeat(900)), &lines);
        world.pass(2);
    }
    let kept = record(&world).attempts;
    assert!(kept.bytes() <= 16 << 10, "{}", kept.bytes());
    let attempts = kept.read().unwrap();
    assert!(attempts.len() > 10, "{}", attempts.len());
    let errors: Vec<_> = attempts.iter().filter_map(|it| it.error.as_ref()).collect();
    let newest = errors.first().unwrap();
    assert!(newest.message.starts_with("58 "), "{}", newest.message);
    assert!(newest.is_cut && newest.backtrace.contains("58 1 "));
    let oldest = errors.last().unwrap();
    assert!(oldest.is_cut && oldest.backtrace.is_empty());
}

#[test]
fn an_expired_reservation_is_an_attempt() {
    let mut world = World::new();
    push(&mut world, json!({"reserve_for": 60}));
    world.fetch(&["q"], "w");
    world.pass(61);
    let attempts = attempts(&world);
    assert_eq!((attempts.len(), &*attempts[0].wid), (1, "w"));
    assert!(attempts[0].took >= Duration::from_secs(60));
}

#[test]
fn the_loss_of_the_last_worker_is_an_attempt() {
    let mut world = World::new();
    push(&mut world, json!({}));
    for _ in 0..3 {
        world.fetch(&["q"], "w");
        world.pass(61);
        world.tick(Duty::RecoverLost {
            alive: Arc::default(),
        });
    }
    assert_eq!(world.totals().dead, 1);
    let attempts = attempts(&world);
    assert_eq!((attempts.len(), attempts[0].retry_after_secs), (1, None));
}

#[test]
fn what_a_job_dies_of_is_an_attempt_without_a_retry() {
    let mut world = World::new();
    push(&mut world, json!({"retry": -1}));
    attempt(&mut world, "one");
    assert_eq!(world.totals().dead, 1);
    assert_eq!(attempts(&world)[0].retry_after_secs, None);
}

#[test]
fn they_stay_with_the_job_wherever_it_goes() {
    let mut world = World::new();
    push(&mut world, json!({}));
    attempt(&mut world, "one");
    attempt(&mut world, "two");
    let before = attempts(&world);
    world.fetch(&["q"], "w");
    world.ok(requeue_op(JID, "w"));
    assert_eq!(attempts(&world), before, "requeued");
    world.ok(change_op(MutationVerb::Kill, queue("q"), None));
    assert_eq!(attempts(&world), before, "killed");
    world.restart();
    assert_eq!(attempts(&world), before, "after a restart");
    world.ok(change_op(
        MutationVerb::Requeue,
        Place::Set(SetName::Dead),
        None,
    ));
    assert_eq!(attempts(&world), before, "retried");
}

#[test]
fn they_come_back_with_a_job_whose_deletion_is_undone() {
    let mut world = World::new();
    push(&mut world, json!({}));
    attempt(&mut world, "one");
    let before = attempts(&world);
    let by = Arc::new(Operator::new("anna", "operator", "10.0.0.7"));
    world.ok(change_op(MutationVerb::Discard, queue("q"), None).by(&by));
    assert_eq!(world.size("q"), 0);
    let op = Op::operate(OperationId(1), Change::undo_of(1)).by(&by);
    let undone = world.run(op);
    assert!(matches!(undone, Outcome::Operations(_)), "{undone:?}");
    assert_eq!(attempts(&world), before);
}
