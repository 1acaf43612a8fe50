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
use workmill_store::{Reading, StoreError};

use super::concern::{Concern, Severity};
use super::judge::Scene;
use super::stopped::stopped;
use crate::desk::Desk;
use crate::observe::{Observed, Observer, Remembered};
use crate::service::history::{Failing, failing};

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

type FailingTypes = BTreeMap<Box<str>, Failing>;

/// Something that needs somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Item {
    pub(crate) concern: Concern,
    /// When it was first seen. It may have begun before.
    pub(crate) since: Timestamp,
}

/// What needs somebody.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Attention {
    /// When that was so.
    pub(crate) at: Timestamp,
    /// The worst first.
    pub(crate) items: Vec<Item>,
    /// How many there are of each kind, those included that are not in `items`.
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
        let recurring = observer.recurring(desk).await?;
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
        };
        let mut concerns = scene.concerns();
        concerns.extend(state.clock_jump(Instant::now(), observed.at));
        let attention = Arc::new(state.date(concerns, observed.at));
        state.last = Some((observed, Arc::clone(&attention)));
        Ok(attention)
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

    /// Says since when each is so, and puts the worst first.
    fn date(&mut self, concerns: Vec<Concern>, now: Timestamp) -> Attention {
        let mut counts: BTreeMap<_, _> = Concern::KEYS.into_iter().map(|key| (key, 0)).collect();
        let mut since = BTreeMap::new();
        let mut items = Vec::with_capacity(concerns.len());
        for concern in concerns {
            *counts.entry(concern.key()).or_default() += 1;
            let key = (concern.key(), concern.subject().into());
            let first = self.since.get(&key).copied().unwrap_or(now);
            since.insert(key, first);
            items.push(Item {
                concern,
                since: first,
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
        items.truncate(ITEMS_MAX);
        Attention {
            at: now,
            items,
            counts,
        }
    }
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
