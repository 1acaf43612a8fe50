//! Somebody who sees what clients asked for and what is in the store, and says what must not be.

use std::collections::{BTreeMap, BTreeSet};

use workmill_proto::{Bid, SetName};
use workmill_store::CallbackKind;

use super::sight::{Place, Seen, Sight};

/// What has become of a job as far as the witness saw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Member {
    Unexecuted,
    Failed,
    Done,
}

#[derive(Debug, Default)]
pub struct BatchSeen {
    pub committed: bool,
    pub children: BTreeSet<Bid>,
    members: BTreeMap<String, Member>,
    callbacks: BTreeMap<&'static str, CallbackSeen>,
    completed: bool,
    succeeded: bool,
}

#[derive(Debug, PartialEq, Eq)]
enum CallbackSeen {
    Wanted,
    Fired(String),
    Over,
}

/// What the witness knows.
#[derive(Debug, Default)]
pub struct Witness {
    pub batches: BTreeMap<Bid, BatchSeen>,
    pub sight: Sight,
    pub callbacks_fired: u64,
    acked: BTreeSet<String>,
    fired_now: BTreeSet<String>,
}

/// How the ids of jobs begin that are not tried again, and leave no trace when they fail.
pub const FRAIL: &str = "frail";

const KINDS: [(CallbackKind, &str); 2] = [
    (CallbackKind::Complete, "complete"),
    (CallbackKind::Success, "success"),
];

impl Witness {
    pub fn batch_made(&mut self, bid: Bid, parent: Option<Bid>, complete: bool, success: bool) {
        let mut batch = BatchSeen::default();
        for (kind, wanted) in [("complete", complete), ("success", success)] {
            if wanted {
                batch.callbacks.insert(kind, CallbackSeen::Wanted);
            }
        }
        self.batches.insert(bid, batch);
        if let Some(parent) = parent.and_then(|parent| self.batches.get_mut(&parent)) {
            parent.children.insert(bid);
        }
    }

    pub fn acked(&mut self, jid: &str) {
        self.acked.insert(jid.to_owned());
    }

    /// Looks at the store after a group.
    pub fn look(&mut self, sight: Sight) -> Result<(), String> {
        let before = std::mem::replace(&mut self.sight, sight);
        self.fired_now.clear();
        for (jid, seen) in &before {
            if !self.sight.contains_key(jid) {
                self.gone(jid, seen);
            }
        }
        for (jid, seen) in self.sight.clone() {
            if self.acked.contains(&jid) {
                return Err(format!(
                    "{jid} was acknowledged and is still there: {seen:?}"
                ));
            }
            self.present(&jid, &seen)?;
        }
        let acked = std::mem::take(&mut self.acked);
        for jid in &acked {
            if !before.contains_key(jid) {
                return Err(format!("{jid} was acknowledged and had not been seen"));
            }
        }
        self.reach_goals()
    }

    /// A job is no more.
    fn gone(&mut self, jid: &str, seen: &Seen) {
        if let Some(batch) = seen.bid.and_then(|bid| self.batches.get_mut(&bid)) {
            let was_working = matches!(seen.place, Place::Working { .. });
            let failed = was_working && jid.starts_with(FRAIL) && !self.acked.contains(jid);
            let fate = if failed { Member::Failed } else { Member::Done };
            batch.members.insert(jid.to_owned(), fate);
        }
        if let Some((bid, kind)) = seen.callback
            && let Some(batch) = self.batches.get_mut(&bid)
        {
            batch.callbacks.insert(name(kind), CallbackSeen::Over);
        }
    }

