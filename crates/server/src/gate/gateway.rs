//! The gate that outlives what is behind it.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use parking_lot::Mutex;
use smallvec::smallvec;
use tokio::sync::{Notify, oneshot};
use tokio::time::timeout;
use workmill_engine::{DeliveryTag, Op, Ticket};

use super::pending::Pending;
use super::submit::{Answers, Gate, GateClosed, Ops};

/// How long commands wait for the next term. Clients wait longer for an answer, and a worker's BEAT is due only after
/// fifteen seconds.
const HOLD_MAX: Duration = Duration::from_secs(5);

/// The gate of all that outlives a term: what is behind it can be replaced.
///
/// What was handed over and not answered when a term ends is unanswered for good, as after a fault. What comes between
/// two terms waits for the next one for [`HOLD_MAX`], and is then refused as by a server that stops. Jobs that were not
/// delivered wait for the next term as long as one may come.
#[derive(Debug)]
pub(crate) struct Gateway {
    behind: ArcSwap<Behind>,
    opened: Notify,
    /// Jobs to be given back once a term takes them.
    undelivered: Mutex<Vec<DeliveryTag>>,
    /// Jobs that clients have received while no term was there to be told.
    delivered: Mutex<Vec<DeliveryTag>>,
}

/// What is behind the gate.
#[derive(Debug)]
enum Behind {
    /// No term now, but there may be one soon.
    Soon,
    /// A term.
    Term(Arc<dyn Gate>),
    /// No term any more.
    Nothing,
}

impl Behind {
    fn term(&self) -> Result<&Arc<dyn Gate>, GateClosed> {
        match self {
            Self::Soon => Err(GateClosed::ForNow),
            Self::Term(term) => Ok(term),
            Self::Nothing => Err(GateClosed::ForGood),
        }
    }
}

impl Default for Gateway {
    fn default() -> Self {
        Self {
            behind: ArcSwap::from_pointee(Behind::Soon),
            opened: Notify::new(),
            undelivered: Mutex::default(),
            delivered: Mutex::default(),
        }
    }
}

impl Gateway {
    /// A term has begun: from now on ops go there.
    pub(crate) fn open(&self, term: Arc<dyn Gate>) {
        let undelivered = self.put_behind(Behind::Term(term));
        self.opened.notify_waiters();
        let delivered = std::mem::take(&mut *self.delivered.lock());
        self.delivered(&delivered);
        if !undelivered.is_empty() {
            self.submit_unanswered(Op::Nack(undelivered));
        }
    }

    /// The term is over, and another one may begin.
    pub(crate) fn suspend(&self) {
        self.behind.store(Arc::new(Behind::Soon));
    }

    /// The term is over, and it was the last one.
    pub(crate) fn close(&self) {
        let undelivered = self.put_behind(Behind::Nothing);
        if !undelivered.is_empty() {
            log_lost(&undelivered);
        }
    }

    /// Changes what is behind, and takes out the jobs that wait for that.
    fn put_behind(&self, behind: Behind) -> Vec<DeliveryTag> {
        let mut undelivered = self.undelivered.lock();
        self.behind.store(Arc::new(behind));
        std::mem::take(&mut *undelivered)
    }

    /// Whether ops have to wait for a term to begin.
    pub(crate) fn is_suspended(&self) -> bool {
        matches!(**self.behind.load(), Behind::Soon)
    }

    /// Waits until a term has begun, for [`HOLD_MAX`] at most.
    pub(crate) async fn resumed(&self) {
        let resumed = async {
            loop {
                let opened = self.opened.notified();
                if !self.is_suspended() {
                    return;
                }
                opened.await;
            }
        };
        // Whether there is one now is seen by whoever submits.
        timeout(HOLD_MAX, resumed).await.ok();
    }

    /// Hands over ops of one connection, in order. A FETCH must be the only op handed over.
    pub(crate) fn submit(&self, ops: Ops, bytes: usize) -> Result<Pending, GateClosed> {
        self.behind.load().term()?.submit(ops, bytes)
    }
}

