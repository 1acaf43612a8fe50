use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use workmill_engine::{
    Ack, BatchOp, BatchReport, BulkPush, DeliveryTag, Fail, Fetch, FetchedJob, InfoReport,
    NewBatch, NewJob, Op, OperationsOp, Outcome, Requeue, ServerId, TrackOp, TrackReport,
    WantedLock,
};
use workmill_proto::{
    Bid, FailReport, Glob, Mutation, MutationFilter, MutationVerb, QueueCommand, QueueSelection,
    RefusedJob, SetName, SteadyTime, Timestamp, TrackCommand, TrackUpdate, WireError,
};
use workmill_store::{
    Attempts, BatchDetails, BatchState, CallbackState, Features, JobKey, JobRecord, Membership,
    Operator, QueueTotals, Totals, Track, TrackState,
};

use super::*;
use crate::frame::{Epoch, FromLeader, OpNumber, ToLeader};

const BID: Bid = Bid { id: 3, check: 77 };

fn tag() -> DeliveryTag {
    DeliveryTag {
        key: JobKey(5),
        reserved_at: SteadyTime::from_micros(6),
    }
}

fn job(jid: &str) -> NewJob {
    NewJob {
        record: JobRecord {
            jid: jid.into(),
            queue: "q".into(),
            jobtype: "T".into(),
            reserve_for_secs: 1_800,
            enqueued_at: None,
            failure_count: 0,
            recovered_at: Vec::new(),
            failure: None,
            attempts: Attempts::default(),
            features: None,
            body: b"{}".to_vec(),
            enqueued_at_index: 1,
        },
        at: None,
        client: 7,
        lock: None,
    }
}

/// A job with all that a client can ask for.
fn rich_job() -> NewJob {
    let mut job = job("job-0002");
    job.record.features = Some(Box::new(Features {
        expires_at: Some(Timestamp::from_micros(8)),
        lock: None,
        batch: Some(Membership {
            bid: BID,
            failed: false,
        }),
        callback: None,
        cron: None,
        tracked: true,
    }));
    job.at = Some(Timestamp::from_micros(9));
    job.lock = Some(WantedLock {
        key: [4; 32],
        lasts: Duration::from_secs(10),
        until_start: true,
    });
    job
}

fn mutation(filter: Option<MutationFilter>) -> Op {
    Op::mutate(Mutation {
        verb: MutationVerb::Kill,
        target: SetName::Retries,
        filter,
    })
}

/// What clients ask of jobs one by one or in bulk.
fn ops_on_jobs() -> Vec<Op> {
    let error = WireError::err("no");
    let refused = RefusedJob {
        jid: "job-0003".to_owned(),
        error,
    };
    let bulk = BulkPush {
        jobs: vec![Ok(job("job-0001")), Err(refused), Ok(rich_job())].into(),
        next_index: 0,
        refused: Vec::new(),
    };
    let report = FailReport {
        jid: "job-0001".to_owned(),
        errtype: "E".to_owned(),
        message: "m".to_owned(),
        backtrace: vec!["a".to_owned(), "b".to_owned()],
    };
    vec![
        Op::Push(Arc::new(job("job-0001"))),
        Op::Push(Arc::new(rich_job())),
        Op::PushBulk(bulk),
        Op::Fetch(Fetch {
            queues: vec!["q".to_owned(), "r".to_owned()].into(),
            wid: "w".into(),
            server: ServerId(9),
            connection: 4,
        }),
        Op::Ack(Ack {
            jid: "job-0001".to_owned(),
            wid: "w".into(),
        }),
        Op::Fail(Arc::new(Fail {
            report,
            wid: "w".into(),
        })),
        Op::Requeue(Requeue {
            jid: "job-0001".to_owned(),
            wid: "w".into(),
        }),
    ]
}

/// Every op that can be sent.
fn ops() -> Vec<Op> {
    let new = NewBatch {
        description: "d".to_owned(),
        parent: Some(BID),
        complete: Some(b"{}".to_vec()),
        success: None,
    };
    let update = TrackUpdate {
        jid: "job-0001".to_owned(),
        percent: Some(5),
        desc: Some("d".to_owned()),
        reserve_until: Some(Timestamp::from_micros(1)),
    };
    let track = |command| {
        Op::Track(Arc::new(TrackOp {
            command,
            wid: "w".into(),
        }))
    };
    let glob = MutationFilter::Glob {
        glob: Glob::new("*x*").unwrap(),
        pattern: "*x*".to_owned(),
        jobtype: Some("T".to_owned()),
    };
    let pause = QueueCommand::Pause(QueueSelection::Named(vec!["q".to_owned()]));
    let operator = Arc::new(Operator::new("name", "client", "::1"));
    let mut ops = ops_on_jobs();
    ops.extend([
        Op::Batch(Arc::new(BatchOp::New(new))),
        Op::Batch(Arc::new(BatchOp::Open(BID))),
        Op::Batch(Arc::new(BatchOp::Commit(BID))),
        Op::Batch(Arc::new(BatchOp::Status(BID))),
        Op::Batch(Arc::new(BatchOp::Child {
            parent: BID,
            child: Bid { id: 4, check: 1 },
        })),
        track(TrackCommand::Get("job-0001".to_owned())),
        track(TrackCommand::Set(update)),
        mutation(None),
        mutation(Some(glob)),
        mutation(Some(MutationFilter::Jobtype("T".to_owned()))),
        mutation(Some(MutationFilter::Jids(BTreeSet::from([
            "job-0001".to_owned()
        ]))))
        .by(&operator),
        Op::Queue(Arc::new(pause.clone()), 3),
        Op::Queue(Arc::new(QueueCommand::Remove(QueueSelection::All)), 3),
        Op::Queue(Arc::new(pause), 3).by(&operator),
        Op::Flush.by(&operator),
        Op::Flush,
        Op::Info,
        Op::Nack(vec![tag()]),
        Op::Drain(ServerId(9)),
    ]);
    ops
}

