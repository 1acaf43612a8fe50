//! Runs of recurring jobs that somebody should look at.

use std::time::Duration;

use workmill_proto::Timestamp;
use workmill_store::{PastRun, TrackState};

use super::concern::Concern;

/// A run that takes no longer is none to look at.
const LONG_MIN: Duration = Duration::from_secs(5 * 60);

/// How many times longer than the longest of those before it a run has to take.
const LONG_TIMES: u32 = 3;

/// From how many runs on it is known how long they take.
const RUNS_MIN: usize = 3;

/// What is to be said of the last run of an entry. `runs` are the latest first.
pub(super) fn of_runs(entry: &str, runs: &[PastRun], now: Timestamp) -> Option<Concern> {
    let last = runs.first()?;
    match (last.state, &last.jid) {
        (TrackState::Failed | TrackState::Dead, _) | (_, None) => Some(Concern::CronFailed {
            entry: entry.into(),
            at: last.changed_at,
            is_refused: last.jid.is_none(),
        }),
        (TrackState::Working, Some(jid)) => {
            let takes = now.since(last.started_at?);
            let usually = longest(runs)?;
            let is_long = takes >= LONG_MIN && takes >= usually.saturating_mul(LONG_TIMES);
            is_long.then(|| Concern::CronLong {
                entry: entry.into(),
                jid: jid.clone(),
                takes,
                usually,
            })
        }
        _ => None,
    }
}

/// How long the longest run took that ended well; none if there were too few.
fn longest(runs: &[PastRun]) -> Option<Duration> {
    let done = runs.iter().filter(|run| run.state == TrackState::Success);
    let took: Vec<Duration> = done
        .filter_map(|run| Some(run.changed_at.since(run.started_at?)))
        .collect();
    took.iter()
        .max()
        .copied()
        .filter(|_| took.len() >= RUNS_MIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(state: TrackState, began: i64, ended: i64) -> PastRun {
        let at = |secs| Timestamp::default().plus_secs(secs);
        PastRun {
            at: at(began),
            jid: Some("jid-00001".into()),
            state,
            started_at: Some(at(began)),
            changed_at: at(ended),
        }
    }

    fn said(runs: &[PastRun], now: i64) -> Option<&'static str> {
        let concern = of_runs("nightly", runs, Timestamp::default().plus_secs(now));
        concern.map(|concern| concern.key())
    }

    #[test]
    fn last_run_that_failed_or_was_refused_is_told_until_one_ends_well() {
        let (failed, done) = (
            run(TrackState::Dead, 0, 9),
            run(TrackState::Success, 20, 29),
        );
        assert_eq!(said(std::slice::from_ref(&failed), 10), Some("cron_failed"));
        assert_eq!(said(&[done, failed], 30), None);
        let refused = PastRun {
            jid: None,
            ..run(TrackState::Unknown, 0, 0)
        };
        assert_eq!(said(&[refused], 10), Some("cron_failed"));
        assert_eq!(said(&[], 10), None);
    }

    #[test]
    fn run_is_long_that_takes_several_times_what_those_before_took() {
        let before = |took: i64| (0..3).map(move |n| run(TrackState::Success, n, n + took));
        let runs = |took: i64| -> Vec<PastRun> {
            let working = run(TrackState::Working, 1_000, 1_000);
            std::iter::once(working).chain(before(took)).collect()
        };
        assert_eq!(said(&runs(60), 1_000 + 299), None);
        assert_eq!(said(&runs(60), 1_000 + 300), Some("cron_long"));
        assert_eq!(said(&runs(600), 1_000 + 1_799), None);
        assert_eq!(said(&runs(600), 1_000 + 1_800), Some("cron_long"));
        // Nobody knows how long it takes.
        assert_eq!(said(&runs(60)[..3], 9_000), None);
    }
}
