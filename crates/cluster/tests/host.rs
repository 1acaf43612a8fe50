//! The side that runs what servers ask, with the real engine and a store in memory.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::time::Duration;

use serde_json::json;
use workmill_cluster::{
    AnswerLogs, Epoch, FromLeader, Gone, Host, LinkId, OpNumber, Outbox, SERVER_FORGOTTEN,
    SERVER_GONE, ToLeader,
};
use workmill_engine::{BulkPush, Engine, Fetch, GroupContext, Op, Outcome, Rules, ServerId};
use workmill_proto::{CustomReading, Job, SteadyTime, Timestamp};
use workmill_store::fault::{FaultPlan, FaultStore};
use workmill_store::memory::{MemoryDisk, MemoryStore};
use workmill_store::{AnswerLog, Store, StoreError, Tx};

const SERVER: ServerId = ServerId(5);

/// A leader.
struct Leader {
    store: MemoryStore,
    engine: Engine,
    host: Host,
    uptime: Duration,
}

impl Leader {
    fn new(disk: &MemoryDisk, epoch: u64) -> Self {
        let mut store = MemoryStore::open(disk);
        let logs = AnswerLogs::load(&mut store.begin().unwrap()).unwrap();
        Self {
            host: Host::new(Epoch(epoch), logs, Duration::ZERO),
            store,
            engine: Engine::new(Rules::default()),
            uptime: Duration::ZERO,
        }
    }

    /// A server says who it is, and which of its ops are open.
    fn greet(&mut self, link: u64, registered: bool, open: &[u64]) {
        let hello = ToLeader::Hello {
            server: SERVER,
            nth: link,
            registered,
            open: open.iter().copied().map(OpNumber).collect(),
        };
        self.host.hear(LinkId(link), hello);
    }

    fn ask(&mut self, link: u64, number: u64, op: Op) {
        let ops = ToLeader::Ops(vec![(OpNumber(number), op)]);
        self.host.hear(LinkId(link), ops);
    }

    /// Runs one group, and commits it or not; gives what is to be said.
    fn try_group(&mut self, commit: bool) -> Outbox {
        self.uptime += Duration::from_millis(10);
        let context = GroupContext {
            wall: Timestamp::default(),
            uptime: self.uptime,
            frozen: Duration::ZERO,
            seed: 7,
        };
        let requests = self.host.take(100, 1_000);
        let mut tx = self.store.begin().unwrap();
        let mut result = self.engine.run_group(&mut tx, context, &requests).unwrap();
        let noted = self.host.note(&mut tx, &mut result, SteadyTime::MIN);
        let outbox = noted.unwrap();
        if commit {
            tx.commit().unwrap();
            self.engine.committed();
            self.host.committed();
            self.host.put_first(result.unfinished);
        } else {
            drop(tx);
            self.engine.rolled_back();
            self.host.rolled_back();
            self.host.put_first(requests);
        }
        outbox
    }

    /// Runs groups while there is something to do, and gives the answers on a link.
    fn answers(&mut self, link: u64) -> Vec<(u64, Outcome)> {
        let mut said = Outbox::new();
        while self.host.has_work() {
            said.extend(self.try_group(true));
        }
        answers_on(said, link)
    }

    fn end(self) {
        self.store.vanish();
    }
}

/// It is gone, and so many jobs were on their way to its clients.
fn gone(jobs: usize) -> Gone {
    Gone {
        server: SERVER,
        jobs,
    }
}

fn answers_on(said: Outbox, link: u64) -> Vec<(u64, Outcome)> {
    let on_link = said.into_iter().filter(|(on, _)| on.0 == link);
    let answers = on_link.filter_map(|(_, frame)| match frame {
        FromLeader::Answers(answers) => Some(answers),
        _ => None,
    });
    let answers = answers.flatten();
    answers
        .map(|(number, outcome)| (number.0, outcome))
        .collect()
}

fn job(jid: &str) -> Job {
    let payload = json!({"jid": jid, "jobtype": "T", "queue": "q", "args": []});
    Job::parse(payload.to_string().as_bytes()).unwrap()
}

fn push(jid: &str) -> Op {
    Op::push(job(jid), Timestamp::default(), CustomReading::ALL).unwrap()
}

