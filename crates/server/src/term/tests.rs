use std::path::Path;

use smallvec::smallvec;
use workmill_engine::{Op, Outcome};
use workmill_proto::Timestamp;
use workmill_store::fault::{CommitFault, FaultPlan, FaultStore};
use workmill_store::sqlite::{Durability, SqliteStore};
use workmill_store::{Acquired, FileLease};

use super::*;
use crate::gate::Gate;
use crate::run::tests::settings;

/// Whether a server could have the directory.
fn is_free(dir: &Path) -> bool {
    let acquired = FileLease::new(dir).acquire("another", Timestamp::default());
    matches!(acquired.unwrap(), Acquired::Ours { .. })
}

/// A term on a store that fails as planned, and what outlives it.
async fn start(dir: &Path, plan: FaultPlan) -> (Term, Arc<Shared>) {
    let inbox: Arc<Inbox> = Arc::default();
    let gate: Arc<dyn Gate> = Arc::<Inbox>::clone(&inbox);
    let shared = Arc::new(Shared::new(&settings(dir), None, gate));
    let mut lease = FileLease::new(dir);
    let acquired = lease.acquire("this one", Timestamp::default());
    assert!(matches!(acquired.unwrap(), Acquired::Ours { .. }));
    let store = SqliteStore::open(dir, Durability::Always).unwrap();
    let mut term = Term::start(
        Box::new(lease),
        FaultStore::new(store, plan),
        inbox,
        Rules::default(),
        &shared,
        Threads::One,
    )
    .unwrap();
    term.started().await;
    (term, shared)
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
