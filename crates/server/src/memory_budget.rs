//! The memory that what clients have sent may take, and that replies to them may take: a budget for each, all
//! connections together.
//!
//! A little is free for every connection ([`FREE_BYTES`]; the limit of connections bounds it). Beyond that a
//! connection takes from the budget before it reads on, and gives back when its commands are answered; for its
//! replies it takes before it sends, and gives back when they are sent. When the budget is used up, a connection
//! waits for a while, then is refused and closed; and whoever holds part of it must complete its line, or take
//! its replies in, within a time. So every wait ends, and connections that wait for each other cannot hold each
//! other for ever.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout};

/// What a connection may hold outside of the budget, in bytes: enough for the usual command, and as much as an
/// idle one keeps, so that idle connections use nothing up.
pub(crate) const FREE_BYTES: usize = 16 << 10;

/// The budget is handed out in pieces of this many bytes.
const PIECE_BYTES: usize = 4 << 10;

/// How long a connection waits for a part of the budget.
const WAIT_MAX: Duration = Duration::from_secs(5);

/// How long a connection may hold a part of the budget before its line is complete.
const HOLD_MAX: Duration = Duration::from_secs(120);

/// Both budgets.
#[derive(Debug)]
pub(crate) struct Budgets {
    /// For what clients have sent.
    pub(crate) input: Arc<MemoryBudget>,
    /// For replies on their way.
    pub(crate) output: Arc<MemoryBudget>,
}

/// One of them.
#[derive(Debug)]
pub(crate) struct MemoryBudget {
    bytes_max: usize,
    pieces: Arc<Semaphore>,
}

/// The budget is used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BudgetExhausted {
    /// How many bytes it has.
    pub(crate) bytes_max: usize,
}

impl Budgets {
    /// Budgets for so many bytes of input.
    pub(crate) fn new(input_bytes_max: usize) -> Self {
        Self {
            input: Arc::new(MemoryBudget::new(input_bytes_max)),
            // As much again: replies are jobs that came in, for the most part.
            output: Arc::new(MemoryBudget::new(input_bytes_max)),
        }
    }
}

impl MemoryBudget {
    /// A budget of this many bytes.
    pub(crate) fn new(bytes_max: usize) -> Self {
        let pieces = (bytes_max / PIECE_BYTES).min(Semaphore::MAX_PERMITS);
        Self {
            bytes_max,
            pieces: Arc::new(Semaphore::new(pieces)),
        }
    }

    /// The account of one connection.
    pub(crate) fn charge(self: &Arc<Self>) -> Charge {
        Charge {
            budget: Arc::clone(self),
            held: None,
            since: None,
        }
    }
}

/// What one connection holds of the budget; given back when dropped.
#[derive(Debug)]
pub(crate) struct Charge {
    budget: Arc<MemoryBudget>,
    held: Option<OwnedSemaphorePermit>,
    since: Option<Instant>,
}

impl Charge {
    /// Makes the charge cover this many bytes, waiting if it must. Never gives anything back.
    pub(crate) async fn cover(&mut self, bytes: usize) -> Result<(), BudgetExhausted> {
        let missing = pieces(bytes).saturating_sub(self.pieces_held());
        if missing == 0 {
            return Ok(());
        }
        // Boxed, as it is rare: every connection would keep room for it.
        Box::pin(self.take(missing)).await
    }

    async fn take(&mut self, missing: usize) -> Result<(), BudgetExhausted> {
        let exhausted = BudgetExhausted {
            bytes_max: self.budget.bytes_max,
        };
        let missing = u32::try_from(missing).map_err(|_| exhausted)?;
        let acquire = Arc::clone(&self.budget.pieces).acquire_many_owned(missing);
        let Ok(Ok(permit)) = timeout(WAIT_MAX, acquire).await else {
            return Err(exhausted);
        };
        match &mut self.held {
            Some(held) => held.merge(permit),
            None => {
                self.held = Some(permit);
                self.since = Some(Instant::now());
            }
        }
        Ok(())
    }

