use std::path::Path;

use smallvec::smallvec;
use workmill_engine::{Fetch, Op, Outcome, ServerId};
use workmill_proto::{CustomReading, Job, Timestamp};
use workmill_store::fault::{CommitFault, FaultPlan, FaultStore};
use workmill_store::sqlite::{Durability, SqliteStore};
use workmill_store::{Acquired, FileLease, Lease as _};

use super::*;
use crate::run::tests::settings;

/// Whether a server could have the directory.
fn is_free(dir: &Path) -> bool {
    let acquired = FileLease::new(dir).acquire("another", Timestamp::default());
    matches!(acquired.unwrap(), Acquired::Ours { .. })
}

/// A term on a store that fails as planned, and what outlives it.
async fn start(dir: &Path, plan: FaultPlan) -> (Term, Arc<Shared>) {
    let shared = Arc::new(Shared::new(&settings(dir), None));
    (start_for(&shared, dir, plan).await, shared)
}

/// The same, for what is there already.
async fn start_for(shared: &Arc<Shared>, dir: &Path, plan: FaultPlan) -> Term {
    let mut lease = FileLease::new(dir);
    let acquired = lease.acquire("this one", Timestamp::default());
    assert!(matches!(acquired.unwrap(), Acquired::Ours { .. }));
    let store = SqliteStore::open(dir, Durability::Always).unwrap();
    let mut term = Term::start(
        Box::new(lease),
        Opened::load(FaultStore::new(store, plan)).unwrap(),
        Rules::default(),
        shared,
        Threads::One,
        None,
    )
    .unwrap();
    term.started().await;
    term
}

async fn flush(shared: &Shared) -> Option<Outcome> {
    let mut pending = shared.gate.submit(smallvec![Op::Flush], 0).ok()?;
    pending.answers().await.ok()?.outcomes.pop()
}

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(10)
}

#[tokio::test]
async fn storage_is_free_for_the_next_term_once_one_is_over() {
    let dir = tempfile::tempdir().unwrap();
    for _ in 0..2 {
        let (mut term, shared) = start(dir.path(), FaultPlan::default()).await;
        assert!(matches!(flush(&shared).await, Some(Outcome::Ok)));
        assert!(!is_free(dir.path()));
        assert_eq!(term.stop(soon()).await, TermEnd::Over);
        assert!(is_free(dir.path()));
        assert!(flush(&shared).await.is_none(), "the gate is closed");
    }
}

#[tokio::test]
async fn fault_ends_the_term_without_an_answer() {
    let dir = tempfile::tempdir().unwrap();
    let plan = FaultPlan::default();
    let (mut term, shared) = start(dir.path(), plan.clone()).await;
    plan.fail_commit(CommitFault::PoisonedWithout);
    assert!(flush(&shared).await.is_none(), "unanswered");
    let reason = term.fault().await;
    assert!(!reason.is_empty());
    assert!(flush(&shared).await.is_none(), "the gate is closed");
    assert_eq!(term.stop(soon()).await, TermEnd::Faulted(reason));
}

#[tokio::test]
async fn connections_and_undelivered_jobs_outlive_a_term() {
    let dir = tempfile::tempdir().unwrap();
    let (mut term, shared) = start(dir.path(), FaultPlan::default()).await;
    let ask = async |op: Op| {
        let mut pending = shared.gate.submit(smallvec![op], 0).unwrap();
        pending.answers().await.unwrap()
    };
    let fetch = || {
        Op::Fetch(Fetch {
            queues: Arc::new(["q".to_owned()]),
            wid: "w".into(),
            server: ServerId::LOCAL,
            connection: 0,
        })
    };
    let job = Job::parse(br#"{"jid":"job-0001","jobtype":"T","queue":"q","args":[]}"#).unwrap();
    let push = Op::push(job, Timestamp::default(), CustomReading::ALL).unwrap();
    ask(push).await;
    let undelivered = ask(fetch()).await;
    assert!(undelivered.delivery.is_some());
    assert_eq!(term.stop(soon()).await, TermEnd::Over);
    drop(undelivered);
    let held = Arc::clone(&shared);
    let held = tokio::spawn(async move {
        held.gate.resumed().await;
        info_is_told(&held).await
    });
    let mut next = start_for(&shared, dir.path(), FaultPlan::default()).await;
    assert!(
        held.await.unwrap(),
        "a command that came between terms is run"
    );
    // Given back by the first group of the term, not by the end of its reservation.
    let again = ask(fetch()).await;
    assert!(matches!(again.outcomes[..], [Outcome::Job(_)]));
    drop(again);
    assert_eq!(next.stop(soon()).await, TermEnd::Over);
}

/// Whether a command that changes nothing is run.
async fn info_is_told(shared: &Shared) -> bool {
    let Ok(mut pending) = shared.gate.submit(smallvec![Op::Info], 0) else {
        return false;
    };
    pending.answers().await.is_ok()
}