fn fetch() -> Op {
    Op::Fetch(Fetch {
        queues: ["q".to_owned()].into(),
        wid: "w".into(),
        server: SERVER,
        connection: 0,
    })
}

fn jid_of(outcome: &Outcome) -> Option<String> {
    match outcome {
        Outcome::Job(job) => {
            let payload: serde_json::Value = serde_json::from_slice(&job.body).unwrap();
            Some(payload["jid"].as_str().unwrap().to_owned())
        }
        _ => None,
    }
}

#[test]
fn what_is_asked_again_after_a_takeover_is_answered_and_not_run_again() {
    let disk = MemoryDisk::default();
    let mut first = Leader::new(&disk, 1);
    first.greet(1, false, &[]);
    first.ask(1, 1, push("job-0001"));
    first.ask(1, 2, fetch());
    let answers = first.answers(1);
    assert!(matches!(
        answers[..],
        [(1, Outcome::Ok), (2, Outcome::Job(_))]
    ));
    first.end();
    let mut next = Leader::new(&disk, 2);
    next.greet(2, true, &[1, 2]);
    next.ask(2, 1, push("job-0001"));
    next.ask(2, 2, fetch());
    let answers = next.answers(2);
    assert!(matches!(
        answers[..],
        [(1, Outcome::Ok), (2, Outcome::Job(_))]
    ));
    assert_eq!(jid_of(&answers[1].1).unwrap(), "job-0001");
    assert_eq!(disk.job_keys().len(), 1);
}

#[test]
fn alike_ops_are_put_together_but_those_that_keep_their_places() {
    for (in_order, run) in [(vec![], "PPFF"), (vec![2, 3], "FPFP")] {
        let mut leader = Leader::new(&MemoryDisk::default(), 1);
        leader.greet(1, false, &[]);
        let numbers = in_order.into_iter().map(OpNumber).collect();
        leader.host.hear(LinkId(1), ToLeader::InOrder(numbers));
        let ops = [fetch(), push("job-0001"), fetch(), push("job-0002")];
        for (number, op) in (1..).zip(ops) {
            leader.ask(1, number, op);
        }
        let taken = leader.host.take(100, 1_000_000);
        let kinds = taken.iter().map(|request| match request.op {
            Op::Push(_) => 'P',
            _ => 'F',
        });
        assert_eq!(kinds.collect::<String>(), run);
    }
}

#[test]
fn group_is_bounded_by_bytes_as_well() {
    let mut leader = Leader::new(&MemoryDisk::default(), 1);
    leader.greet(1, false, &[]);
    for number in 1..=3 {
        let job = json!({"jid": format!("job-000{number}"), "jobtype": "T", "queue": "q", "args": ["x".repeat(600)]});
        let job = Job::parse(job.to_string().as_bytes()).unwrap();
        let op = Op::push(job, Timestamp::default(), CustomReading::ALL).unwrap();
        leader.ask(1, number, op);
    }
    // Of 1,000 bytes two are too many.
    for number in 1..=3 {
        let said = leader.try_group(true);
        let answered = answers_on(said, 1).into_iter().map(|(number, _)| number);
        assert_eq!(answered.collect::<Vec<_>>(), [number]);
    }
}

#[test]
fn what_is_settled_is_kept_no_longer() {
    let disk = MemoryDisk::default();
    let mut leader = Leader::new(&disk, 1);
    leader.greet(1, false, &[]);
    leader.ask(1, 1, push("job-0001"));
    leader.answers(1);
    leader
        .host
        .hear(LinkId(1), ToLeader::Settled(vec![OpNumber(1)]));
    leader.ask(1, 2, push("job-0002"));
    leader.answers(1);
    leader.end();
    // Nobody asks so; it shows what is still kept.
    let mut next = Leader::new(&disk, 2);
    next.greet(2, true, &[1, 2]);
    next.ask(2, 1, push("job-0001"));
    next.ask(2, 2, push("job-0002"));
    next.answers(2);
    assert_eq!(disk.job_keys().len(), 3);
}

