//! The thread that makes groups durable and then sends their answers, while the committer runs the next one. What is
//! best synced without help ([`syncs_inline`](super::window::CommitWindow::syncs_inline)) does not come here.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use workmill_store::Syncer;

use super::inbox::Inbox;
use super::reply::{Exits, Reply};

/// The way to the thread.
#[derive(Debug)]
pub(super) struct Acknowledger {
    groups: Sender<Vec<Reply>>,
    thread: JoinHandle<()>,
}

/// The thread has ended: a sync has failed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Gone;

impl Acknowledger {
    /// Starts the thread. It ends when this is dropped, or when a sync fails: then nothing more is answered,
    /// and nothing more taken in.
    pub(super) fn start(
        syncer: impl Syncer + Send + 'static,
        inbox: Arc<Inbox>,
        exits: Exits,
    ) -> io::Result<Self> {
        let (groups, handed_over) = channel();
        let (synced, answering) = unbounded_channel();
        tokio::spawn(answer(answering, exits));
        let thread = thread::Builder::new()
            .name("acknowledger".to_owned())
            .spawn(move || {
                let abandoning = Abandoning(inbox);
                run(syncer, &handed_over, &synced, &abandoning.0);
            })?;
        Ok(Self { groups, thread })
    }

    /// Hands over the answers of a committed group.
    pub(super) fn hand_over(&self, group: Vec<Reply>) -> Result<(), Gone> {
        self.groups.send(group).map_err(|_| Gone)
    }

    /// Waits until everything that was handed over is answered.
    pub(super) fn finish(self) {
        drop(self.groups);
        // If it has panicked, the inbox is abandoned and the panic reported.
        drop(self.thread.join());
    }
}

fn run(
    mut syncer: impl Syncer,
    groups: &Receiver<Vec<Reply>>,
    synced: &UnboundedSender<Vec<Reply>>,
    inbox: &Inbox,
) {
    while let Ok(mut submissions) = groups.recv() {
        let mut together = 1;
        // What was committed while the last group was synced shares one sync.
        while let Ok(more) = groups.try_recv() {
            submissions.extend(more);
            together += 1;
        }
        let begun = Instant::now();
        if syncer.sync().is_err() {
            return;
        }
        let answered = submissions.len();
        synced.send(submissions).ok();
        inbox.note_synced(together, answered, begun.elapsed());
    }
}

/// Sends answers from within the runtime: waking fifty connections from another thread costs as much as serving
/// them.
async fn answer(mut synced: UnboundedReceiver<Vec<Reply>>, exits: Exits) {
    while let Some(group) = synced.recv().await {
        for reply in group {
            reply.send(&exits);
        }
    }
}

/// Abandons the inbox when the thread ends, however it does: nobody would be answered any more.
struct Abandoning(Arc<Inbox>);

impl Drop for Abandoning {
    fn drop(&mut self) {
        self.0.abandon();
    }
}
