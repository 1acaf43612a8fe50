//! What needs somebody, and since when: judged once for each look at the queues.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};
use workmill_engine::CronTable;
use workmill_proto::Timestamp;
use workmill_store::reading::{Bounds, READ_ROWS_MAX};
use workmill_store::{PastRun, Reading, StoreError};

use super::concern::{Concern, Severity};
use super::judge::Scene;
use super::mute::Mutes;
use super::stopped::stopped;
use crate::desk::Desk;
use crate::observe::{Observed, Observer, Remembered};
use crate::service::history::{Failing, failing, usual_waits};

/// How many things are told of, the worst first: more than that nobody reads.
const ITEMS_MAX: usize = 100;

/// How long a disk may take to tell how full it is.
const DISK_WITHIN: Duration = Duration::from_secs(1);

/// A clock that is off by more than this was set.
const JUMP_SECS_MIN: i64 = 5;

/// How long a jump of the clock is told of.
const JUMP_SHOWN_FOR: Duration = Duration::from_secs(3_600);

/// For how long history that was read is told again: it is written every few seconds only.
const HISTORY_FRESH_FOR: Duration = Duration::from_secs(5);

/// The same of what is usual, which changes from hour to hour.
const USUAL_FRESH_FOR: Duration = Duration::from_secs(300);

type FailingTypes = BTreeMap<Box<str>, Failing>;

/// Something that needs somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Item {
    pub(crate) concern: Concern,
    /// When it was first seen. It may have begun before.
    pub(crate) since: Timestamp,
    /// Until when nobody wants to hear of it; none if that is not so.
    pub(crate) muted_until: Option<Timestamp>,
}

/// What needs somebody.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Attention {
    /// When that was so.
    pub(crate) at: Timestamp,
    /// The worst first.
    pub(crate) items: Vec<Item>,
    /// Those that are muted, the worst first.
    pub(crate) muted: Vec<Item>,
    /// How many there are of each kind that are not muted, those included that are not in `items`.
    pub(crate) counts: BTreeMap<&'static str, u64>,
}

