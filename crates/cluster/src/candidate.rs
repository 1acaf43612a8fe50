//! Who leads: when a server tries to, and when it stays with the one that does.
//!
//! Safety never depends on this: the store refuses whatever is written under an older epoch. Clocks only decide when to
//! try, and each server goes by its own, which only has to run.

use std::time::Duration;

use crate::frame::Epoch;

/// For how long a leader may not have renewed its claim before others try to take over.
pub const LEADER_SILENT: Duration = Duration::from_secs(2);

/// The same for one that can still be heard on its link: it may be about to step down, or to come to itself.
pub const LEADER_STUCK: Duration = Duration::from_secs(5);

/// For how long nothing may have come on a link before it counts as broken. Both ends say something more often.
pub const LINK_SILENT: Duration = Duration::from_secs(2);

/// How far apart two looks at the store may be for a claim that did not change to count as one that was not renewed in between.
const LOOKS_APART_MAX: Duration = Duration::from_secs(1);

/// What the store says of who leads. `H` is how that one is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeaderRow<H> {
    /// Which leadership it is.
    pub epoch: Epoch,
    /// Who leads; nobody, if the last one has resigned, or if there was none yet.
    pub holder: Option<H>,
    /// Changes whenever the claim is renewed.
    pub renewals: u64,
}

impl<H> Default for LeaderRow<H> {
    /// That of a store which nobody has led yet.
    fn default() -> Self {
        Self {
            epoch: Epoch::default(),
            holder: None,
            renewals: 0,
        }
    }
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
pub enum Step<H> {
    /// Nothing.
    Stay,
    /// Connect to the leader of this epoch.
    Connect(Epoch, H),
    /// Take over from this epoch on, if the store still says that it is the current one.
    TakeOver(Epoch),
}

/// Watches who leads, for a server that does not. At first it has seen nothing.
#[derive(Clone, Debug)]
pub struct Candidate<H> {
    seen: Option<Seen<H>>,
    link: Link,
}

/// What the store has said.
#[derive(Clone, Debug)]
struct Seen<H> {
    row: LeaderRow<H>,
    /// Since when it says so, as far as it was looked at all the while.
    since: Duration,
    /// When the last look had come to its end.
    looked_at: Duration,
}

/// The last link to a leader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Link {
    /// There was none.
    Never,
    /// There is one to the leader of this epoch.
    Up(Epoch),
    /// There was one to the leader of this epoch.
    Lost(Epoch),
    /// There was one, and since then the process is gone that led in this epoch.
    Refused(Epoch),
}

impl<H> Default for Candidate<H> {
    fn default() -> Self {
        Self {
            seen: None,
            link: Link::Never,
        }
    }
}

impl<H: Clone + PartialEq> Candidate<H> {
    /// The store has said this to a look that lasted from `begun` to `ended`, moments of a clock that only runs while this server
    /// does. Tells what to do then.
    pub fn observe(&mut self, row: LeaderRow<H>, begun: Duration, ended: Duration) -> Step<H> {
        match &mut self.seen {
            Some(seen) if seen.row == row => {
                if begun.saturating_sub(seen.looked_at) > LOOKS_APART_MAX {
                    seen.since = ended;
                }
                seen.looked_at = ended;
            }
            seen => {
                *seen = Some(Seen {
                    row,
                    since: ended,
                    looked_at: ended,
                });
            }
        }
        // What the store says was so when the look began, at the latest; a store that is slow says nothing of the leader.
        self.step(begun)
    }

    /// There is a link to the leader of this epoch.
    pub fn linked(&mut self, epoch: Epoch) {
        self.link = Link::Up(epoch);
    }

    /// There is no link to the leader of this epoch any more, or none could be made.
    pub fn unlinked(&mut self, epoch: Epoch, loss: LinkLoss) {
        self.link = match (self.link, loss) {
            (Link::Up(last) | Link::Lost(last) | Link::Refused(last), _) if last != epoch => return,
            // Where nobody was ever reached, the address may be wrong: then two servers would take over from each other in turn.
            (Link::Never, _) => return,
            (_, LinkLoss::Refused) => Link::Refused(epoch),
            (_, LinkLoss::Broken) => Link::Lost(epoch),
        };
    }

