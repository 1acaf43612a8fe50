use workmill_engine::FetchedJob;
use workmill_proto::{SteadyTime, Timestamp};
use workmill_store::JobKey;

use super::*;

fn numbers(frame: &ToLeader) -> Vec<u64> {
    match frame {
        ToLeader::Ops(ops) => ops.iter().map(|(number, _)| number.0).collect(),
        ToLeader::Settled(numbers) | ToLeader::InOrder(numbers) => {
            numbers.iter().map(|number| number.0).collect()
        }
        ToLeader::Hello { open, .. } => open.iter().map(|number| number.0).collect(),
        ToLeader::Forget(number) => vec![number.0],
        ToLeader::Alive(_) | ToLeader::Latencies { .. } | ToLeader::Ping => Vec::new(),
    }
}

fn tag() -> DeliveryTag {
    DeliveryTag {
        key: JobKey(1),
        reserved_at: SteadyTime::from_micros(0),
    }
}

fn job() -> Outcome {
    Outcome::Job(Box::new(FetchedJob {
        tag: tag(),
        body: Vec::new(),
        enqueued_at_index: 0,
        enqueued_at: Timestamp::default(),
    }))
}

/// How many of these answers are new.
fn answer(forwarder: &mut Forwarder, answers: Vec<(OpNumber, Outcome)>) -> usize {
    match forwarder.receive(FromLeader::Answers(answers)) {
        Received::Answers(new) => new.len(),
        Received::Forgotten => panic!("it is known"),
    }
}

#[test]
fn what_has_no_answer_is_said_again_on_a_new_link() {
    let mut forwarder = Forwarder::new(ServerId(5));
    for _ in 0..3 {
        forwarder.submit(Op::Flush);
    }
    assert_eq!(answer(&mut forwarder, vec![(OpNumber(2), Outcome::Ok)]), 1);
    let said = forwarder.greet();
    assert_eq!(
        said.iter().map(numbers).collect::<Vec<_>>(),
        [[1, 3], [1, 3]]
    );
    assert_eq!(forwarder.unanswered(), 2);
}

#[test]
fn answer_that_comes_twice_counts_once() {
    let mut forwarder = Forwarder::new(ServerId(5));
    let (number, _) = forwarder.submit(Op::Flush);
    let twice = vec![(number, Outcome::Ok), (number, Outcome::Ok)];
    assert_eq!(answer(&mut forwarder, twice), 1);
    assert_eq!(numbers(&forwarder.settled().unwrap()), [1]);
    assert!(forwarder.settled().is_none());
}

#[test]
fn job_is_settled_when_it_is_delivered() {
    let mut forwarder = Forwarder::new(ServerId(5));
    let (fetch, _) = forwarder.submit(Op::Flush);
    assert_eq!(answer(&mut forwarder, vec![(fetch, job())]), 1);
    assert!(forwarder.settled().is_none(), "it is on its way");
    assert_eq!(numbers(&forwarder.greet()[0]), [1], "and still open");
    forwarder.delivered(fetch);
    assert_eq!(numbers(&forwarder.settled().unwrap()), [1]);
}

#[test]
fn job_that_is_returned_is_settled_when_that_is_done() {
    let mut forwarder = Forwarder::new(ServerId(5));
    let (fetch, _) = forwarder.submit(Op::Flush);
    answer(&mut forwarder, vec![(fetch, job())]);
    let return_number = numbers(&forwarder.returned(fetch, tag()))[0];
    assert!(forwarder.settled().is_none(), "it may not be done");
    let done = vec![(OpNumber(return_number), Outcome::Ok)];
    assert_eq!(answer(&mut forwarder, done), 0, "nobody waits for it");
    let settled = numbers(&forwarder.settled().unwrap());
    assert_eq!(settled, [return_number, fetch.0]);
}
