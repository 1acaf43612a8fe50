//! Reading, and getting back what was read.

use tokio::sync::oneshot;
use workmill_store::reading::{Bounds, READ_ROWS_MAX, Slice};
use workmill_store::{Reading, StoreError};

use super::Desk;

/// A read, made ready to be run in another thread.
pub type Read = Box<dyn FnOnce(&dyn Reading) -> Result<(), StoreError> + Send>;

impl dyn Desk {
    /// Reads beside the writer, when it is its turn. Many reads are to be cut into slices: each one keeps a thread busy.
    ///
    /// # Errors
    /// Those of the read; it cannot be begun; the store is closed.
    pub async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&dyn Reading) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (sink, value) = oneshot::channel();
        self.run_read(Box::new(move |reading| {
            // Whoever asked may have gone.
            sink.send(read(reading)?).ok();
            Ok(())
        }))
        .await?;
        let lost = |_| StoreError::Statement(String::from("what was read did not arrive"));
        value.await.map_err(lost)
    }

    /// Reads all of a list, one slice after another, for which others may read between them. `slice` reads one, from where the last one
    /// ended.
    ///
    /// # Errors
    /// Those of a read.
    pub async fn read_all<T: Send + 'static, C: Send + 'static>(
        &self,
        slice: impl Fn(&dyn Reading, Option<C>, Bounds) -> Result<Slice<T, C>, StoreError>
        + Copy
        + Send
        + 'static,
    ) -> Result<Vec<T>, StoreError> {
        let (mut items, mut after) = (Vec::new(), None);
        loop {
            let bounds = Bounds::of_rows(READ_ROWS_MAX);
            let found = self
                .read(move |reading| slice(reading, after, bounds))
                .await?;
            items.extend(found.items);
            after = found.next;
            if after.is_none() {
                return Ok(items);
            }
        }
    }
}