    fn present(&mut self, jid: &str, seen: &Seen) -> Result<(), String> {
        if let Some(batch) = seen.bid.and_then(|bid| self.batches.get_mut(&bid)) {
            let member = batch
                .members
                .entry(jid.to_owned())
                .or_insert(Member::Unexecuted);
            if seen.failures > 0 || seen.place == Place::Set(SetName::Dead) {
                *member = Member::Failed;
            }
        }
        let Some((bid, kind)) = seen.callback else {
            return Ok(());
        };
        let batch = self
            .batches
            .get_mut(&bid)
            .ok_or(format!("{jid} is of no batch"))?;
        let callback = batch.callbacks.get_mut(name(kind));
        match callback.ok_or(format!("{jid} was not wanted"))? {
            CallbackSeen::Fired(fired) if fired == jid => Ok(()),
            place @ CallbackSeen::Wanted => {
                *place = CallbackSeen::Fired(jid.to_owned());
                self.callbacks_fired += 1;
                self.fired_now.insert(jid.to_owned());
                Ok(())
            }
            other => Err(format!(
                "{jid}: the callback of {bid} is fired twice: {other:?}"
            )),
        }
    }

    /// Notes which batches have reached what, and that no callback came before its time.
    fn reach_goals(&mut self) -> Result<(), String> {
        let bids: Vec<Bid> = self.batches.keys().copied().collect();
        let mut goes_on = true;
        while std::mem::take(&mut goes_on) {
            for bid in &bids {
                let (executed, succeeded) = self.goals(*bid);
                let batch = self.batches.get_mut(bid).unwrap();
                for (goal, reached) in [("complete", executed), ("success", succeeded)] {
                    let latch = match goal {
                        "complete" => &mut batch.completed,
                        _ => &mut batch.succeeded,
                    };
                    let over =
                        [None, Some(&CallbackSeen::Over)].contains(&batch.callbacks.get(goal));
                    let was_fired = batch.callbacks.contains_key(goal);
                    if !*latch && over && (reached || was_fired) {
                        *latch = true;
                        goes_on = true;
                    }
                }
            }
        }
        for (_, kind) in KINDS {
            self.none_is_early(kind)?;
        }
        Ok(())
    }

    /// Whether all was executed, and whether all succeeded, as of now.
    fn goals(&self, bid: Bid) -> (bool, bool) {
        let batch = &self.batches[&bid];
        let all = |is_good: fn(&Member) -> bool| batch.members.values().all(is_good);
        let children = |is_done: fn(&BatchSeen) -> bool| {
            batch
                .children
                .iter()
                .all(|child| is_done(&self.batches[child]))
        };
        let executed = batch.committed
            && all(|member| *member != Member::Unexecuted)
            && children(|child| child.completed);
        let succeeded = batch.committed
            && batch.completed
            && all(|member| *member == Member::Done)
            && children(|child| child.succeeded);
        (executed, succeeded)
    }

    fn none_is_early(&self, kind: &'static str) -> Result<(), String> {
        for (bid, batch) in &self.batches {
            if let Some(CallbackSeen::Fired(jid)) = batch.callbacks.get(kind)
                && self.fired_now.contains(jid)
            {
                let (executed, succeeded) = self.goals(*bid);
                let due = if kind == "complete" {
                    executed
                } else {
                    succeeded
                };
                if !due {
                    return Err(format!(
                        "{jid}: the {kind} callback of {bid} is early: {batch:?}"
                    ));
                }
            }
        }
        Ok(())
    }

    /// After everything was done that could be: no batch is stuck.
    pub fn nothing_is_stuck(&self) -> Result<(), String> {
        for (bid, batch) in &self.batches {
            let (executed, succeeded) = self.goals(*bid);
            let over =
                |kind: &str| matches!(batch.callbacks.get(kind), None | Some(CallbackSeen::Over));
            if !executed || !batch.completed || !over("complete") {
                return Err(format!("{bid} is stuck before it is complete: {batch:?}"));
            }
            if succeeded && !(batch.succeeded && over("success")) {
                return Err(format!("{bid} is stuck before its success: {batch:?}"));
            }
        }
        Ok(())
    }
}

fn name(kind: CallbackKind) -> &'static str {
    let known = KINDS.iter().find(|(known, _)| *known == kind);
    known.map_or("", |(_, name)| name)
}
