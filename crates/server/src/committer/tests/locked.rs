//! What happens while another program locks the database.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use workmill_store::StoreError;

use super::hooked::{Hooks, start};
use super::*;

/// A lock that keeps transactions from beginning.
#[derive(Default)]
struct Lock {
    locked: AtomicBool,
    refusals: AtomicU64,
}

impl Hooks for Lock {
    fn before_begin(&self) -> Result<(), StoreError> {
        if self.locked.load(Ordering::SeqCst) {
            self.refusals.fetch_add(1, Ordering::SeqCst);
            return Err(StoreError::Busy("locked".to_owned()));
        }
        Ok(())
    }
}

#[tokio::test]
async fn group_is_refused_at_once_and_not_tried_one_by_one() {
    let (world, lock) = start::<Lock>();
    lock.locked.store(true, Ordering::SeqCst);
    let ops = (0..500).map(|_| push("q")).collect();
    let mut pending = world.gate.submit(ops, 0).unwrap();
    let answers = pending.answers().await.unwrap();
    assert_eq!(answers.outcomes.len(), 500);
    for outcome in &answers.outcomes {
        let Outcome::Refused(error) = outcome else {
            panic!("not refused: {outcome:?}");
        };
        assert_eq!(
            error.text,
            "another program locks the database: nothing was changed; try again"
        );
    }
    assert_eq!(lock.refusals.load(Ordering::SeqCst), 1);
    lock.locked.store(false, Ordering::SeqCst);
    assert_eq!(world.sizes("q").await, (0, 0));
}

#[tokio::test]
async fn parked_fetch_stays_parked() {
    let (world, lock) = start::<Lock>();
    let mut parked = world.submit(fetch("q"));
    // The INFO is answered after the FETCH before it has been parked.
    world.sizes("q").await;
    lock.locked.store(true, Ordering::SeqCst);
    refusal(&world.run(push("q")).await);
    lock.locked.store(false, Ordering::SeqCst);
    world.push("q").await;
    let answers = parked.answers().await.unwrap();
    assert!(matches!(answers.outcomes[..], [Outcome::Job(_)]));
}

#[tokio::test]
async fn job_that_could_not_be_given_back_is_given_back_after_the_lock() {
    let (world, lock) = start::<Lock>();
    world.push("q").await;
    let answers = world.run(fetch("q")).await;
    lock.locked.store(true, Ordering::SeqCst);
    drop(answers);
    while lock.refusals.load(Ordering::SeqCst) == 0 {
        tokio::task::yield_now().await;
    }
    lock.locked.store(false, Ordering::SeqCst);
    let answers = world.run(fetch("q")).await;
    assert!(matches!(answers.outcomes[..], [Outcome::Job(_)]));
}
