//! After the server died: what it shows is compared with the book, and what was unknown is found out.

use std::sync::Arc;

use jiff::Timestamp;
use rand::Rng;
use rand::rngs::SmallRng;
use serde_json::json;

use super::batches::Progress;
use super::book::{Book, FeatureLedger};
use super::hands::Hands;
use super::job::Status;
use super::plan::Kind;
use super::readiness::Truth;
use crate::client::Client;
use crate::fleet::Gone;
use crate::reply::Reply;
use crate::server::Server;

/// TRACK GETs after one death at most.
const TRACKS_MAX: usize = 100;

impl FeatureLedger {
    /// Compares batches and tracks with what may be, finds out what was unknown of jobs, and finishes what clients have begun.
    /// Nobody else may be connected.
    pub fn resolve(self: &Arc<Self>, server: &Server, rng: &mut SmallRng) {
        let mut hands = self.hands(server);
        self.compare_batches(&mut hands.client);
        self.compare_tracks(&mut hands.client);
        self.resolve_jobs(&mut hands.client);
        self.end_held(&mut hands, rng).expect("the server lives");
        self.commit_batches(&mut hands.client);
        self.compare_batches(&mut hands.client);
    }

    pub(super) fn hands(self: &Arc<Self>, server: &Server) -> Hands {
        Hands {
            client: server.client(),
            wid: String::new(),
            ledger: Arc::clone(self),
        }
    }

    /// BATCH STATUS of every batch must be one of those that are possible.
    pub(super) fn compare_batches(&self, client: &mut Client) {
        let mut book = self.book();
        let batches = book.batches.iter();
        let bids: Vec<_> = batches
            .map(|(name, batch)| (name.clone(), batch.bid.clone()))
            .collect();
        for (name, bid) in bids {
            let status = client.cmd(format!("BATCH STATUS {bid}")).json();
            let number = |name: &str| status[name].as_u64().expect("a count");
            let found = (number("total"), number("pending"), number("failed"));
            let possible = book.batch_counts(&name);
            if !possible.contains(&found) {
                book.violate(format!(
                    "{name} has total, pending, failed {found:?}, not one of {possible:?}"
                ));
            }
            for kind in book.batches[&name].callbacks.clone() {
                let key = format!("{}_st", kind.name());
                let possible = book.callback_states(&name, kind);
                if !possible.iter().any(|state| status[&key] == *state) {
                    let found = &status[&key];
                    book.violate(format!(
                        "{name} has {key} {found}, not one of {possible:?}: {status}"
                    ));
                }
            }
            book.checked.statuses += 1;
        }
    }

    fn compare_tracks(&self, client: &mut Client) {
        let mut book = self.book();
        let any_may_be_reserved = book.fetches_unknown > 0;
        let tracked = book.jobs.values().filter(|entry| entry.plan.tracked);
        // The last ones, as they are most likely to have been on their way.
        let tracked: Vec<_> = tracked.rev().take(TRACKS_MAX).cloned().collect();
        for entry in tracked {
            let jid = &entry.plan.jid;
            let found = client.cmd(format!("TRACK GET {jid}")).json();
            let possible = entry.track_states(any_may_be_reserved);
            if !possible.iter().any(|state| found["state"] == *state) {
                let status = entry.course.status;
                book.violate(format!(
                    "the track of {jid} ({status:?}) is {found}, not one of {possible:?}"
                ));
            }
            book.checked.tracks += 1;
        }
    }

