//! What is read once for all who ask within a while.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;

/// What was read last, and when.
#[derive(Debug)]
pub(crate) struct Remembered<T>(Mutex<Option<(Instant, Arc<T>)>>);

impl<T> Default for Remembered<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T> Remembered<T> {
    /// What was read within this time and `is_right` still, else what `read` gives. Others who ask meanwhile wait for that.
    pub(crate) async fn get<E>(
        &self,
        fresh_for: Duration,
        is_right: impl FnOnce(&T) -> bool,
        read: impl Future<Output = Result<T, E>>,
    ) -> Result<Arc<T>, E> {
        let mut last = self.0.lock().await;
        if let Some((at, value)) = &*last
            && at.elapsed() < fresh_for
            && is_right(value)
        {
            return Ok(Arc::clone(value));
        }
        let value = Arc::new(read.await?);
        *last = Some((Instant::now(), Arc::clone(&value)));
        Ok(value)
    }

    /// Whoever asks next sees what has just been changed.
    pub(crate) async fn forget(&self) {
        *self.0.lock().await = None;
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
            let read = async move { Ok::<u32, Infallible>(value) };
            remembered.get(Duration::from_secs(5), move |_| is_right, read)
        };
        assert_eq!(*ask(true, 1).await.unwrap(), 1);
        assert_eq!(*ask(true, 2).await.unwrap(), 1);
        assert_eq!(*ask(false, 3).await.unwrap(), 3);
        tokio::time::advance(Duration::from_secs(5)).await;
        assert_eq!(*ask(true, 4).await.unwrap(), 4);
        remembered.forget().await;
        assert_eq!(*ask(true, 5).await.unwrap(), 5);
    }
}
