use std::sync::Arc;

use smallvec::smallvec;
use tempfile::TempDir;
use tokio::sync::oneshot;
use workmill_engine::{Fetch, Op, Outcome, Rules};
use workmill_proto::{Job, Timestamp};
use workmill_store::sqlite::{Durability, SqliteStore};

use super::{Answers, Committer, Ended, Inbox, InboxClosed, Pending};
use crate::clock::Clock;

/// A committer and its store.
struct World {
    inbox: Arc<Inbox>,
    ended: oneshot::Receiver<Ended>,
    _dir: TempDir,
}

impl World {
    fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(dir.path(), Durability::Always).unwrap();
        let inbox: Arc<Inbox> = Arc::default();
        let ended = Committer::start(
            store,
            Rules::default(),
            Arc::new(Clock::start()),
            Arc::clone(&inbox),
            Arc::default(),
        )
        .unwrap();
        Self {
            inbox,
            ended,
            _dir: dir,
        }
    }

    fn submit(&self, op: Op) -> Pending {
        self.inbox.submit(smallvec![op], 0).unwrap()
    }

    async fn run(&self, op: Op) -> Answers {
        self.submit(op).answers().await.unwrap()
    }

    async fn push(&self, queue: &str) {
        let answers = self.run(push(queue)).await;
        assert!(matches!(answers.outcomes[..], [Outcome::Ok]), "{answers:?}");
    }

    /// The sizes of a queue and of what is reserved.
    async fn sizes(&self, queue: &str) -> (u64, u64) {
        match &self.run(Op::Info).await.outcomes[..] {
            [Outcome::Totals(totals)] => {
                let size = totals.queues.get(queue).map_or(0, |queue| queue.size);
                (size, totals.working)
            }
            other => panic!("no totals: {other:?}"),
        }
    }
}

fn push(queue: &str) -> Op {
    let json = format!(r#"{{"jid":"12345678","queue":"{queue}","jobtype":"T","args":[]}}"#);
    Op::push(
        Job::parse(json.as_bytes()).unwrap(),
        Timestamp::from_micros(0),
    )
    .unwrap()
}

fn fetch(queue: &str) -> Op {
    Op::Fetch(Fetch {
        queues: [queue.to_owned()].into(),
        wid: "w".into(),
    })
}

#[tokio::test]
async fn ops_of_one_submission_are_answered_in_order() {
    let world = World::start();
    let mut pending = world
        .inbox
        .submit(smallvec![push("q"), Op::Info, push("q"), Op::Info], 0)
        .unwrap();
    let sizes: Vec<Option<u64>> = pending
        .answers()
        .await
        .unwrap()
        .outcomes
        .iter()
        .map(|outcome| match outcome {
            Outcome::Totals(totals) => Some(totals.queues["q"].size),
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
        .complete();
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
        world.inbox.submit(smallvec![Op::Info], 0).unwrap_err(),
        InboxClosed
    );
    for pending in &mut pending {
        let answers = pending.answers().await.unwrap();
        assert!(matches!(answers.outcomes[..], [Outcome::Ok]));
    }
    assert_eq!(world.ended.await, Ok(Ended::Stopped));
}
