use std::sync::Arc;

use workmill_proto::{
    Bid, CustomReading, FailReport, Job, Mutation, MutationVerb, SetName, SteadyTime, Timestamp,
    TrackUpdate,
};
use workmill_store::JobKey;

use super::*;
use crate::makers::ClientId;
use crate::op::{
    Ack, DeliveryTag, Fail, Fetch, NewBatch, OperationsOp, Requeue, ServerId, Ticket, TrackOp,
};

fn check(op: Op, weight: usize, rank: Option<Rank>, barrier: Barrier) {
    let expected = OpTraits {
        weight,
        rank,
        barrier,
    };
    assert_eq!(op.traits(), expected, "{op:?}");
}

fn job() -> Job {
    Job::parse(br#"{"jid":"job-0001","jobtype":"T","args":[]}"#).unwrap()
}

fn bulk(jobs: usize, next_index: usize) -> Op {
    let jobs = (0..jobs).map(|_| Ok(job())).collect();
    let now = Timestamp::default();
    Op::PushBulk(BulkPush {
        next_index,
        ..BulkPush::new(jobs, now, CustomReading::ALL)
    })
}

fn fetch(queues: usize) -> Op {
    Op::Fetch(Fetch {
        queues: vec![String::from("q"); queues].into(),
        wid: "w".into(),
        server: ServerId::LOCAL,
        connection: 0,
    })
}

#[test]
fn jobs_may_be_pushed_and_acknowledged_one_after_the_other_without_a_wait() {
    let push = Op::push(job(), Timestamp::default(), CustomReading::ALL).unwrap();
    check(push, 1, Some(Rank::Push), Barrier::Open);
    let (jid, wid) = (String::from("job-0001"), "w".into());
    let ack = Op::Ack(Ack { jid, wid });
    check(ack, 1, Some(Rank::Ack), Barrier::Open);
}

#[test]
fn nothing_overtakes_a_fail_and_a_requeue_which_may_be_postponed() {
    let report = FailReport {
        jid: String::from("job-0001"),
        errtype: String::new(),
        message: String::new(),
        backtrace: Vec::new(),
    };
    let wid: Arc<str> = "w".into();
    let fail = Fail {
        report,
        wid: Arc::clone(&wid),
    };
    check(
        Op::Fail(fail.into()),
        1,
        Some(Rank::Fail),
        Barrier::Answered,
    );
    let jid = String::from("job-0001");
    let requeue = Op::Requeue(Requeue { jid, wid });
    check(requeue, 1, None, Barrier::Answered);
}

#[test]
fn bulk_push_weighs_what_is_left_of_it_up_to_a_slice() {
    check(bulk(3, 0), 3, None, Barrier::Sliced);
    check(bulk(3, 2), 1, None, Barrier::Sliced);
    check(bulk(3, 4), 0, None, Barrier::Sliced);
    check(bulk(1_001, 0), 1_000, None, Barrier::Sliced);
}

#[test]
fn fetch_weighs_more_the_more_queues_it_names() {
    for (queues, weight) in [(1, 1), (7, 1), (8, 2), (80, 11)] {
        check(fetch(queues), weight, Some(Rank::Fetch), Barrier::Parked);
    }
}

#[test]
fn what_is_asked_about_features_is_answered_before_the_next_command() {
    let bid = Bid { id: 1, check: 2 };
    let new = NewBatch {
        description: String::new(),
        parent: None,
        complete: None,
        success: None,
    };
    let child = BatchOp::Child {
        parent: bid,
        child: bid,
    };
    for batch in [
        BatchOp::New(new),
        BatchOp::Open(bid),
        BatchOp::Commit(bid),
        child,
    ] {
        check(Op::Batch(batch.into()), 20, None, Barrier::Open);
    }
    let status = Op::Batch(BatchOp::Status(bid).into());
    check(status, 20, None, Barrier::Answered);

    let track = |command| {
        let wid = "w".into();
        Op::Track(TrackOp { command, wid }.into())
    };
    let set = TrackCommand::Set(TrackUpdate {
        jid: String::from("job-0001"),
        percent: None,
        desc: None,
        reserve_until: None,
    });
    check(track(set), 1, None, Barrier::Open);
    let get = TrackCommand::Get(String::from("job-0001"));
    check(track(get), 1, None, Barrier::Answered);
}

#[test]
fn commands_about_queues_weigh_what_they_name() {
    let queue = |command| Op::Queue(Arc::new(command), ClientId::default());
    let named = || QueueSelection::Named(vec![String::from("q"); 3]);
    for selected in [
        QueueCommand::Pause,
        QueueCommand::Resume,
        QueueCommand::Remove,
    ] {
        check(queue(selected(named())), 4, None, Barrier::Open);
        let all = queue(selected(QueueSelection::All));
        check(all, 1_001, None, Barrier::Open);
    }
}

#[test]
fn commands_about_all_jobs_are_weighed_by_what_they_look_at() {
    let mutation = Mutation {
        verb: MutationVerb::Kill,
        target: SetName::Retries,
        filter: None,
    };
    check(Op::mutate(mutation), 1_000, None, Barrier::Sliced);
    check(Op::Operations(OperationsOp::List), 1, None, Barrier::Open);
    check(Op::Flush, 1, None, Barrier::Open);
    check(Op::Info, 50, Some(Rank::Info), Barrier::Answered);
}

#[test]
fn what_the_server_asks_for_itself() {
    let tag = DeliveryTag {
        key: JobKey(1),
        reserved_at: SteadyTime::from_micros(1),
    };
    check(Op::Nack(vec![tag; 7]), 7, None, Barrier::Open);
    check(Op::Forget(Ticket(1)), 1, None, Barrier::Open);
    check(Op::Drain(ServerId::LOCAL), 1, None, Barrier::Open);
    let lost = Duty::RecoverLost {
        alive: Arc::default(),
    };
    for (duty, weight) in [
        (Duty::Promote, 1_000),
        (Duty::RetryCarefully, 1_000),
        (Duty::Purge, 1_000),
        (Duty::Sweep, 1_000),
        (Duty::ExpireReservations, 250),
        (lost, 250),
        (Duty::FireCron(Arc::default()), 250),
        (Duty::KeepClocks, 1),
    ] {
        check(Op::Tick(duty), weight, None, Barrier::Open);
    }
}

#[test]
fn ranks_are_in_their_order() {
    let ranks = [Rank::Ack, Rank::Push, Rank::Fail, Rank::Fetch, Rank::Info];
    assert!(ranks.is_sorted());
}
