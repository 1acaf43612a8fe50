//! What is to be said on links.

use std::collections::BTreeMap;
use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use tokio::sync::Notify;
use workmill_cluster::{FromLeader, LinkId};
use workmill_engine::Outcome;

/// While so many bytes of answers wait for a server that does not take them in, nothing more is taken from it. So what waits for
/// it is bounded by this and by the answers to what it has asked for already.
const UNSENT_BYTES_MAX: usize = 32 << 20;

/// What an answer takes besides a job's payload, about, in bytes.
const ANSWER_BYTES: usize = 64;

/// The links that are open.
#[derive(Debug, Default)]
pub(crate) struct Links {
    open: Mutex<BTreeMap<LinkId, Arc<Outlet>>>,
    last: AtomicU64,
}

/// What is to be said on one link.
#[derive(Debug, Default)]
pub(super) struct Outlet {
    unsent: Mutex<Unsent>,
    /// There is something to say.
    pub(super) arrived: Notify,
    /// There is room for more.
    sent: Notify,
}

#[derive(Debug, Default)]
struct Unsent {
    frames: Vec<FromLeader>,
    bytes: usize,
}

impl Links {
    /// A new link.
    pub(super) fn open(&self) -> (LinkId, Arc<Outlet>) {
        let link = LinkId(self.last.fetch_add(1, Ordering::Relaxed) + 1);
        let outlet = Arc::<Outlet>::default();
        self.open.lock().insert(link, Arc::clone(&outlet));
        (link, outlet)
    }

    /// It is broken.
    pub(super) fn close(&self, link: LinkId) {
        self.open.lock().remove(&link);
    }

    /// Has it said on a link; of no effect if that is broken: then it is asked for again.
    pub(crate) fn say(&self, link: LinkId, frame: FromLeader) {
        let outlet = self.open.lock().get(&link).cloned();
        if let Some(outlet) = outlet {
            outlet.say(frame);
        }
    }
}

impl Outlet {
    /// Has it said.
    pub(super) fn say(&self, frame: FromLeader) {
        let mut unsent = self.unsent.lock();
        unsent.bytes += bytes_of(&frame);
        match (unsent.frames.last_mut(), frame) {
            (Some(FromLeader::Answers(answers)), FromLeader::Answers(more)) => answers.extend(more),
            (_, frame) => unsent.frames.push(frame),
        }
        drop(unsent);
        self.arrived.notify_one();
    }

    /// What is to be said now.
    pub(super) fn take(&self) -> Vec<FromLeader> {
        let taken = mem::take(&mut *self.unsent.lock());
        self.sent.notify_one();
        taken.frames
    }

    /// Waits until the other end has taken in what was said, but for a little.
    pub(super) async fn has_room(&self) {
        loop {
            let sent = self.sent.notified();
            if self.unsent.lock().bytes <= UNSENT_BYTES_MAX {
                return;
            }
            sent.await;
        }
    }
}

/// How large a frame is, about, in bytes.
fn bytes_of(frame: &FromLeader) -> usize {
    let FromLeader::Answers(answers) = frame else {
        return ANSWER_BYTES;
    };
    let bytes = answers.iter().map(|(_, outcome)| match outcome {
        Outcome::Job(job) => ANSWER_BYTES + job.body.len(),
        Outcome::Refusals(refused) => ANSWER_BYTES * (1 + refused.len()),
        _ => ANSWER_BYTES,
    });
    bytes.sum()
}