    /// REQUEUE of a job tells whether it is reserved.
    fn resolve_jobs(&self, client: &mut Client) {
        let mut book = self.book();
        let mut candidates =
            book.with_status(&[Status::AckSent, Status::FailSent, Status::RequeueSent]);
        if book.fetches_unknown > 0 {
            candidates.extend(book.with_status(&[Status::PushSent, Status::Waiting]));
        }
        for (jid, _) in &candidates {
            client.send(format!("REQUEUE {}", json!({"jid": jid})));
        }
        for (jid, status) in candidates {
            let is_reserved = match client.read_reply() {
                Reply::Error(text) if text.contains("no reservation") => false,
                reply => {
                    assert_eq!(reply, Reply::ok(), "the answer to REQUEUE");
                    true
                }
            };
            book.resolve_job(&jid, status, is_reserved);
        }
        let now = Timestamp::now();
        for entry in book.jobs.values_mut() {
            entry.pushed_by.get_or_insert(now);
        }
        book.fetches_unknown = 0;
    }

    /// Those that were in the hands of clients must still be so. Some stay: they take up slots.
    fn end_held(&self, hands: &mut Hands, rng: &mut SmallRng) -> Result<(), Gone> {
        let all_held = self.book().with_status(&[Status::Held]);
        for (jid, _) in all_held {
            let held = self.book().entry(&jid).course.held();
            match rng.random_range(0..4) {
                0 => hands.acknowledge(&held)?,
                1 => hands.fail(&held)?,
                2 => hands.requeue(&held)?,
                _ => continue,
            }
            self.book().checked.reservations_kept += 1;
        }
        Ok(())
    }

    /// Does what is left to do of batches whose maker is gone.
    fn commit_batches(&self, client: &mut Client) {
        let mut book = self.book();
        let batches = book.batches.iter();
        let unfinished = batches.filter(|(_, batch)| batch.committed != Progress::Acknowledged);
        let unfinished: Vec<_> = unfinished
            .map(|(name, batch)| (name.clone(), batch.clone()))
            .collect();
        for (name, batch) in unfinished {
            for (child, told) in &batch.children {
                if *told != Progress::Acknowledged {
                    let child_bid = &book.batches[child].bid;
                    client.ok(format!("BATCH CHILD {} {child_bid}", batch.bid));
                    book.child_of(&name, child, Progress::Acknowledged);
                }
            }
            let opened = client.cmd(format!("BATCH OPEN {}", batch.bid)).text();
            assert_eq!(opened, batch.bid);
            client.ok(format!("BATCH COMMIT {}", batch.bid));
            book.batch(&name).committed = Progress::Acknowledged;
        }
    }
}

impl Book {
    /// Takes note whether a job was reserved. If so, it is in its queue now.
    fn resolve_job(&mut self, jid: &str, status: Status, is_reserved: bool) {
        let may_be_reserved = self.fetches_unknown > 0;
        let is_loose = matches!(status, Status::PushSent | Status::Waiting);
        self.checked.unknown += u64::from(status != Status::Waiting);
        if is_loose && is_reserved {
            // A FETCH without an answer took it, and each took one at most.
            if !may_be_reserved {
                self.violate(format!("{jid} is reserved, though nobody fetched it"));
            }
            self.fetches_unknown = self.fetches_unknown.saturating_sub(1);
            let entry = self.entry(jid);
            entry.known_since.get_or_insert(Timestamp::now());
        }
        let entry = self.entry(jid);
        entry.course.resolve(is_reserved, may_be_reserved);
        if is_reserved {
            entry.course.status = Status::Waiting;
        }
        // What comes back to its queue takes the lock again.
        if (is_reserved || status == Status::RequeueSent) && entry.unlocks_at_start() {
            entry.lock_free_since = None;
        }
        match (status, is_reserved) {
            (Status::AckSent, false) => self.acknowledged(jid),
            (Status::FailSent, false) => self.backlog += 1,
            _ => {}
        }
    }

    /// What BATCH STATUS may say of a callback.
    fn callback_states(&self, batch: &str, kind: Kind) -> Vec<&'static str> {
        let ready = self.readiness(batch, kind);
        let done = Truth::of_end(&self.jobs[&format!("{batch}-{}", kind.name())]);
        let mut states = Vec::new();
        if !ready.certain {
            states.push("");
        }
        if ready.possible && !done.certain {
            states.push("1");
        }
        if done.possible {
            states.push("2");
        }
        states
    }
}