#[test]
fn group_that_is_rolled_back_was_not_answered() {
    let disk = MemoryDisk::default();
    let mut leader = Leader::new(&disk, 1);
    leader.greet(1, false, &[]);
    leader.ask(1, 1, push("job-0001"));
    leader.try_group(false);
    assert!(disk.job_keys().is_empty());
    // Meanwhile it may be asked again: it is still under way.
    leader.ask(1, 1, push("job-0001"));
    assert_eq!(leader.answers(1).len(), 1);
    assert_eq!(disk.job_keys().len(), 1);
}

#[test]
fn push_of_many_goes_on_where_the_last_leader_was() {
    let disk = MemoryDisk::default();
    let bulk = || {
        let jobs = (0..2_500).map(|number| Ok(job(&format!("job-{number:04}"))));
        let now = Timestamp::default();
        Op::PushBulk(BulkPush::new(jobs.collect(), now, CustomReading::ALL))
    };
    let mut first = Leader::new(&disk, 1);
    first.greet(1, false, &[]);
    first.ask(1, 1, bulk());
    assert!(answers_on(first.try_group(true), 1).is_empty());
    let before = disk.job_keys().len();
    assert!((1..2_500).contains(&before));
    first.end();
    let mut next = Leader::new(&disk, 2);
    next.greet(2, true, &[1]);
    next.ask(2, 1, bulk());
    let answers = next.answers(2);
    assert!(matches!(&answers[..], [(1, Outcome::Refusals(refused))] if refused.is_empty()));
    assert_eq!(disk.job_keys().len(), 2_500);
}

#[test]
fn job_on_its_way_to_a_server_that_is_gone_goes_back_once() {
    let disk = MemoryDisk::default();
    let mut leader = Leader::new(&disk, 1);
    leader.greet(1, false, &[]);
    leader.ask(1, 1, push("job-0001"));
    leader.ask(1, 2, fetch());
    leader.answers(1);
    leader.host.link_broken(LinkId(1), Duration::ZERO);
    assert!(leader.host.look_after_servers(SERVER_GONE / 2).is_empty());
    assert_eq!(leader.host.look_after_servers(SERVER_GONE), [gone(1)]);
    assert!(leader.host.look_after_servers(SERVER_GONE).is_empty());
    leader.answers(1);
    assert!(leader.host.look_after_servers(2 * SERVER_GONE).is_empty());
    // It comes back, and asks for what it has not heard: once more, from the start.
    leader.greet(2, true, &[2]);
    leader.ask(2, 2, fetch());
    assert!(matches!(leader.answers(2)[..], [(2, Outcome::Job(_))]));
}

#[test]
fn fetches_of_a_broken_link_wait_no_more() {
    let disk = MemoryDisk::default();
    let mut leader = Leader::new(&disk, 1);
    leader.greet(1, false, &[]);
    leader.ask(1, 1, fetch());
    assert!(leader.answers(1).is_empty());
    leader.host.link_broken(LinkId(1), Duration::ZERO);
    leader.host.demand(push("job-0001"));
    leader.answers(1);
    // Nobody has got the job meanwhile.
    assert_eq!(leader.host.look_after_servers(SERVER_GONE), [gone(0)]);
    assert!(leader.host.look_after_servers(SERVER_GONE).is_empty());
    leader.greet(2, true, &[1]);
    leader.ask(2, 1, fetch());
    assert!(matches!(leader.answers(2)[..], [(1, Outcome::Job(_))]));
}

#[test]
fn older_link_of_a_server_is_not_listened_to() {
    let disk = MemoryDisk::default();
    let mut leader = Leader::new(&disk, 1);
    leader.greet(2, false, &[]);
    // It was made before, and is heard now.
    leader.greet(1, false, &[]);
    leader.ask(1, 1, push("job-0001"));
    leader.host.link_broken(LinkId(1), Duration::ZERO);
    leader.ask(2, 2, push("job-0002"));
    assert!(matches!(leader.answers(2)[..], [(2, Outcome::Ok)]));
    assert_eq!(disk.job_keys().len(), 1);
}

#[test]
fn server_whose_answers_are_kept_no_more_is_told_so() {
    let disk = MemoryDisk::default();
    let mut leader = Leader::new(&disk, 1);
    leader.greet(1, true, &[1]);
    let said = leader.try_group(true);
    assert!(matches!(said[..], [(LinkId(1), FromLeader::Forgotten)]));
}

