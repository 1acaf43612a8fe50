//! What is asked of the one that leads beside the ops, as it is only read.

use std::collections::BTreeMap;

use tokio::sync::oneshot;

/// An answer: for how long the oldest jobs have waited, in seconds, or why that is not known.
pub(super) type Latencies = Result<Vec<f64>, String>;

/// The questions that have no answer yet. A link that breaks takes them with it.
#[derive(Debug, Default)]
pub(super) struct Questions {
    last: u64,
    open: BTreeMap<u64, oneshot::Sender<Latencies>>,
}

impl Questions {
    /// A new question: its number, and where its answer comes.
    pub(super) fn ask(&mut self) -> (u64, oneshot::Receiver<Latencies>) {
        // Whoever asked may have gone.
        self.open.retain(|_, sink| !sink.is_closed());
        self.last += 1;
        let (sink, answer) = oneshot::channel();
        self.open.insert(self.last, sink);
        (self.last, answer)
    }

    /// An answer has come.
    pub(super) fn answer(&mut self, question: u64, latencies: Latencies) {
        if let Some(sink) = self.open.remove(&question) {
            sink.send(latencies).ok();
        }
    }

    /// The link is broken.
    pub(super) fn drop_all(&mut self) {
        self.open.clear();
    }
}