    /// Like [`Self::cover`], for something that cannot be made smaller: if it is larger than the whole budget, it
    /// waits for all of it.
    pub(crate) async fn cover_whole(&mut self, bytes: usize) -> Result<(), BudgetExhausted> {
        self.cover(bytes.min(self.budget.bytes_max)).await
    }

    /// Gives back what is not needed to cover this many bytes.
    pub(crate) fn shrink_to(&mut self, bytes: usize) {
        let Some(held) = &mut self.held else { return };
        let spare = held.num_permits().saturating_sub(pieces(bytes));
        drop(held.split(spare));
        // What is left belongs to lines that begin now.
        self.since = Some(Instant::now());
        if held.num_permits() == 0 {
            self.held = None;
            self.since = None;
        }
    }

    /// When the line that makes the charge necessary must be complete; none if nothing is held.
    pub(crate) fn line_due(&self) -> Option<Instant> {
        self.since.map(|since| since + HOLD_MAX)
    }

    fn pieces_held(&self) -> usize {
        self.held
            .as_ref()
            .map_or(0, OwnedSemaphorePermit::num_permits)
    }
}

/// How many pieces of the budget cover this many bytes of one connection.
fn pieces(bytes: usize) -> usize {
    bytes.saturating_sub(FREE_BYTES).div_ceil(PIECE_BYTES)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn budget(pieces: usize) -> Arc<MemoryBudget> {
        Arc::new(MemoryBudget::new(pieces * PIECE_BYTES))
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_larger_than_the_whole_budget_waits_for_all_of_it() {
        let budget = budget(10);
        let mut first = budget.charge();
        first.cover(FREE_BYTES + PIECE_BYTES).await.unwrap();
        let mut huge = budget.charge();
        let bytes = FREE_BYTES + 100 * PIECE_BYTES;
        assert_eq!(huge.cover_whole(bytes).await, Ok(()));
    }

    #[tokio::test]
    async fn small_commands_cost_nothing() {
        let budget = budget(0);
        let mut charge = budget.charge();
        assert_eq!(charge.cover(FREE_BYTES).await, Ok(()));
        assert_eq!(charge.line_due(), None);
    }

    #[tokio::test(start_paused = true)]
    async fn connection_is_refused_when_the_budget_stays_used_up() {
        let budget = budget(10);
        let mut first = budget.charge();
        first.cover(FREE_BYTES + 8 * PIECE_BYTES).await.unwrap();
        assert!(first.line_due().is_some());
        let mut second = budget.charge();
        let exhausted = BudgetExhausted {
            bytes_max: 10 * PIECE_BYTES,
        };
        assert_eq!(
            second.cover(FREE_BYTES + 3 * PIECE_BYTES).await,
            Err(exhausted)
        );
        assert_eq!(second.cover(FREE_BYTES + 2 * PIECE_BYTES).await, Ok(()));
    }

    #[tokio::test(start_paused = true)]
    async fn connection_that_waits_is_let_on_when_another_gives_back() {
        let budget = budget(10);
        let mut first = budget.charge();
        first.cover(FREE_BYTES + 10 * PIECE_BYTES).await.unwrap();
        let mut second = budget.charge();
        let wait = tokio::spawn(async move { second.cover(FREE_BYTES + 4 * PIECE_BYTES).await });
        tokio::task::yield_now().await;
        first.shrink_to(FREE_BYTES + 6 * PIECE_BYTES);
        assert_eq!(wait.await.unwrap(), Ok(()));
    }

    #[tokio::test(start_paused = true)]
    async fn everything_is_given_back_in_the_end() {
        let budget = budget(10);
        let mut shrunk = budget.charge();
        shrunk.cover(FREE_BYTES + 5 * PIECE_BYTES).await.unwrap();
        shrunk.shrink_to(0);
        assert_eq!(shrunk.line_due(), None);
        let mut dropped = budget.charge();
        dropped.cover(FREE_BYTES + 10 * PIECE_BYTES).await.unwrap();
        drop(dropped);
        assert_eq!(shrunk.cover(FREE_BYTES + 10 * PIECE_BYTES).await, Ok(()));
    }
}
