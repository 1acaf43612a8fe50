use std::sync::Arc;

use smallvec::smallvec;
use tempfile::TempDir;
use tokio::sync::oneshot;
use workmill_engine::{BulkPush, Engine, EventKind, Fetch, Op, Outcome, Rules, ServerId};
use workmill_proto::{CustomReading, Job, Timestamp};
use workmill_store::fault::{CommitFault, FaultPlan, FaultStore, WriteFault};
use workmill_store::sqlite::{Durability, SqliteStore};
use workmill_store::{Reading, Store};

use super::{Committer, Ended, Host, Inbox};
use crate::clock::Clock;
use crate::gate::{Answers, Gate, GateClosed, Pending, Unanswered};
use crate::meters::Meters;
use crate::threads::Threads;

/// A committer and its store, which fails as planned.
struct World {
    inbox: Arc<Inbox>,
    gate: Arc<dyn Gate>,
    plan: FaultPlan,
    meters: Arc<Meters>,
    ended: oneshot::Receiver<Ended>,
    dir: TempDir,
}

impl World {
    fn start() -> Self {
        Self::start_on(|store| store)
    }

    /// A committer on what `wrap` makes of the store, with the threads that `WORKMILL_TEST_THREADS` says.
    fn start_on<S: Store + Send + 'static>(
        wrap: impl FnOnce(FaultStore<SqliteStore>) -> S,
    ) -> Self {
        let wanted = std::env::var("WORKMILL_TEST_THREADS").ok();
        let (threads, _) = Threads::choose(|_| wanted.clone());
        Self::start_in(threads, wrap)
    }

    fn start_in<S: Store + Send + 'static>(
        threads: Threads,
        wrap: impl FnOnce(FaultStore<SqliteStore>) -> S,
    ) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(dir.path(), Durability::Always).unwrap();
        let plan = FaultPlan::default();
        let store = wrap(FaultStore::new(store, plan.clone()));
        let inbox: Arc<Inbox> = Arc::default();
        let meters: Arc<Meters> = Arc::default();
        let rules = Rules {
            observed: true,
            ..Rules::default()
        };
        let host = Host {
            gate: Arc::<Inbox>::clone(&inbox),
            clock: Arc::new(Clock::start()),
            meters: Arc::clone(&meters),
            threads,
            links: Arc::default(),
        };
        let engine = Engine::new(rules);
        let ended = Committer::start(store, engine, Arc::clone(&inbox), host, None).unwrap();
        Self {
            gate: Arc::<Inbox>::clone(&inbox),
            inbox,
            plan,
            meters,
            ended,
            dir,
        }
    }

    fn submit(&self, op: Op) -> Pending {
        self.gate.submit(smallvec![op], 0).unwrap()
    }

    async fn run(&self, op: Op) -> Answers {
        self.submit(op).answers().await.unwrap()
    }

    async fn push(&self, queue: &str) {
        let answers = self.run(push(queue)).await;
        assert!(matches!(answers.outcomes[..], [Outcome::Ok]), "{answers:?}");
    }

    /// Waits until the planned fault has happened.
    async fn fault_happened(&self) {
        while self.plan.is_pending() {
            tokio::task::yield_now().await;
        }
    }

    /// The sizes of a queue and of what is reserved.
    async fn sizes(&self, queue: &str) -> (u64, u64) {
        match &self.run(Op::Info).await.outcomes[..] {
            [Outcome::Info(report)] => {
                let totals = &report.totals;
                let size = totals.queues.get(queue).map_or(0, |queue| queue.size);
                (size, totals.working)
            }
            other => panic!("no totals: {other:?}"),
        }
    }
}