    /// What to do, if the store still said the same at `now`.
    fn step(&self, now: Duration) -> Step<H> {
        let Some(Seen { row, since, .. }) = &self.seen else {
            return Step::Stay;
        };
        let Some(holder) = &row.holder else {
            return Step::TakeOver(row.epoch);
        };
        let silent = now.saturating_sub(*since);
        let is_linked = self.link == Link::Up(row.epoch);
        let waits = if is_linked {
            LEADER_STUCK
        } else {
            LEADER_SILENT
        };
        if silent >= waits || self.link == Link::Refused(row.epoch) {
            Step::TakeOver(row.epoch)
        } else if is_linked {
            Step::Stay
        } else {
            Step::Connect(row.epoch, holder.clone())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(epoch: u64, renewals: u64) -> LeaderRow<&'static str> {
        LeaderRow {
            epoch: Epoch(epoch),
            holder: Some("there"),
            renewals,
        }
    }

    const fn secs(secs: u64) -> Duration {
        Duration::from_secs(secs)
    }

    /// A candidate that looks at the same row every half second until `until`.
    fn looks_on(candidate: &mut Candidate<&'static str>, row: LeaderRow<&'static str>, until: u64) {
        let last = candidate
            .seen
            .as_ref()
            .map_or(secs(0), |seen| seen.looked_at);
        let mut now = last;
        while now < secs(until) {
            now += Duration::from_millis(500);
            candidate.observe(row, now, now);
        }
    }

    #[test]
    fn whoever_resigned_is_followed_at_once() {
        let mut candidate = Candidate::default();
        assert_eq!(candidate.step(secs(9)), Step::Stay, "it has seen nothing");
        candidate.observe(row(3, 0), secs(9), secs(9));
        candidate.linked(Epoch(3));
        assert_eq!(candidate.step(secs(9)), Step::Stay);
        let resigned = LeaderRow {
            holder: None,
            ..row(3, 0)
        };
        candidate.observe(resigned, secs(9), secs(9));
        assert_eq!(candidate.step(secs(9)), Step::TakeOver(Epoch(3)));
    }

    #[test]
    fn leader_that_renews_is_connected_to_again() {
        let mut candidate = Candidate::default();
        candidate.observe(row(3, 0), secs(0), secs(0));
        candidate.linked(Epoch(3));
        for renewals in 1..9 {
            candidate.observe(row(3, renewals), secs(renewals), secs(renewals));
            candidate.unlinked(Epoch(3), LinkLoss::Broken);
            let connect = Step::Connect(Epoch(3), "there");
            assert_eq!(candidate.step(secs(renewals + 1)), connect);
        }
        looks_on(&mut candidate, row(3, 8), 10);
        assert_eq!(candidate.step(secs(10)), Step::TakeOver(Epoch(3)));
    }

    #[test]
    fn leader_that_is_heard_and_does_not_renew_is_stuck() {
        let mut candidate = Candidate::default();
        candidate.observe(row(3, 0), secs(0), secs(0));
        candidate.linked(Epoch(3));
        looks_on(&mut candidate, row(3, 0), 4);
        assert_eq!(candidate.step(secs(4)), Step::Stay);
        assert_eq!(candidate.step(secs(5)), Step::TakeOver(Epoch(3)));
    }

    #[test]
    fn silence_counts_only_while_it_is_looked_at() {
        let mut candidate = Candidate::default();
        candidate.observe(row(3, 0), secs(0), secs(0));
        // The database was away meanwhile, or this server stood still.
        candidate.observe(row(3, 0), secs(60), secs(60));
        let connect = Step::Connect(Epoch(3), "there");
        assert_eq!(candidate.step(secs(60)), connect);
        looks_on(&mut candidate, row(3, 0), 62);
        assert_eq!(candidate.step(secs(62)), Step::TakeOver(Epoch(3)));
    }

    #[test]
    fn slow_store_is_no_silence_of_the_leader_and_hides_none() {
        let mut candidate = Candidate::default();
        candidate.observe(row(3, 0), secs(0), secs(9));
        let connect = Step::Connect(Epoch(3), "there");
        assert_eq!(candidate.observe(row(3, 0), secs(9), secs(19)), connect);
        let step = candidate.observe(row(3, 0), secs(20), secs(29));
        assert_eq!(step, Step::TakeOver(Epoch(3)));
    }

    #[test]
    fn leader_whose_process_is_gone_is_not_waited_for() {
        let mut candidate = Candidate::default();
        candidate.observe(row(3, 0), secs(0), secs(0));
        candidate.linked(Epoch(3));
        candidate.unlinked(Epoch(3), LinkLoss::Broken);
        candidate.unlinked(Epoch(3), LinkLoss::Refused);
        assert_eq!(candidate.step(secs(0)), Step::TakeOver(Epoch(3)));
        // Somebody else was faster.
        candidate.observe(row(4, 0), secs(0), secs(0));
        let connect = Step::Connect(Epoch(4), "there");
        assert_eq!(candidate.step(secs(0)), connect);
    }

    #[test]
    fn address_that_never_answered_is_not_taken_for_a_process_that_is_gone() {
        let mut candidate = Candidate::default();
        candidate.observe(row(3, 0), secs(0), secs(0));
        candidate.unlinked(Epoch(3), LinkLoss::Refused);
        let connect = |epoch| Step::Connect(Epoch(epoch), "there");
        assert_eq!(candidate.step(secs(0)), connect(3));
        // Nor is that of the next leader, whatever was said of the last one.
        candidate.linked(Epoch(3));
        candidate.observe(row(4, 0), secs(1), secs(1));
        candidate.unlinked(Epoch(4), LinkLoss::Refused);
        assert_eq!(candidate.step(secs(1)), connect(4));
    }

    #[test]
    fn link_to_a_leader_that_was_deposed_is_left() {
        let mut candidate = Candidate::default();
        candidate.observe(row(3, 0), secs(0), secs(0));
        candidate.linked(Epoch(3));
        candidate.observe(row(4, 0), secs(1), secs(1));
        assert_eq!(candidate.step(secs(1)), Step::Connect(Epoch(4), "there"));
    }
}
