//! What is read once for all who ask within a while.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;

/// What was read last, and when; no time, if it is known to be old.
#[derive(Debug)]
pub(crate) struct Remembered<T>(Mutex<Option<(Option<Instant>, Arc<T>)>>);

impl<T> Default for Remembered<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T> Remembered<T> {
    /// What was read within this time and `is_right` still, else what `read` gives, which gets what was read last. Others who ask
    /// meanwhile wait for that.
    pub(crate) async fn get<E, R: Future<Output = Result<T, E>>>(
        &self,
        fresh_for: Duration,
        is_right: impl FnOnce(&T) -> bool,
        read: impl FnOnce(Option<Arc<T>>) -> R,
    ) -> Result<Arc<T>, E> {
        let mut last = self.0.lock().await;
        if let Some((Some(at), value)) = &*last
            && at.elapsed() < fresh_for
            && is_right(value)
        {
            return Ok(Arc::clone(value));
        }
        let known = last.as_ref().map(|(_, value)| Arc::clone(value));
        let value = Arc::new(read(known).await?);
        *last = Some((Some(Instant::now()), Arc::clone(&value)));
        Ok(value)
    }

    /// Whoever asks next sees what has just been changed.
    pub(crate) async fn forget(&self) {
        if let Some((at, _)) = &mut *self.0.lock().await {
            *at = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_was_read_is_told_until_it_is_old_wrong_or_forgotten() {
        let remembered = Remembered::default();
        let ask = |is_right: bool, value: u32| {
            let read = async move |_| Ok::<u32, Infallible>(value);
            remembered.get(Duration::from_secs(5), move |_| is_right, read)
        };
        assert_eq!(*ask(true, 1).await.unwrap(), 1);
        assert_eq!(*ask(true, 2).await.unwrap(), 1);
        assert_eq!(*ask(false, 3).await.unwrap(), 3);
        tokio::time::advance(Duration::from_secs(5)).await;
        assert_eq!(*ask(true, 4).await.unwrap(), 4);
        remembered.forget().await;
        assert_eq!(*ask(true, 5).await.unwrap(), 5);
        remembered.forget().await;
        let one_more = async |last: Option<Arc<u32>>| Ok::<u32, Infallible>(*last.unwrap() + 1);
        let next = remembered.get(Duration::from_secs(5), |_| true, one_more);
        assert_eq!(*next.await.unwrap(), 6);
    }
}