fn job(queue: &str) -> Job {
    let json = format!(r#"{{"jid":"12345678","queue":"{queue}","jobtype":"T","args":[]}}"#);
    Job::parse(json.as_bytes()).unwrap()
}

fn push(queue: &str) -> Op {
    Op::push(job(queue), Timestamp::from_micros(0), CustomReading::ALL).unwrap()
}

fn push_bulk(queue: &str, jobs: usize) -> Op {
    let jobs = vec![Ok(job(queue)); jobs];
    Op::PushBulk(BulkPush::new(
        jobs,
        Timestamp::from_micros(0),
        CustomReading::ALL,
    ))
}

fn refusal(answers: &Answers) -> &str {
    match &answers.outcomes[..] {
        [Outcome::Refused(error)] => &error.text,
        other => panic!("not refused: {other:?}"),
    }
}

fn fetch(queue: &str) -> Op {
    Op::Fetch(Fetch {
        queues: [queue.to_owned()].into(),
        wid: "w".into(),
        server: ServerId::LOCAL,
        connection: 0,
    })
}

#[tokio::test]
async fn ops_of_one_submission_are_answered_in_order() {
    let world = World::start();
    let mut pending = world
        .gate
        .submit(smallvec![push("q"), Op::Info, push("q"), Op::Info], 0)
        .unwrap();
    let sizes: Vec<Option<u64>> = pending
        .answers()
        .await
        .unwrap()
        .outcomes
        .iter()
        .map(|outcome| match outcome {
            Outcome::Info(report) => Some(report.totals.queues["q"].size),
            _ => None,
        })
        .collect();
    assert_eq!(sizes, [None, Some(1), None, Some(2)]);
}

#[tokio::test]
async fn parked_fetch_is_answered_by_a_later_push() {
    let world = World::start();
    let mut parked = world.submit(fetch("q"));
    world.push("q").await;
    let answers = parked.answers().await.unwrap();
    assert!(matches!(answers.outcomes[..], [Outcome::Job(_)]));
}

#[tokio::test]
async fn commands_can_be_run_in_a_thread_of_their_own() {
    let world = World::start_in(Threads::Many(2), |store| store);
    let mut parked = world.submit(fetch("q"));
    world.push("q").await;
    let answers = parked.answers().await.unwrap();
    assert!(matches!(answers.outcomes[..], [Outcome::Job(_)]));
    drop(answers);
    assert_eq!(world.sizes("q").await, (1, 0));
    world.inbox.close();
    assert_eq!(world.ended.await, Ok(Ended::Stopped));
}

#[tokio::test]
async fn fetch_whose_client_has_gone_is_forgotten() {
    let world = World::start();
    drop(world.submit(fetch("q")));
    world.push("q").await;
    assert_eq!(world.sizes("q").await, (1, 0));
}

#[tokio::test]
async fn forgotten_fetch_is_answered_at_once() {
    let world = World::start();
    let mut parked = world.submit(fetch("q"));
    parked.forget();
    let answers = parked.answers().await.unwrap();
    assert!(matches!(answers.outcomes[..], [Outcome::Nothing]));
}

#[tokio::test]
async fn job_that_was_not_delivered_goes_back() {
    let world = World::start();
    world.push("q").await;
    let answers = world.run(fetch("q")).await;
    assert_eq!(world.sizes("q").await, (0, 1));
    drop(answers);
    assert_eq!(world.sizes("q").await, (1, 0));
}

#[tokio::test]
async fn job_that_was_delivered_stays_with_its_worker() {
    let world = World::start();
    world.push("q").await;
    let answers = world.run(fetch("q")).await;
    answers
        .delivery
        .expect("a job comes with its care")
        .written();
    assert_eq!(world.sizes("q").await, (0, 1));
}

#[tokio::test]
async fn job_for_an_answer_nobody_took_goes_back() {
    let world = World::start();
    world.push("q").await;
    let pending = world.submit(fetch("q"));
    // INFO is answered after the FETCH before it: its answer is waiting to be taken.
    assert_eq!(world.sizes("q").await, (0, 1));
    drop(pending);
    assert_eq!(world.sizes("q").await, (1, 0));
}

#[tokio::test]
async fn what_waits_is_run_before_the_end() {
    let world = World::start();
    let mut pending: Vec<Pending> = (0..100).map(|_| world.submit(push("q"))).collect();
    world.inbox.close();
    assert_eq!(
        world.gate.submit(smallvec![Op::Info], 0).unwrap_err(),
        GateClosed::ForGood
    );
    for pending in &mut pending {
        let answers = pending.answers().await.unwrap();
        assert!(matches!(answers.outcomes[..], [Outcome::Ok]));
    }
    assert_eq!(world.ended.await, Ok(Ended::Stopped));
}

#[tokio::test]
async fn ops_of_a_group_that_failed_are_run_again_one_by_one() {
    let world = World::start();
    world.plan.fail_write(0, WriteFault::Statement);
    let mut pending = world
        .gate
        .submit(smallvec![push("a"), push("b")], 0)
        .unwrap();
    let outcomes = pending.answers().await.unwrap().outcomes;
    assert!(matches!(outcomes[..], [Outcome::Ok, Outcome::Ok]));
    assert!(!world.plan.is_pending());
    assert_eq!(world.sizes("a").await.0, 1);
    assert_eq!(world.sizes("b").await.0, 1);
}

#[tokio::test]
async fn jobs_of_a_group_that_failed_are_told_once() {
    let world = World::start();
    world.push("before").await;
    world.plan.fail_write(0, WriteFault::Statement);
    let ops = smallvec![push("a"), fetch("before"), push("b")];
    let mut pending = world.gate.submit(ops, 0).unwrap();
    pending.answers().await.unwrap();
    assert!(!world.plan.is_pending());
    let events = world.meters.events.take().events;
    let told: Vec<(EventKind, &str)> = events.iter().map(|e| (e.kind, &*e.queue)).collect();
    assert_eq!(
        told,
        [
            (EventKind::Pushed, "before"),
            (EventKind::Pushed, "a"),
            (EventKind::Fetched, "before"),
            (EventKind::Pushed, "b")
        ]
    );
}

#[tokio::test]
async fn op_that_cannot_be_done_changes_nothing_and_is_told_so() {
    let world = World::start();
    world.plan.fail_write(0, WriteFault::Statement);
    let text = refusal(&world.run(push("q")).await).to_owned();
    assert!(text.contains("nothing was changed"), "{text}");
    assert_eq!(world.sizes("q").await, (0, 0));
}

#[tokio::test]
async fn full_disk_is_an_answer_and_not_an_end() {
    let world = World::start();
    world.plan.fail_commit(CommitFault::Full);
    let text = refusal(&world.run(push("q")).await).to_owned();
    assert!(text.contains("disk is full: nothing was changed"), "{text}");
    world.push("q").await;
    assert_eq!(world.sizes("q").await, (1, 0));
}

#[tokio::test]
async fn long_command_that_fails_on_its_way_is_told_that_part_of_it_is_done() {
    let world = World::start();
    // As many jobs as one slice takes; how many writes that is depends on the engine.
    world.run(push_bulk("q", 1_000)).await;
    world.plan.fail_write(world.plan.writes(), WriteFault::Full);
    let text = refusal(&world.run(push_bulk("q", 2_000)).await).to_owned();
    assert!(text.contains("stays done"), "{text}");
    assert_eq!(world.sizes("q").await, (2_000, 0));
}

#[tokio::test]
async fn parked_fetch_survives_a_group_that_was_rolled_back() {
    let world = World::start();
    let mut parked = world.submit(fetch("q"));
    // The INFO is answered after the FETCH before it has been parked.
    world.sizes("q").await;
    world.plan.fail_commit(CommitFault::Full);
    refusal(&world.run(push("q")).await);
    world.push("q").await;
    let answers = parked.answers().await.unwrap();
    assert!(matches!(answers.outcomes[..], [Outcome::Job(_)]));
}

#[tokio::test]
async fn job_that_could_not_be_given_back_is_given_back_later() {
    let world = World::start();
    world.push("q").await;
    let answers = world.run(fetch("q")).await;
    world.plan.fail_write(0, WriteFault::Full);
    drop(answers);
    world.fault_happened().await;
    let mut parked = world.submit(fetch("q"));
    assert_eq!(world.sizes("q").await, (0, 1), "it is not back yet");
    let answers = parked.answers().await.unwrap();
    assert!(matches!(answers.outcomes[..], [Outcome::Job(_)]));
}

#[tokio::test]
async fn job_that_could_not_be_given_back_gets_a_last_try_at_the_end() {
    let world = World::start();
    world.push("q").await;
    let answers = world.run(fetch("q")).await;
    world.plan.fail_write(0, WriteFault::Full);
    drop(answers);
    world.fault_happened().await;
    world.inbox.close();
    assert_eq!(world.ended.await, Ok(Ended::Stopped));
    let store = SqliteStore::open(world.dir.path(), Durability::Always).unwrap();
    let totals = store.reader().totals().unwrap();
    assert_eq!((totals.queues["q"].size, totals.working), (1, 0));
}

/// Neither a FETCH that waits nor the next PUSH is answered, and nothing else is taken.
async fn assert_nobody_is_answered_once(break_it: impl FnOnce(&FaultPlan)) {
    let world = World::start();
    let mut parked = world.submit(fetch("other"));
    world.push("q").await;
    break_it(&world.plan);
    let mut pending = world.submit(push("q"));
    assert_eq!(pending.answers().await.unwrap_err(), Unanswered);
    assert_eq!(parked.answers().await.unwrap_err(), Unanswered);
    assert!(matches!(world.ended.await, Ok(Ended::Faulted(_))));
    assert_eq!(
        world.gate.submit(smallvec![Op::Info], 0).unwrap_err(),
        GateClosed::ForGood
    );
}

#[tokio::test]
async fn nobody_is_answered_once_the_store_is_poisoned() {
    assert_nobody_is_answered_once(|plan| plan.fail_commit(CommitFault::PoisonedWith)).await;
}

#[tokio::test]
async fn nobody_is_answered_once_a_sync_has_failed() {
    assert_nobody_is_answered_once(FaultPlan::fail_sync).await;
}

#[tokio::test]
async fn a_last_sync_that_fails_is_a_fault() {
    let world = World::start();
    world.plan.fail_close();
    world.inbox.close();
    assert!(matches!(world.ended.await, Ok(Ended::Faulted(_))));
}

mod hooked;
mod locked;
mod polls;
mod unsynced;