impl Gate for Gateway {
    fn admit(
        &self,
        ops: Ops,
        bytes: usize,
        sink: Option<oneshot::Sender<Answers>>,
    ) -> Result<Ticket, GateClosed> {
        self.behind.load().term()?.admit(ops, bytes, sink)
    }

    fn submit_unanswered(&self, op: Op) {
        let tags = match &op {
            Op::Nack(tags) => tags.clone(),
            _ => Vec::new(),
        };
        if self.admit(smallvec![op], 0, None).is_ok() {
            return;
        }
        if tags.is_empty() {
            tracing::debug!("no term takes ops; one that nobody waits for is dropped");
            return;
        }
        // What is behind changes only under this lock.
        let mut undelivered = self.undelivered.lock();
        let again = || smallvec![Op::Nack(tags.clone())];
        match &**self.behind.load() {
            Behind::Term(term) if term.admit(again(), 0, None).is_ok() => {}
            Behind::Soon | Behind::Term(_) => undelivered.extend(tags),
            Behind::Nothing => log_lost(&tags),
        }
    }

    fn delivered(&self, jobs: &[DeliveryTag]) {
        match &**self.behind.load() {
            Behind::Term(term) => term.delivered(jobs),
            Behind::Soon => self.delivered.lock().extend(jobs),
            Behind::Nothing => {}
        }
    }
}

fn log_lost(tags: &[DeliveryTag]) {
    tracing::error!(
        ?tags,
        "the committer has ended; jobs that reached no worker wait until their reservations end"
    );
}

#[cfg(test)]
mod tests {
    use workmill_engine::{Fetch, ServerId};
    use workmill_proto::SteadyTime;
    use workmill_store::JobKey;

    use super::*;
    use crate::committer::Inbox;

    fn nack() -> Op {
        Op::Nack(vec![DeliveryTag {
            key: JobKey(1),
            reserved_at: SteadyTime::from_micros(0),
        }])
    }

    #[tokio::test(start_paused = true)]
    async fn commands_wait_for_the_next_term_and_not_for_ever() {
        let gateway = Arc::new(Gateway::default());
        let begun = tokio::time::Instant::now();
        let held = Arc::clone(&gateway);
        let held = tokio::spawn(async move {
            held.resumed().await;
            held.submit(smallvec![Op::Info], 0).is_ok()
        });
        tokio::task::yield_now().await;
        let term: Arc<Inbox> = Arc::default();
        gateway.open(Arc::<Inbox>::clone(&term));
        assert!(held.await.unwrap() && begun.elapsed() < HOLD_MAX);
        assert_eq!(term.len(), 1);
        gateway.suspend();
        gateway.resumed().await;
        assert!(begun.elapsed() >= HOLD_MAX);
        assert!(gateway.submit(smallvec![Op::Info], 0).is_err());
        gateway.close();
        assert!(!gateway.is_suspended());
        assert!(gateway.submit(smallvec![Op::Info], 0).is_err());
    }

    #[test]
    fn jobs_that_were_not_delivered_go_to_the_next_term() {
        let gateway = Gateway::default();
        let first: Arc<Inbox> = Arc::default();
        gateway.open(Arc::<Inbox>::clone(&first));
        first.close();
        gateway.submit_unanswered(nack());
        gateway.suspend();
        gateway.submit_unanswered(nack());
        let next: Arc<Inbox> = Arc::default();
        gateway.open(Arc::<Inbox>::clone(&next));
        assert_eq!((first.len(), next.len()), (0, 1));
    }

    #[test]
    fn fetch_is_forgotten_in_its_own_term_only() {
        let gateway = Gateway::default();
        let first: Arc<Inbox> = Arc::default();
        gateway.open(Arc::<Inbox>::clone(&first));
        let fetch = Op::Fetch(Fetch {
            queues: Arc::new(["q".to_owned()]),
            wid: "w".into(),
            server: ServerId(1),
            connection: 0,
        });
        let fetch = gateway.submit(smallvec![fetch], 0).unwrap();
        let next: Arc<Inbox> = Arc::default();
        gateway.open(Arc::<Inbox>::clone(&next));
        drop(fetch);
        assert_eq!((first.len(), next.len()), (2, 0));
    }
}
