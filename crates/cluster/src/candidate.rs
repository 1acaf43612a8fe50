//! Who leads: when a server tries to, and when it stays with the one that does.
//!
//! Safety never depends on this: the store refuses whatever is written under an older epoch. Clocks only decide when to
//! try, and each server goes by its own, which only has to run.

use std::time::Duration;

use workmill_engine::ServerId;

use crate::frame::Epoch;

/// For how long a leader may not have renewed its claim before others try to take over.
pub const LEADER_SILENT: Duration = Duration::from_secs(2);

/// For how long nothing may have come on a link before it counts as broken. Both ends say something more often.
pub const LINK_SILENT: Duration = Duration::from_secs(2);

/// What the store says of who leads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LeaderRow {
    /// Which leadership it is.
    pub epoch: Epoch,
    /// Who leads; nobody, if the last one has resigned, or if there was none yet.
    pub holder: Option<ServerId>,
    /// How often the claim was renewed.
    pub renewals: u64,
}

/// How a link to the leader was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkLoss {
    /// Its process is gone: it refused the connection.
    Refused,
    /// It was closed or cut, or nothing comes any more: the leader may be there or not.
    Broken,
}

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing.
    Stay,
    /// Connect to the one that leads.
    Connect(ServerId),
    /// Take over from this epoch on, if the store still says that it is the current one.
    TakeOver(Epoch),
}

/// Watches who leads, for a server that does not. At first it has seen nothing.
#[derive(Debug, Default)]
pub struct Candidate {
    /// What the store said, and when it last said something new.
    seen: Option<(LeaderRow, Duration)>,
    linked: bool,
    /// The epoch whose leader has refused a connection.
    refused: Option<Epoch>,
}

impl Candidate {
    /// The store says this at `now`, a moment of a clock that only runs while this server does.
    pub fn observe(&mut self, row: LeaderRow, now: Duration) {
        match &self.seen {
            Some((seen, _)) if *seen == row => {}
            _ => self.seen = Some((row, now)),
        }
    }

    /// There is a link to the leader of this epoch.
    pub fn linked(&mut self) {
        self.linked = true;
        self.refused = None;
    }

    /// There is none any more, or none could be made.
    pub fn unlinked(&mut self, loss: LinkLoss) {
        self.linked = false;
        self.refused = match (loss, &self.seen) {
            (LinkLoss::Refused, Some((row, _))) => Some(row.epoch),
            _ => None,
        };
    }

    /// What to do at `now`.
    pub fn step(&self, now: Duration) -> Step {
        let Some((row, since)) = self.seen else {
            return Step::Stay;
        };
        let Some(holder) = row.holder else {
            return Step::TakeOver(row.epoch);
        };
        if self.linked {
            return Step::Stay;
        }
        let is_silent = now.saturating_sub(since) >= LEADER_SILENT;
        match is_silent || self.refused == Some(row.epoch) {
            true => Step::TakeOver(row.epoch),
            false => Step::Connect(holder),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(epoch: u64, renewals: u64) -> LeaderRow {
        LeaderRow {
            epoch: Epoch(epoch),
            holder: Some(ServerId(7)),
            renewals,
        }
    }

    const fn secs(secs: u64) -> Duration {
        Duration::from_secs(secs)
    }

    #[test]
    fn whoever_resigned_is_followed_at_once() {
        let mut candidate = Candidate::default();
        assert_eq!(candidate.step(secs(9)), Step::Stay, "it has seen nothing");
        candidate.observe(row(3, 0), secs(9));
        candidate.linked();
        assert_eq!(candidate.step(secs(9)), Step::Stay);
        let resigned = LeaderRow {
            holder: None,
            ..row(3, 0)
        };
        candidate.observe(resigned, secs(9));
        assert_eq!(candidate.step(secs(9)), Step::TakeOver(Epoch(3)));
    }

    #[test]
    fn leader_that_renews_is_connected_to_again() {
        let mut candidate = Candidate::default();
        candidate.observe(row(3, 0), secs(0));
        for renewals in 1..9 {
            candidate.observe(row(3, renewals), secs(renewals));
            candidate.unlinked(LinkLoss::Broken);
            assert_eq!(
                candidate.step(secs(renewals + 1)),
                Step::Connect(ServerId(7))
            );
        }
        assert_eq!(candidate.step(secs(10)), Step::TakeOver(Epoch(3)));
        candidate.linked();
        assert_eq!(candidate.step(secs(10)), Step::Stay, "its link is alive");
    }

    #[test]
    fn leader_whose_process_is_gone_is_not_waited_for() {
        let mut candidate = Candidate::default();
        candidate.observe(row(3, 0), secs(0));
        candidate.unlinked(LinkLoss::Refused);
        assert_eq!(candidate.step(secs(0)), Step::TakeOver(Epoch(3)));
        // Somebody else was faster.
        candidate.observe(row(4, 0), secs(0));
        assert_eq!(candidate.step(secs(0)), Step::Connect(ServerId(7)));
    }
}
