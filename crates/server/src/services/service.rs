//! The one shape of every background duty.

use std::future::Future;

use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{Instant, Interval, timeout_at};
use tokio_util::sync::CancellationToken;

/// A background duty that runs until it is stopped.
#[derive(Debug)]
pub(crate) struct Service {
    name: &'static str,
    stopping: CancellationToken,
    started: Option<oneshot::Receiver<()>>,
    task: Option<JoinHandle<()>>,
}

/// What a service's own code sees of its start and its stop.
#[derive(Debug)]
pub(crate) struct Life {
    stopping: CancellationToken,
    started: Option<oneshot::Sender<()>>,
}

impl Service {
    /// Starts a duty.
    pub(crate) fn start<F>(name: &'static str, run: impl FnOnce(Life) -> F) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let stopping = CancellationToken::new();
        let (started_sink, started) = oneshot::channel();
        let life = Life {
            stopping: stopping.clone(),
            started: Some(started_sink),
        };
        let task = tokio::spawn(run(life));
        Self {
            name,
            stopping,
            started: Some(started),
            task: Some(task),
        }
    }

    /// Waits until it has started, or has ended without.
    pub(crate) async fn started(&mut self) {
        if let Some(started) = self.started.take() {
            // If the sender is gone, the service has ended; stopping it is harmless.
            started.await.ok();
        }
    }

    /// Waits until it has ended by itself. May be dropped and called again.
    pub(crate) async fn ended(&mut self) {
        match &mut self.task {
            Some(task) => {
                let ended = task.await;
                self.task = None;
                if let Err(error) = ended {
                    tracing::error!(service = self.name, %error, "a service has failed");
                }
            }
            None => std::future::pending().await,
        }
    }

    /// Asks it to stop, and does not wait for its end.
    pub(crate) fn ask_to_stop(&self) {
        self.stopping.cancel();
    }

    /// Stops it and waits for its end, until `deadline`; then it is ended. Tells whether it ended by itself. May be
    /// called again, and then does nothing.
    pub(crate) async fn stop(&mut self, deadline: Instant) -> bool {
        self.ask_to_stop();
        let Some(mut task) = self.task.take() else {
            return true;
        };
        let ended = timeout_at(deadline, &mut task).await;
        match &ended {
            Ok(Ok(())) => tracing::debug!(service = self.name, "stopped"),
            Ok(Err(error)) => tracing::error!(service = self.name, %error, "a service has failed"),
            Err(_) => {
                tracing::error!(service = self.name, "a service does not stop; it is ended");
                task.abort();
            }
        }
        ended.is_ok()
    }
}

impl Life {
    /// Says that the service has started.
    pub(crate) fn started(&mut self) {
        if let Some(started) = self.started.take() {
            // Nobody has to wait for it.
            started.send(()).ok();
        }
    }

    /// Waits until the service is to stop.
    pub(crate) async fn stopping(&self) {
        self.stopping.cancelled().await;
    }

    /// Waits for the next tick; tells whether there is one, or the service is to stop.
    pub(super) async fn lasts_until_next(&self, interval: &mut Interval) -> bool {
        self.outlasts(interval.tick()).await
    }

    /// Waits; tells whether that is over, or the service is to stop.
    pub(super) async fn outlasts<T>(&self, wait: impl Future<Output = T>) -> bool {
        tokio::select! {
            biased;
            () = self.stopping() => false,
            _ = wait => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use std::time::Duration;

    use super::*;

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(10)
    }

    #[tokio::test]
    async fn service_can_be_stopped_twice_and_ends_once() {
        let ends = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&ends);
        let mut service = Service::start("test", |mut life| async move {
            life.started();
            life.stopping().await;
            counted.fetch_add(1, Ordering::SeqCst);
        });
        service.started().await;
        assert_eq!(ends.load(Ordering::SeqCst), 0);
        service.stop(soon()).await;
        service.stop(soon()).await;
        assert_eq!(ends.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn service_that_ends_early_does_not_hold_up_who_waits_for_its_start() {
        let mut service = Service::start("test", |life| async move { drop(life) });
        service.started().await;
        service.stop(soon()).await;
    }

    #[tokio::test(start_paused = true)]
    async fn service_that_does_not_stop_is_ended() {
        let mut service = Service::start("test", |life| async move {
            let _life = life;
            std::future::pending::<()>().await;
        });
        assert!(!service.stop(soon()).await);
    }
}
