//! Reads when somebody asks, and remembers what was read.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;
use workmill_proto::Timestamp;
use workmill_store::StoreError;

use super::observed::Observed;
use super::recurring::Recurring;
use super::remembered::Remembered;
use super::trend::{Look, Trend};
use crate::desk::Desk;
use crate::service::failures::FailureGroups;
use crate::service::trash::{Trash, trash};

/// For how long what was read counts as now: hundreds may ask, each for one queue.
const FRESH_FOR: Duration = Duration::from_secs(1);

/// Looks at the queues when somebody asks.
#[derive(Debug, Default)]
pub struct Observer {
    state: Mutex<State>,
    recurring: Remembered<Recurring>,
    failures: Remembered<FailureGroups>,
    trash: Remembered<Trash>,
}

#[derive(Debug, Default)]
struct State {
    last: Option<(Instant, Arc<Observed>)>,
    /// Whether something was changed by way of this port since.
    is_outdated: bool,
    trend: Trend,
}

impl Observer {
    /// What all queues are like now.
    pub(crate) async fn now(&self, desk: &dyn Desk) -> Result<Arc<Observed>, StoreError> {
        let mut state = self.state.lock().await;
        if let Some((at, observed)) = &state.last
            && at.elapsed() < FRESH_FOR
            && !state.is_outdated
        {
            return Ok(Arc::clone(observed));
        }
        let observed = Arc::new(Observed::read(desk).await?);
        let now = Instant::now();
        state.trend.add(now, &observed);
        state.last = Some((now, Arc::clone(&observed)));
        state.is_outdated = false;
        Ok(observed)
    }

    /// What all queues are like now, for whom a queue matters that may have come within the last second.
    pub(crate) async fn now_with(
        &self,
        desk: &dyn Desk,
        queue: &str,
    ) -> Result<Arc<Observed>, StoreError> {
        let observed = self.now(desk).await?;
        if observed.queues.contains_key(queue) {
            return Ok(observed);
        }
        self.look_again().await;
        self.now(desk).await
    }

    /// Whoever asks next sees what has just been changed.
    pub(crate) async fn look_again(&self) {
        self.state.lock().await.is_outdated = true;
        self.recurring.forget().await;
        self.failures.forget().await;
        self.trash.forget().await;
    }

    /// The recurring jobs there are now.
    pub(crate) async fn recurring(&self, desk: &dyn Desk) -> Result<Arc<Recurring>, StoreError> {
        Recurring::now(&self.recurring, desk).await
    }

    /// The groups of failures that have jobs, as of a second ago at most.
    pub(crate) async fn failures(&self, desk: &dyn Desk) -> Result<Arc<FailureGroups>, StoreError> {
        let read = desk.read(FailureGroups::read);
        self.failures.get(FRESH_FOR, |_| true, |_| read).await
    }

    /// How much there is in the trash, as of a second ago at most.
    pub(crate) async fn trash(&self, desk: &dyn Desk) -> Result<Arc<Trash>, StoreError> {
        self.trash.get(FRESH_FOR, |_| true, |_| trash(desk)).await
    }

    /// In how many seconds a queue is empty if it goes on as in the last minutes: 0 if it is, none if it does not shrink, or
    /// nobody has looked before.
    pub(crate) async fn empty_in(&self, queue: &str) -> Option<f64> {
        let state = self.state.lock().await;
        let (at, now) = state.last.as_ref()?;
        state.trend.empty_in(queue, *at, now)
    }

    /// What was seen in the last minutes, the earliest first; nothing if nobody has looked.
    pub(crate) async fn earlier(&self) -> Vec<Look> {
        let state = self.state.lock().await;
        let last = state.last.as_ref();
        last.map_or_else(Vec::new, |(at, _)| state.trend.looks(*at))
    }

    /// In how many seconds a job that was put into its queue then is the next one, if it goes on as in the last minutes;
    /// none if the queue does not get on, or nobody has looked before.
    pub(crate) async fn reached_in(&self, queue: &str, enqueued_at: Timestamp) -> Option<f64> {
        let state = self.state.lock().await;
        let (at, now) = state.last.as_ref()?;
        state.trend.reached_in(queue, enqueued_at, (*at, now))
    }
}