/// Looks after it for all who ask.
#[derive(Debug, Default)]
pub(crate) struct Watch(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    last: Option<(Arc<Observed>, Arc<Attention>)>,
    since: BTreeMap<(&'static str, Box<str>), Timestamp>,
    clock: Option<(Instant, Timestamp)>,
    jump: Option<(Timestamp, i64)>,
    failing: Remembered<FailingTypes>,
    stopped: Remembered<Vec<Concern>>,
    usual_waits: Remembered<BTreeMap<Box<str>, Duration>>,
    runs: Remembered<BTreeMap<Arc<str>, Vec<PastRun>>>,
    mutes: Mutes,
    /// How many jobs were dead when somebody last looked at them, and when that was.
    dead_seen: Option<(u64, Timestamp)>,
    /// The schedule of each cron entry, and since when it has that.
    entries: BTreeMap<Arc<str>, (String, Timestamp)>,
}

impl Watch {
    /// What needs somebody now.
    pub(crate) async fn attention(
        &self,
        desk: &dyn Desk,
        observer: &Observer,
    ) -> Result<Arc<Attention>, StoreError> {
        let observed = observer.now(desk).await?;
        let mut state = self.0.lock().await;
        if let Some((of, attention)) = &state.last
            && Arc::ptr_eq(of, &observed)
        {
            return Ok(Arc::clone(attention));
        }
        let earlier = observer.earlier().await;
        let ticks = desk.read(read_ticks).await?;
        let fresh_for = HISTORY_FRESH_FOR;
        let failing = state
            .failing
            .get(fresh_for, |_| true, |_| failing(desk))
            .await?;
        let stopped = state
            .stopped
            .get(fresh_for, |_| true, |_| stopped(desk))
            .await?;
        let usual_waits = state
            .usual_waits
            .get(USUAL_FRESH_FOR, |_| true, |_| usual_waits(desk))
            .await?;
        let recurring = observer.recurring(desk).await?;
        let runs = state
            .runs
            .get(fresh_for, |_| true, |_| last_runs(desk, &recurring.running))
            .await?;
        state.mutes.read_on(desk).await?;
        let (facts, workers, rules) = (desk.facts(), desk.workers(), desk.rules());
        let cron = &recurring.running;
        let known_since = state.know_entries(cron, observed.at);
        let scene = Scene {
            observed: &observed,
            earlier: &earlier,
            workers: &workers,
            rules: &rules,
            cron,
            ticks: &ticks,
            failing: &failing,
            state: desk.state(),
            uptime: desk.numbers().uptime,
            known_since: &known_since,
            durability: facts.durability,
            stopped: &stopped,
            trash_bytes: observer.trash(desk).await?.bytes,
            disk: timeout(DISK_WITHIN, desk.disk_space()).await.ok().flatten(),
            usual_waits: &usual_waits,
            runs: &runs,
            certificate_ends_at: desk.certificate_ends_at(),
        };
        let mut concerns = scene.concerns();
        concerns.extend(state.unseen_dead(observed.totals.dead, observed.at));
        concerns.extend(state.clock_jump(Instant::now(), observed.at));
        let attention = Arc::new(state.date(concerns, observed.at));
        state.last = Some((observed, Arc::clone(&attention)));
        Ok(attention)
    }

    /// Somebody looks at the dead jobs, of which there are so many.
    pub(crate) async fn look_at_dead(&self, dead: u64, now: Timestamp) {
        let mut state = self.0.lock().await;
        state.dead_seen = Some((dead, now));
        state.last = None;
    }

    /// Whoever asks next hears of what has just been muted, or not.
    pub(super) async fn look_again(&self) {
        let mut state = self.0.lock().await;
        state.mutes.look_again();
        state.last = None;
    }
}

impl State {
    /// Since when each cron entry is known as it is.
    fn know_entries(&mut self, cron: &CronTable, now: Timestamp) -> BTreeMap<Arc<str>, Timestamp> {
        let mut before = std::mem::take(&mut self.entries);
        for (name, entry) in cron.iter() {
            let known = before.remove(name);
            let known = known.filter(|(schedule, _)| schedule == entry.schedule.text());
            let known = known.unwrap_or_else(|| (entry.schedule.text().to_owned(), now));
            self.entries.insert(Arc::clone(name), known);
        }
        let entries = self.entries.iter();
        entries
            .map(|(name, (_, since))| (Arc::clone(name), *since))
            .collect()
    }

    /// Whether the wall clock was set lately: since the last look it went another way than time.
    fn clock_jump(&mut self, now: Instant, wall: Timestamp) -> Option<Concern> {
        if let Some((then, wall_then)) = self.clock.replace((now, wall)) {
            let passed = i64::try_from((now - then).as_micros()).unwrap_or(i64::MAX);
            let shown = wall.as_micros().saturating_sub(wall_then.as_micros());
            let by_secs = shown.saturating_sub(passed) / 1_000_000;
            if by_secs.abs() >= JUMP_SECS_MIN {
                self.jump = Some((wall, by_secs));
            }
        }
        self.jump = self
            .jump
            .filter(|(at, _)| wall.since(*at) < JUMP_SHOWN_FOR && wall >= *at);
        self.jump
            .map(|(at, by_secs)| Concern::ClockJumped { at, by_secs })
    }

    /// Whether jobs have died that nobody has seen. Those that are there when the server starts count as seen.
    fn unseen_dead(&mut self, dead: u64, now: Timestamp) -> Option<Concern> {
        let (seen, since) = self.dead_seen.get_or_insert((dead, now));
        *seen = dead.min(*seen);
        let (jobs, since) = (dead - *seen, *since);
        (jobs > 0).then_some(Concern::DeadUnseen { jobs, since })
    }

    /// Says since when each is so, and puts the worst first.
    fn date(&mut self, concerns: Vec<Concern>, now: Timestamp) -> Attention {
        let mut counts: BTreeMap<_, _> = Concern::KEYS.into_iter().map(|key| (key, 0)).collect();
        let mut since = BTreeMap::new();
        let mut items = Vec::with_capacity(concerns.len());
        for concern in concerns {
            let muted_until = self.mutes.until(&concern);
            if muted_until.is_none() {
                *counts.entry(concern.key()).or_default() += 1;
            }
            let key = (concern.key(), concern.subject().into());
            let first = self.since.get(&key).copied().unwrap_or(now);
            since.insert(key, first);
            items.push(Item {
                concern,
                since: first,
                muted_until,
            });
        }
        self.since = since;
        // What concerns everything comes before what concerns some jobs.
        let rank = |item: &Item| -> (Severity, bool, Reverse<u64>) {
            let concern = &item.concern;
            let is_one_of_many = !concern.subject().is_empty();
            (concern.severity(), is_one_of_many, Reverse(concern.jobs()))
        };
        items.sort_by_key(rank);
        let is_muted = |item: &Item| item.muted_until.is_some();
        let (mut muted, mut items): (Vec<Item>, Vec<Item>) = items.into_iter().partition(is_muted);
        items.truncate(ITEMS_MAX);
        muted.truncate(ITEMS_MAX);
        Attention {
            at: now,
            items,
            muted,
            counts,
        }
    }
}

/// The last runs of each entry, of so many entries as are told of at most.
async fn last_runs(
    desk: &dyn Desk,
    cron: &CronTable,
) -> Result<BTreeMap<Arc<str>, Vec<PastRun>>, StoreError> {
    let names = cron.iter().take(READ_ROWS_MAX);
    let names: Vec<Arc<str>> = names.map(|(name, _)| Arc::clone(name)).collect();
    let read = move |reading: &dyn Reading| {
        let runs = names.into_iter().map(|name| {
            let runs = reading.past_runs(&name)?.unwrap_or_default();
            Ok((name, runs.0))
        });
        runs.collect()
    };
    desk.read(read).await
}

fn read_ticks(reading: &dyn Reading) -> Result<BTreeMap<Box<str>, Timestamp>, StoreError> {
    let ticks = reading.cron_ticks(None, Bounds::of_rows(READ_ROWS_MAX))?;
    let ticks = ticks.items.into_iter();
    Ok(ticks.map(|(name, tick)| (name, tick.at)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clock_that_goes_another_way_than_time_was_set() {
        let (mut state, start) = (State::default(), Instant::now());
        let wall = Timestamp::default().plus_secs(1_000_000);
        let mut look = |secs: u64, wall_secs: i64| {
            state.clock_jump(start + Duration::from_secs(secs), wall.plus_secs(wall_secs))
        };
        assert_eq!(look(0, 0), None);
        assert_eq!(look(100, 102), None);
        let jumped = Concern::ClockJumped {
            at: wall.plus_secs(502),
            by_secs: 300,
        };
        assert_eq!(look(200, 502), Some(jumped.clone()));
        assert_eq!(look(300, 602), Some(jumped));
        assert_eq!(look(4_000, 4_302), None);
        let back = look(4_001, 303);
        assert!(
            matches!(
                back,
                Some(Concern::ClockJumped {
                    by_secs: -4_000,
                    ..
                })
            ),
            "{back:?}"
        );
    }

    #[test]
    fn the_worst_are_told_first_and_all_are_counted() {
        let mut state = State::default();
        let grows = |n: u64| Concern::QueueGrows {
            queue: format!("q{n}").into(),
            size: n,
            by: 1,
            within: Duration::from_secs(60),
        };
        let stalled = Concern::DiskStalled {
            stalled_for: Duration::ZERO,
        };
        let concerns = (0..200).map(grows).chain([stalled.clone()]).collect();
        let attention = state.date(concerns, Timestamp::default());
        assert_eq!(attention.items.len(), ITEMS_MAX);
        assert_eq!(attention.items[0].concern, stalled);
        assert_eq!(attention.items[1].concern, grows(199));
        assert_eq!(attention.counts["queue_grows"], 200);
        assert_eq!(attention.counts["cron_late"], 0);
    }

    #[test]
    fn what_goes_on_keeps_its_beginning_and_what_comes_again_begins_anew() {
        let mut state = State::default();
        let stalled = || {
            vec![Concern::DiskStalled {
                stalled_for: Duration::ZERO,
            }]
        };
        let at = |secs| Timestamp::default().plus_secs(secs);
        state.date(stalled(), at(1));
        assert_eq!(state.date(stalled(), at(5)).items[0].since, at(1));
        state.date(Vec::new(), at(6));
        assert_eq!(state.date(stalled(), at(7)).items[0].since, at(7));
    }
}