#[test]
fn server_that_is_back_in_time_keeps_its_jobs() {
    let disk = MemoryDisk::default();
    let mut leader = Leader::new(&disk, 1);
    leader.greet(1, false, &[]);
    leader.ask(1, 1, push("job-0001"));
    leader.ask(1, 2, fetch());
    leader.answers(1);
    leader.host.link_broken(LinkId(1), Duration::ZERO);
    assert_eq!(leader.host.look_after_servers(SERVER_GONE), [gone(1)]);
    // Its client has the job.
    leader.greet(2, true, &[]);
    leader.ask(2, 3, fetch());
    assert!(leader.answers(2).is_empty(), "the job is with its worker");
}

#[test]
fn delivery_that_is_settled_is_so_for_the_next_leader_too() {
    for stops in [false, true] {
        let disk = MemoryDisk::default();
        let mut first = Leader::new(&disk, 1);
        first.greet(1, false, &[]);
        first.ask(1, 1, push("job-0001"));
        first.ask(1, 2, fetch());
        first.answers(1);
        let settled = vec![OpNumber(1), OpNumber(2)];
        first.host.hear(LinkId(1), ToLeader::Settled(settled));
        match stops {
            false => drop(first.host.look_after_servers(Duration::ZERO)),
            true => assert!(first.host.finish(), "there is something to write"),
        }
        first.try_group(true);
        assert!(!first.host.finish(), "it is written");
        first.end();
        // The server has ended with the leader; its worker lives on.
        let mut next = Leader::new(&disk, 2);
        assert_eq!(next.host.look_after_servers(SERVER_GONE), [gone(0)]);
    }
}

#[test]
fn server_that_never_comes_back_is_forgotten() {
    let disk = MemoryDisk::default();
    let mut leader = Leader::new(&disk, 1);
    leader.greet(1, false, &[]);
    leader.ask(1, 1, push("job-0001"));
    leader.answers(1);
    leader.host.link_broken(LinkId(1), Duration::ZERO);
    leader.host.look_after_servers(SERVER_FORGOTTEN);
    leader.try_group(true);
    let mut tx = leader.store.begin().unwrap();
    assert!(tx.due::<AnswerLog>(SteadyTime::MAX, 9).unwrap().is_empty());
}

#[test]
fn group_that_changes_nothing_writes_nothing() {
    let disk = MemoryDisk::default();
    let mut leader = Leader::new(&disk, 1);
    leader.greet(1, false, &[]);
    leader.answers(1);
    disk.sync();
    leader.ask(1, 1, Op::Info);
    leader.ask(1, 2, fetch());
    leader.host.hear(LinkId(1), ToLeader::Forget(OpNumber(2)));
    assert_eq!(leader.answers(1).len(), 2);
    assert!(!leader.store.wants_sync());
}

/// Its memory may be older than what the next leader has told others.
#[test]
fn what_changes_nothing_is_not_answered_by_a_leader_that_was_deposed() {
    let plan = FaultPlan::default();
    let memory = MemoryStore::open(&MemoryDisk::default());
    let mut store = FaultStore::new(memory, plan.clone());
    let mut host = Host::new(Epoch(1), AnswerLogs::default(), Duration::ZERO);
    let mut engine = Engine::new(Rules::default());
    let hello = ToLeader::Hello {
        server: SERVER,
        nth: 1,
        registered: false,
        open: Vec::new(),
    };
    host.hear(LinkId(1), hello);
    for (number, is_deposed) in [(1, false), (2, true)] {
        if is_deposed {
            plan.depose();
        }
        host.hear(LinkId(1), ToLeader::Ops(vec![(OpNumber(number), Op::Info)]));
        let context = GroupContext {
            wall: Timestamp::default(),
            uptime: Duration::ZERO,
            frozen: Duration::ZERO,
            seed: 7,
        };
        let requests = host.take(100, 1_000);
        let mut tx = store.begin().unwrap();
        let mut result = engine.run_group(&mut tx, context, &requests).unwrap();
        let noted = host.note(&mut tx, &mut result, SteadyTime::MIN);
        match is_deposed {
            false => assert_eq!(answers_on(noted.unwrap(), 1).len(), 1),
            true => assert!(matches!(noted, Err(StoreError::Deposed)), "{noted:?}"),
        }
        tx.commit().unwrap();
        engine.committed();
        host.committed();
    }
}