/// Every answer that can be sent.
fn outcomes() -> Vec<Outcome> {
    let totals = Totals {
        queues: [(
            "q".to_owned(),
            QueueTotals {
                size: 2,
                paused: true,
            },
        )]
        .into(),
        scheduled: 1,
        working: 3,
        ..Totals::default()
    };
    let state = BatchState {
        complete: CallbackState::Waiting,
        success: CallbackState::Done,
        pending: 3,
        ..BatchState::new(77, SteadyTime::from_micros(2))
    };
    let track = Track {
        state: TrackState::Working,
        percent: Some(3),
        desc: None,
        updated_at: Timestamp::from_micros(4),
        forget_at: Some(SteadyTime::from_micros(5)),
    };
    vec![
        Outcome::Ok,
        Outcome::Job(Box::new(FetchedJob {
            tag: tag(),
            body: b"{}".to_vec(),
            enqueued_at_index: 1,
            enqueued_at: Timestamp::from_micros(2),
        })),
        Outcome::Nothing,
        Outcome::Refusals(vec![("job-0001".to_owned(), WireError::err("no"))]),
        Outcome::Bid(BID),
        Outcome::Batch(Box::new(BatchReport {
            bid: BID,
            parent: Some(BID),
            details: BatchDetails {
                description: "d".to_owned(),
                created_at: Timestamp::from_micros(1),
            },
            state,
        })),
        Outcome::Track(Box::new(TrackReport {
            jid: "job-0001".to_owned(),
            track: Some(track),
        })),
        Outcome::Info(Arc::new(InfoReport {
            totals,
            reply: OnceLock::new(),
        })),
        Outcome::Changed {
            jobs: 3,
            action: Some(4),
        },
        Outcome::Refused(WireError::err("no")),
    ]
}

fn numbered<T>(values: Vec<T>) -> Vec<(OpNumber, T)> {
    (1..).map(OpNumber).zip(values).collect()
}

#[test]
fn what_is_said_to_the_leader_comes_as_it_was() {
    let hello = ToLeader::Hello {
        server: ServerId(9),
        nth: 2,
        registered: true,
        open: vec![OpNumber(4)],
    };
    let latencies = ToLeader::Latencies {
        question: 1,
        queues: vec!["q".to_owned()],
    };
    let frames = [
        hello,
        ToLeader::Ops(numbered(ops())),
        ToLeader::Forget(OpNumber(4)),
        ToLeader::Settled(vec![OpNumber(4), OpNumber(5)]),
        ToLeader::Alive(BTreeSet::from(["w".to_owned()])),
        latencies,
        ToLeader::Ping,
        ToLeader::InOrder(vec![OpNumber(4), OpNumber(5)]),
    ];
    for frame in frames {
        let bytes = write_to_leader(&frame).unwrap();
        let read = read_to_leader(&bytes).unwrap();
        assert_eq!(format!("{read:?}"), format!("{frame:?}"));
    }
}

#[test]
fn what_the_leader_says_comes_as_it_was() {
    let latencies = |seconds| FromLeader::Latencies {
        question: 1,
        seconds,
    };
    let frames = [
        FromLeader::Welcome(Epoch(3)),
        FromLeader::Forgotten,
        FromLeader::Answers(numbered(outcomes())),
        latencies(Ok(vec![0.5])),
        latencies(Err("no".to_owned())),
        FromLeader::Ping,
    ];
    for frame in frames {
        let bytes = write_from_leader(&frame).unwrap();
        let read = read_from_leader(&bytes).unwrap();
        assert_eq!(format!("{read:?}"), format!("{frame:?}"));
    }
}

/// What a server of this version says and hears, as bytes: a change means another [`VERSION`].
#[test]
fn bytes_of_this_version_do_not_change() {
    let digest = |frames: Vec<Vec<u8>>| crc32(&frames.concat());
    let ops = numbered(ops()).into_iter();
    let said = ops.map(|op| write_to_leader(&ToLeader::Ops(vec![op])).unwrap());
    let outcomes = numbered(outcomes()).into_iter();
    let heard =
        outcomes.map(|answer| write_from_leader(&FromLeader::Answers(vec![answer])).unwrap());
    let digests = (digest(said.collect()), digest(heard.collect()));
    assert_eq!((VERSION, digests), (2, (8_625_219, 3_045_685_249)));
}

/// CRC-32 as of zip files, bit by bit.
fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, byte: &u8| {
        let shift = |crc: u32, _| (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg());
        (0..8).fold(crc ^ u32::from(*byte), shift)
    };
    !bytes.iter().fold(u32::MAX, step)
}

#[test]
fn what_no_client_can_ask_for_is_not_sent() {
    let ops = [
        Op::Operations(OperationsOp::List),
        Op::Forget(workmill_engine::Ticket(1)),
    ];
    for op in ops {
        let frame = ToLeader::Ops(vec![(OpNumber(1), op)]);
        assert_eq!(write_to_leader(&frame).unwrap_err(), Unsendable);
    }
}

#[test]
fn bytes_that_are_no_frame_are_refused() {
    let whole = write_to_leader(&ToLeader::Ops(numbered(ops()))).unwrap();
    for length in 0..whole.len() {
        assert!(read_to_leader(&whole[..length]).is_err(), "{length}");
    }
    let longer = [whole, vec![0]].concat();
    assert!(read_to_leader(&longer).is_err());
    assert!(read_from_leader(&[0xff]).is_err());
}
